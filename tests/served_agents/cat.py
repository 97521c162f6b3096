"""The cat agent with LangChain's own model, over the scripted server that the environment names.

A test that wants a script of its own names its server: `-c model_url=http://127.0.0.1:PORT/v1`.
"""

from typing import Any

from langchain_openai import ChatOpenAI

from catagent.agents import cat as agent


def cat(config: dict[str, Any]) -> Any:
    """The agent; `configurable.model_url` is another server for its models."""
    url = config.get("configurable", {}).get("model_url")
    model: Any = ChatOpenAI(model="scripted", stream_usage=True, max_retries=0, base_url=url)
    return agent.build(model, model)
