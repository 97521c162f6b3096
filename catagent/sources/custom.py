"""The events of an agent's own: `dispatch_custom_event`, and LangGraph's `get_stream_writer`.

They are to be seen while a node or tool works, when LangChain has nothing to report. So they are
reported from the side, on the event loop's thread, unless what they belong to is still to come.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from catagent.events import types as ev
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Tracker


class CustomEvents:
    """Those of one run, in order; each with the run that sent it, and so with its tool call."""

    def __init__(self, tracker: Tracker, report: Callable[[ev.Event], None]) -> None:
        self._tracker = tracker
        self._report = report
        self._loop = asyncio.get_running_loop()
        self._sent: deque[tuple[Span | None, str, Any]] = deque()
        tracker.on_custom = self._send

    def take(self, *, last: bool = False) -> Iterator[ev.Event]:
        """Those whose place is known, and at `last` all that are left."""
        while self._sent and (last or _is_placed(self._sent[0][0])):
            yield _event(*self._sent.popleft())

    def _send(self, span: Span | None, name: str, data: Any) -> None:
        """Called in the task or thread of whatever sends it."""
        self._sent.append((span, name, data))
        self._loop.call_soon_threadsafe(self._soon)

    def _soon(self) -> None:
        """Let the source go first, which was woken for what came before."""
        self._loop.call_soon(self._flush)

    def _flush(self) -> None:
        for event in self.take():
            self._report(event)


def _is_placed(span: Span | None) -> bool:
    """Whether the call that it belongs to is known, and that its tool runs."""
    call = None if span is None else span.call
    return call is None or (call.reported and (call.run is None or call.run.opened))


def _event(span: Span | None, name: str, data: Any) -> ev.Node:
    content = ev.NodeData(kind="custom", phase="stream", content=plain(data))
    where = {} if span is None else envelope(span)
    return ev.Node(data=content, **{**where, "name": name})
