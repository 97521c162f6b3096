"""The `steps` mode: LangChain's `astream` as actions, observations and the answer.

Tokens are not told in this mode; each model call is, once it ended, for what it said and cost.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Iterator
from typing import Any

from catagent import events as ev
from catagent.sources import spans
from catagent.sources.attach import configured, graph_arguments, limited, tracking, with_raw
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.shapes import ChunkReader
from catagent.sources.tracker import Tracker


async def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield what it decided, what it saw, and what it answered."""
    async with tracking(run) as tracker:
        reader = ChunkReader(run, tracker)
        try:
            async with contextlib.aclosing(_open(run, tracker)) as chunks:
                async for chunk in chunks:
                    found = [*reader.read(chunk)]
                    for event in (*_ended(tracker), *with_raw(run, found, chunk, tracker)):
                        yield event
        except Exception:
            for event in (*_ended(tracker), *spans.close_failed(tracker)):
                yield event
            raise
        for event in (*_ended(tracker), *reader.finish()):
            yield event


def _open(run: AgentRun, tracker: Tracker) -> AsyncGenerator[Any, None]:
    upstream: Any = limited(run).astream(
        run.input, configured(run, tracker), **graph_arguments(run, version="v2")
    )
    chunks: AsyncGenerator[Any, None] = upstream
    return chunks


def _ended(tracker: Tracker) -> Iterator[ev.Event]:
    """The model calls that ended since the last chunk, in the order in which they began."""
    for span in tracker.llms:
        if span.ended is not None and not span.closed:
            yield spans.llm_finished(span)
    yield from spans.warnings(tracker)
