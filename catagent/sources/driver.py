"""Drives LangChain's stream of one run, whatever the mode, and lets go of all of it at the end."""

import asyncio
import contextlib
import math
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.runnables import RunnableConfig
from langchain_core.runnables.config import merge_configs

from catagent.events import types as ev
from catagent.sources.agent_events import custom_event
from catagent.sources.asking import AskingTracker
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.driven import DrivenTracker, StoppedError
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Tracker
from catagent.sources.translation import Translation
from catagent.workarounds.callbacks import InLine
from catagent.workarounds.stream_writer import relayed

Upstream = AsyncGenerator[Any, None]
# Of one object: what happened alongside it and comes first, and what was made of it.
Reader = Callable[[Any], tuple[Sequence[ev.Event], list[ev.Event]]]


async def drive(
    run: AgentRun,
    upstream: Callable[[AgentRun, DrivenTracker], Upstream],
    reader: Callable[[Translation], Reader],
) -> EventStream:
    """The events of one run. Whatever happens, nothing of it goes on once this is closed."""
    asks = run.decide is not None and run.breakpoints is not None and run.shape != "graph"
    tracker = (AskingTracker if asks else DrivenTracker)(run)
    translation = Translation(run, tracker)
    read, side = reader(translation), Side(run, tracker, translation)
    try:
        async with contextlib.aclosing(upstream(run, tracker)) as stream:
            async for item in stream:
                beside, made = read(item)
                for event in (*beside, *_with_raw(run, made, item, tracker), *side.take()):
                    yield event
    except (Exception, SystemExit, StoppedError, asyncio.CancelledError) as raised:
        reason = tracker.bounds.error or raised
        if isinstance(reason, asyncio.CancelledError):
            raise
        await tracker.close()
        for event in (*translation.unsaid(), *side.take(last=True)):
            yield event
        if isinstance(raised, StoppedError):
            run.outcome.interrupted = True
            return
        run.outcome.owner = tracker.owner_of(raised)
        raise reason from raised.__cause__
    finally:
        await tracker.close()
    tracker.close_open()
    for event in chain(translation.unsaid(), side.take(last=True), _end(translation)):
        yield event


def _end(translation: Translation) -> Iterator[ev.Event]:
    """The answer. Raises the error of a limit that ended the agent, which caught it."""
    if (error := translation.tracker.bounds.error) is not None:
        raise error
    yield from translation.chunks.finish()


def configured(
    run: AgentRun, tracker: DrivenTracker, *others: BaseCallbackHandler
) -> RunnableConfig:
    """The run's config with our handlers."""
    callbacks = InLine([tracker, *others], [tracker, *others])
    ours: RunnableConfig = {
        "callbacks": callbacks,
        "configurable": relayed(tracker.on_write, run.store),
    }
    return merge_configs(ours, run.config)


def _with_raw(run: AgentRun, made: list[ev.Event], item: Any, tracker: Tracker) -> list[ev.Event]:
    """With `--raw`, the untouched object on the first of its events; if it has none, on its own."""
    if not run.raw:
        return made
    nothing = ev.NodeData(kind="other", phase="stream")
    made = made or [ev.Node(data=nothing, **envelope(tracker.root))]
    if not isinstance(made[0], ev.Unknown):
        made[0].raw = plain(item)
    return made


class Side:
    """Reports what happens while a source waits for LangChain, on its event loop's thread.

    Events of an agent's own, once what they are of was reported; calls that failed, or given up.
    """

    def __init__(self, run: AgentRun, tracker: DrivenTracker, translation: Translation) -> None:
        self._run = run
        self._translation = translation
        self._loop = asyncio.get_running_loop()
        self._sent: deque[tuple[Span | None, str, Any]] = deque()
        tracker.on_custom, tracker.on_failed = self._send, partial(self._soon, self._end)
        if isinstance(tracker, AskingTracker):
            tracker.on_pause = lambda *paused: self._report(self._pause, *paused)

    def take(self, *, last: bool = False) -> Iterator[ev.Event]:
        """The custom events whose place is known, and at `last` all that are left."""
        while self._sent and (last or _is_placed(self._sent[0][0])):
            yield custom_event(*self._sent.popleft())

    def _send(self, span: Span | None, name: str, data: Any) -> None:
        """Called in the task or thread of whatever sends it."""
        self._sent.append((span, name, data))
        self._soon(self.take)

    def _soon(self, events: Callable[..., Iterator[ev.Event]], *about: Any) -> None:
        """Let the source go first, which was woken for what came before."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
            self._loop.call_soon_threadsafe(self._loop.call_soon, self._report, events, *about)

    def _report(self, events: Callable[..., Iterator[ev.Event]], *about: Any) -> None:
        for event in events(*about):
            self._run.report(event)

    def _pause(self, span: Span, pause: Any) -> Iterator[ev.Event]:
        """A pause in the middle of the run, after all that is known to come before it."""
        made, tracker = self._translation, self._translation.tracker
        yield from made.unsaid_before(math.inf) if tracker.says_tools else made.unsaid()
        event = made.make.interrupt(span, pause)
        event.data.in_place = True
        yield event

    def _end(self, span: Span) -> Iterator[ev.Event]:
        is_next = self._translation.tracker.says_tools and span.opened and not span.closed
        if is_next and not self._run.pulse.held and self._run.stop.why is None:
            yield from self._translation.end(span)


def _is_placed(span: Span | None) -> bool:
    """Whether the call that it belongs to is known, and that its tool runs."""
    call = None if span is None else span.call
    return call is None or (call.reported and (call.run is None or call.run.opened))
