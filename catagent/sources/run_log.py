"""The run log, pumped by ourselves: patches of RFC 6902 operations that a JSON library can apply.

LangChain's own `astream_log` is deprecated, and goes on calling models after it was closed. The
handler beneath it is sound: it is used here without it.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import Any

from langchain_core.messages import BaseMessageChunk

from catagent.sources.base import AgentRun
from catagent.sources.driven import DrivenTracker
from catagent.sources.driver import Upstream, configured, graph_arguments
from catagent.workarounds.callbacks import log_nothing_of
from catagent.workarounds.run_log import RunLogHandler


async def operations(run: AgentRun, tracker: DrivenTracker) -> Upstream:
    """The operations of each patch as it happens. Raises what the run raises.

    Closed early, it cancels the run.
    """
    handler = RunLogHandler()
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


async def _pump(run: AgentRun, tracker: DrivenTracker, handler: RunLogHandler) -> None:
    chunks: list[Any] = []
    upstream: Any = run.runnable.astream(
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


log_nothing_of(RunLogHandler)
