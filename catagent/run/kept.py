"""Keeps a run in a thread: in the request's from its beginning, at a pause in one of its own."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any

from catagent.events import types as ev
from catagent.events.timestamps import stamp
from catagent.recordings.history import question
from catagent.run.request import Request
from catagent.sources.base import EventStream, Outcome
from catagent.threads.store import BusyError, Thread, Threads, Turn, held
from catagent.views.notes import short

_LOOK_S = 0.05
_WAITS = "this one waits until that has ended"


async def in_thread(
    request: Request,
    started: ev.RunStarted,
    events: EventStream,
    outcome: Outcome,
    pause: Callable[[ev.RunStarted], Iterable[ev.Event]],
) -> EventStream:
    """The events of a run in the request's thread, alone in it from now on.

    Where another run goes on in it, there is a warning, and the end of that is waited for. A run
    without a thread that waits in the end is kept by `pause`.
    """
    with contextlib.ExitStack() as stack:
        if (thread := request.thread) is not None:
            async for waits in _entering(thread, stack):
                yield waits
            for warning in _begin(thread, request, started):
                yield warning
        async with contextlib.aclosing(events):
            async for event in events:
                yield event
        if thread is not None:
            waiting = started.run_id if outcome.interrupted else ""
            thread.write(waiting=waiting, **_facts(request))
        elif outcome.interrupted:
            for warning in pause(started):
                yield warning


def _begin(thread: Thread, request: Request, started: ev.RunStarted) -> Iterator[ev.Event]:
    """Begin a turn, unless this goes on with one that waits. What waits by now is given up."""
    thread.require_agent(request.asked.get("agent", request.agent))
    if request.resume is not None:
        return
    if thread.waiting:
        message = f"The run {short(thread.waiting)} waited for an answer, and is given up."
        hint = "/undo in a chat brings it back"
        yield ev.Warned(data=ev.WarningData(code="given_up", message=message, hint=hint))
    thread.begin(question(started.data), started.run_id, **_facts(request))


async def _entering(thread: Thread, stack: contextlib.ExitStack) -> EventStream:
    said = False
    while True:
        try:
            stack.enter_context(held(thread))
        except BusyError as busy:
            if not said:
                said = True
                data = ev.WarningData(code="thread_busy", message=busy.message, hint=_WAITS)
                yield ev.Warned(data=data)
            await asyncio.sleep(_LOOK_S)
        else:
            return


def keep_pause(request: Request, started: ev.RunStarted, threads: Threads) -> Thread:
    """The thread of a run that waits, whose checkpoints are in its file. Raises OutputError."""
    thread, asked = threads.new(id=started.run_id), question(started.data)
    turns = [Turn(asked, started.run_id)]
    thread.write(begun=turns, waiting=started.run_id, **_facts(request))
    return thread


def _facts(request: Request) -> dict[str, Any]:
    stops = {"breaks": request.breaks, "passed": request.passed}
    asked = {**request.asked, **stops}
    return {"agent": request.agent, "asked": asked, "ts": stamp(datetime.now(UTC))}
