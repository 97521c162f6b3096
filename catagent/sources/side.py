"""What is reported from the side, while a source waits for LangChain and that has nothing to say.

The events of an agent's own, `dispatch_custom_event` and LangGraph's `get_stream_writer`, are to be
seen while a node or tool works, unless what they belong to is still to come; and so are calls that
failed or were given up.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from catagent.events import types as ev
from catagent.sources.base import AgentRun
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.to_events import envelope
from catagent.sources.translation import Translation

if TYPE_CHECKING:
    from catagent.sources.driven import DrivenTracker


class Side:
    """Reports for one run, on its event loop's thread; a custom event with the run that sent it."""

    def __init__(self, run: AgentRun, tracker: DrivenTracker, translation: Translation) -> None:
        self._run = run
        self._translation = translation
        self._loop = asyncio.get_running_loop()
        self._sent: deque[tuple[Span | None, str, Any]] = deque()
        tracker.on_custom, tracker.on_failed = self._send, self._failed

    def take(self, *, last: bool = False) -> Iterator[ev.Event]:
        """The custom events whose place is known, and at `last` all that are left."""
        while self._sent and (last or _is_placed(self._sent[0][0])):
            yield custom_event(*self._sent.popleft())

    def _send(self, span: Span | None, name: str, data: Any) -> None:
        """Called in the task or thread of whatever sends it."""
        self._sent.append((span, name, data))
        self._soon(self.take)

    def _failed(self, span: Span) -> None:
        self._soon(self._end, span)

    def _soon(self, events: Callable[..., Iterator[ev.Event]], *about: Span) -> None:
        """Let the source go first, which was woken for what came before."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
            self._loop.call_soon_threadsafe(self._loop.call_soon, self._report, events, *about)

    def _report(self, events: Callable[..., Iterator[ev.Event]], *about: Span) -> None:
        for event in events(*about):
            self._run.report(event)

    def _end(self, span: Span) -> Iterator[ev.Event]:
        is_next = self._translation.tracker.says_tools and span.opened and not span.closed
        if is_next and not self._run.pulse.held and self._run.stop.why is None:
            yield from self._translation.end(span)


def _is_placed(span: Span | None) -> bool:
    """Whether the call that it belongs to is known, and that its tool runs."""
    call = None if span is None else span.call
    return call is None or (call.reported and (call.run is None or call.run.opened))


def custom_event(span: Span | None, name: str, data: Any) -> ev.Node:
    """An event of the agent's own, sent in this run."""
    content = ev.NodeData(kind="custom", phase="stream", content=plain(data))
    where = {} if span is None else envelope(span)
    return ev.Node(data=content, **{**where, "name": name})
