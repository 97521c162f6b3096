"""Reports what MCP servers say while a tool of theirs runs: their progress, and what they log."""

from __future__ import annotations

import importlib
import inspect
import sys
from functools import partial, wraps
from typing import Any


def report_progress() -> None:
    """Have a run report as custom events what MCP servers say to it, where no callback takes that.

    For a process of ours alone, and any number of times: nothing where no MCP was imported.
    """
    module: Any = sys.modules.get("mcp.client.session")
    call = getattr(getattr(module, "ClientSession", None), "call_tool", None)
    if call is None or hasattr(call, "__wrapped__"):
        return
    signature = inspect.signature(call)

    @wraps(call)
    async def calling(*args: Any, **more: Any) -> Any:
        given = signature.bind(*args, **more)
        if given.arguments.get("progress_callback") is None:
            given.arguments["progress_callback"] = partial(_on_progress, _config())
        return await call(*given.args, **given.kwargs)

    module.ClientSession.call_tool = calling
    module._default_logging_callback = _on_log  # noqa: SLF001 - of sessions opened from now on


async def _on_progress(config: Any, done: float, total: float | None, message: str | None) -> None:
    text = f"{done:.9g}" + ("" if total is None else f" of {total:.9g}")
    await _report(config, "progress", f"{text}: {message}" if message else text)


async def _on_log(params: Any) -> None:
    """Called where the session was opened, by default in the call of a tool."""
    if params.level != "debug":
        await _report(_config(), params.level, params.data)


async def _report(config: Any, what: str, data: Any) -> None:
    if getattr(config.get("callbacks"), "parent_run_id", None) is not None:
        callbacks: Any = importlib.import_module("langchain_core.callbacks")
        await callbacks.adispatch_custom_event(f"mcp.{what}", data, config=config)


def _config() -> Any:
    return importlib.import_module("langchain_core.runnables.config").ensure_config()
