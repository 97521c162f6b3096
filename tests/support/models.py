"""The models of a run, with settings and a home of their own, and agents that use them."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Any

from langchain_core.runnables import RunnableConfig

from catagent import config
from catagent.agents.open import AgentRequest, open_agent
from catagent.events.types import RetryData
from catagent.models.factory import Models
from catagent.models.spec import choose_model
from tests.support.server import Request, Script, ScriptedServer

# A graph with a checkpointer asks for one.
THREAD: RunnableConfig = {"configurable": {"thread_id": "1"}}


@contextlib.asynccontextmanager
async def opened_models(
    home: Path,
    environ: Mapping[str, str],
    *,
    model: str = "openai:scripted",
    retries: int = 0,
    on_retry: Callable[[RetryData], None] = lambda _: None,
) -> AsyncIterator[Models]:
    """Both models of these settings; their connections are closed at the end."""
    loaded = config.load({"max_retries": retries}, {"CATAGENT_HOME": str(home), **environ})
    spec = choose_model(model, loaded.environ)
    models = Models(spec, spec, loaded, on_retry)
    try:
        yield models
    finally:
        await models.aclose()


def ask_agent(agent: str, home: Path, script: Script, **fields: Any) -> tuple[Any, list[Request]]:
    """Run an agent to its end over a scripted server; return the result, and all requests.

    `fields` are those of AgentRequest.
    """

    async def run(url: str) -> Any:
        async with opened_models(home, {"OPENAI_BASE_URL": url}) as models:
            request = AgentRequest("where is it?", models, config=THREAD, **fields)
            async with open_agent(agent, request) as made:
                return await made.runnable.ainvoke(made.input, made.config)

    with ScriptedServer(script) as server:
        return asyncio.run(run(server.url)), server.requests
