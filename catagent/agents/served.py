"""The cat agent on a LangGraph server: what the `langgraph.json` of a checkout names.

A server imports this once, on a thread that may wait, and calls `cat` for each run.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

from catagent import config
from catagent.agents.cat import build
from catagent.errors import CatagentError
from catagent.models.factory import Models
from catagent.models.spec import choose_model

if TYPE_CHECKING:
    from langchain_core.runnables import Runnable

_log = logging.getLogger(__name__)
_loaded = config.load({})
_model = choose_model(_loaded.settings.model, _loaded.environ)
_tool_model = choose_model(_loaded.settings.tool_model or _loaded.settings.model, _loaded.environ)


@contextlib.asynccontextmanager
async def cat() -> AsyncIterator[Runnable[Any, Any]]:
    """The agent with the models of the settings, and connections of its own, for one run."""
    models = _models()
    try:
        # On a thread: making it reads files, and a server lets nothing block its event loop.
        yield await asyncio.to_thread(_build, models)
    finally:
        await models.aclose()


def _models() -> Models:
    return Models(_model, _tool_model, _loaded, on_status=_log.info)


def _build(models: Models) -> Runnable[Any, Any]:
    return build(models.agent, models.tool)


for _notice in _loaded.notices:
    _log.warning(_notice)
with contextlib.suppress(CatagentError):  # each run will say it
    _build(_models())  # once before anybody asks: it imports much, and loads the embedded model
