"""The cat agent as LangChain's how-to has it: an AgentExecutor over an OpenAI tools agent."""

from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import Runnable

from catagent.agents import cat_prompts
from catagent.agents.cat import make_tools
from catagent.errors import UsageError
from catagent.loading.installing import install

try:
    from langchain_classic.agents import AgentExecutor, create_openai_tools_agent
except ImportError as error:
    raise UsageError(
        "the agent cat-classic needs the package langchain-classic",
        install("langchain-classic"),
    ) from error

PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", cat_prompts.AGENT_SYSTEM),
        MessagesPlaceholder("chat_history", optional=True),
        ("human", "{input}"),
        MessagesPlaceholder("agent_scratchpad"),
    ]
)


def build(model: BaseChatModel, tool_model: BaseChatModel) -> Runnable[Any, Any]:
    """Make the agent; its tools ask the second model."""
    tools = make_tools(tool_model)
    return AgentExecutor(agent=create_openai_tools_agent(model, tools, PROMPT), tools=tools)
