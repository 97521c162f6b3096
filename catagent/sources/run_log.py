"""The run log, pumped by ourselves: patches of RFC 6902 operations that a JSON library can apply.

LangChain's own `astream_log` cannot be cancelled, is deprecated, and writes run names with a
slash into its paths unescaped. The handler beneath it is sound: it is used here without it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any
from uuid import UUID

from langchain_core.messages import BaseMessageChunk
from langchain_core.tracers.log_stream import LogStreamCallbackHandler
from langchain_core.tracers.schemas import Run

from catagent.sources.base import AgentRun
from catagent.sources.driver import Upstream, configured, graph_arguments, limited
from catagent.sources.tracker import Tracker


class _EscapedKeys(dict[UUID, str]):
    """Keys of log entries, escaped as RFC 6901 asks for when they become part of a path."""

    def __setitem__(self, run_id: UUID, key: str) -> None:
        super().__setitem__(run_id, key.replace("~", "~0").replace("/", "~1"))


class _LogHandler(LogStreamCallbackHandler):
    """LangChain's handler, called on the event loop instead of hopping to a thread a token."""

    run_inline = True

    def __init__(self) -> None:
        super().__init__(auto_close=False, _schema_format="original")
        self._key_map_by_run_id = _EscapedKeys()

    def _on_llm_new_token(self, run: Run, token: Any, chunk: Any) -> None:
        """Tell of the token. A tracer also notes every token in its run, for nobody here."""
        run.events.clear()
        super()._on_llm_new_token(run, token, chunk)


async def operations(run: AgentRun, tracker: Tracker) -> Upstream:
    """The operations of each patch as it happens. Raises what the run raises.

    Closed early, it cancels the run.
    """
    handler = _LogHandler()
    pump = asyncio.create_task(_pump(run, tracker, handler))
    try:
        async for patch in handler:
            yield patch.ops
        await pump
    finally:
        # Not once it is done: to await a task again takes the traceback off what it raised.
        if not pump.done():
            pump.cancel()
            with contextlib.suppress(asyncio.CancelledError, Exception):
                await pump


async def _pump(run: AgentRun, tracker: Tracker, handler: _LogHandler) -> None:
    chunks: list[Any] = []
    upstream: Any = limited(run).astream(
        run.input, configured(run, tracker, handler), **graph_arguments(run, version="v2")
    )
    try:
        async with contextlib.aclosing(upstream) as stream:
            async for chunk in stream:
                chunks.append(chunk)
                handler.send({"op": "add", "path": "/streamed_output/-", "value": chunk})
        handler.send({"op": "replace", "path": "/final_output", "value": _merged(chunks)})
    finally:
        await handler.send_stream.aclose()


def _merged(chunks: list[Any]) -> Any:
    """The chunks added up where that can be done, else the last. Linear for text and messages."""
    if not chunks:
        return None
    first, rest = chunks[0], chunks[1:]
    if all(isinstance(chunk, str) for chunk in chunks):
        return "".join(chunks)
    try:
        if isinstance(first, BaseMessageChunk):
            return first + rest
        for chunk in rest:
            first = first + chunk
    except TypeError:
        return chunks[-1]
    return first
