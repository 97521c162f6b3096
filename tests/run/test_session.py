"""The session's promises: one run.started first, one run.finished last, whatever happens."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncGenerator, Callable
from datetime import UTC, datetime
from itertools import count

import pytest

from catagent.config import Settings
from catagent.errors import AgentError, ExitCode, StepLimitError
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.failures.classify import Owner
from catagent.run import event_loop
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session


class Collector:
    """A sink that keeps what it was given, and fails at the n-th event where asked to."""

    required = True

    def __init__(self, fail_at: int | None = None, error: OSError | None = None) -> None:
        self.events: list[ev.Event] = []
        self._fail_at = fail_at
        self._error = error or OSError(28, "No space left on device")

    def write(self, event: ev.Event) -> None:
        if len(self.events) == self._fail_at:
            raise self._error
        self.events.append(event)

    def close(self) -> None:
        pass

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


def started() -> ev.RunStarted:
    data = ev.RunStartedData(agent="cat", model="m", mode="events", input="q")
    return ev.RunStarted(run_id="root", name="cat", data=data)


def token(run_id: str = "llm", delta: str = "x") -> ev.LlmToken:
    return ev.LlmToken(run_id=run_id, data=ev.LlmTokenData(channel="text", delta=delta))


def llm_started(run_id: str = "llm") -> ev.LlmStarted:
    return ev.LlmStarted(run_id=run_id, name="M", data=ev.LlmStartedData(model="m"))


async def happy() -> AsyncGenerator[ev.Event, None]:
    yield llm_started()
    yield token(delta="he")
    yield token(delta="llo")
    usage = ev.Usage(input_tokens=1, output_tokens=2, total_tokens=3)
    yield ev.LlmFinished(
        run_id="llm", data=ev.LlmFinishedData(model="m", text="hello", usage=usage, duration_s=0.5)
    )
    yield ev.Answer(data=ev.AnswerData(output="hello"))


def drive(
    session: Session, source: Callable[[], AsyncGenerator[ev.Event, None]]
) -> ev.RunFinishedData:
    return event_loop.run(session.drive(started(), source())).data


def test_a_run_is_framed_numbered_and_accounted_for() -> None:
    """seq counts from 0 without a gap; run.finished adds up usage, models and the answer."""
    sink = Collector()
    clock = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    finished = drive(Session(Broadcast([sink], wall_clock=lambda: clock)), happy)
    assert sink.types[0] == "run.started"
    assert sink.types[-1] == "run.finished"
    assert [event.seq for event in sink.events] == list(range(7))
    assert {event.ts for event in sink.events} == {"2026-01-02T03:04:05.000000Z"}
    assert (finished.status, finished.exit_code, finished.output) == ("success", 0, "hello")
    assert finished.usage == ev.Usage(input_tokens=1, output_tokens=2, total_tokens=3)
    assert [(m.model, m.calls, m.duration_s) for m in finished.models] == [("m", 1, 0.5)]
    assert finished.ttft_s is not None


def test_times_may_be_those_of_a_clock_elsewhere() -> None:
    """Of a run that is watched late, say: began at 0, a second an event."""
    seconds = count()
    broadcast = Broadcast([], clock=lambda: float(next(seconds)))
    finished = drive(Session(broadcast), happy)
    assert (finished.ttft_s, finished.duration_s) == (3.0, 7.0)


@pytest.mark.parametrize(
    ("raised", "status", "code"),
    [
        (AgentError("no"), "error", ExitCode.FAILED),
        (StepLimitError("no"), "limit", ExitCode.STEP_LIMIT),
        (ZeroDivisionError("no"), "error", ExitCode.FAILED),
    ],
)
def test_an_error_closes_what_is_open_and_ends_the_run(
    raised: Exception, status: str, code: ExitCode
) -> None:
    """The open model call is finished with what had come so far, then the run, with the error."""

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield llm_started()
        yield token(delta="half")
        raise raised

    sink = Collector()
    finished = drive(Session(Broadcast([sink])), source)
    assert sink.types[-2:] == ["llm.finished", "run.finished"]
    closed = sink.events[-2]
    assert isinstance(closed, ev.LlmFinished)
    assert closed.data.text == "half"
    assert closed.data.error is not None
    assert (finished.status, finished.exit_code) == (status, code)
    assert finished.error is not None


def test_the_owner_that_the_source_names_is_to_blame() -> None:
    session = Session(Broadcast([]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        session.outcome.owner = Owner("node", "db")
        raise TimeoutError("query took longer than 5 s")

    error = drive(session, source).error
    assert error is not None
    assert error.message == "The node db failed: TimeoutError: query took longer than 5 s"
    assert (error.kind, error.node, error.file) == ("agent", "db", "tests/run/test_session.py")


def test_the_final_state_is_reported_as_the_source_leaves_it() -> None:
    session = Session(Broadcast([]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        session.outcome.state = {"count": 3}

    assert drive(session, source).state == {"count": 3}
    assert drive(Session(Broadcast([])), happy).state is None


async def asking(session: Session) -> AsyncGenerator[ev.Event, None]:
    """A graph that waits for a person in a tool."""
    yield ev.ToolStarted(run_id="t", call="1", data=ev.ToolStartedData(tool="buy", tool_input={}))
    session.outcome.interrupted = True


def test_a_run_that_waits_for_a_person_is_interrupted_and_no_error() -> None:
    session = Session(Broadcast([sink := Collector()]))
    finished = drive(session, lambda: asking(session))
    assert (finished.status, finished.exit_code) == ("interrupted", ExitCode.WAITING)
    assert (finished.error, finished.output) == (None, None)
    assert session.exit_code is ExitCode.WAITING
    closed = sink.events[-2]
    assert isinstance(closed, ev.ToolFinished)
    assert (closed.call, closed.data.status, closed.data.error) == ("1", "interrupted", None)


@pytest.mark.parametrize(
    ("why", "status"), [(ExitCode.INTERRUPTED, "cancelled"), (AgentError("no"), "error")]
)
def test_a_run_that_waits_and_is_to_end_ends_for_that_reason(
    why: ExitCode | AgentError, status: str
) -> None:
    session = Session(Broadcast([]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        async for event in asking(session):
            yield event
        session.cancel(why)

    assert drive(session, source).status == status


def test_an_error_after_an_interrupt_is_an_error() -> None:
    session = Session(Broadcast([]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        async for event in asking(session):
            yield event
        raise AgentError("no")

    assert drive(session, source).status == "error"


def test_cancelling_ends_the_source_and_the_run() -> None:
    """The source's finally has run, and the last event says cancelled."""
    closed = False
    session = Session(Broadcast([sink := Collector()]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        nonlocal closed
        try:
            yield token()
            session.cancel(ExitCode.INTERRUPTED)
            await asyncio.sleep(60)
        finally:
            closed = True

    finished = drive(session, source)
    assert closed
    assert (finished.status, finished.exit_code) == ("cancelled", 130)
    assert sink.types.count("run.finished") == 1


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        (Settings(timeout=0.05), "took over"),
        (Settings(idle_timeout=0.05), "silent"),
    ],
)
def test_time_limits_end_a_run_with_code_124(settings: Settings, words: str) -> None:
    session = Session(Broadcast([]), settings=settings)

    async def source() -> AsyncGenerator[ev.Event, None]:
        session.pulse.begin("model", lambda: True)
        yield llm_started()
        await asyncio.sleep(60)

    finished = drive(session, source)
    assert finished.exit_code == ExitCode.TIMEOUT
    assert finished.error is not None
    assert words in finished.error.message


def test_a_tool_may_work_longer_than_a_model_may_be_silent() -> None:
    """The idle limit counts while a model is awaited, not while a tool runs."""

    async def source() -> AsyncGenerator[ev.Event, None]:
        data = ev.ToolStartedData(tool="t", tool_input={})
        yield ev.ToolStarted(run_id="t", data=data)
        await asyncio.sleep(0.2)
        yield ev.Answer(data=ev.AnswerData(output="a"))

    session = Session(Broadcast([]), settings=Settings(idle_timeout=0.05))
    assert drive(session, source).status == "success"


@pytest.mark.parametrize("end", ["an answer", "an error"])
def test_the_stop_reason_counts_and_not_what_the_agent_made_of_it(end: str) -> None:
    """An agent may catch its being cancelled and answer, or raise something else."""
    session = Session(Broadcast([]), settings=Settings(timeout=0.05))

    async def source() -> AsyncGenerator[ev.Event, None]:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            if end == "an error":
                raise RuntimeError("cleaning up failed") from None
        yield ev.Answer(data=ev.AnswerData(output="too late"))

    finished = drive(session, source)
    assert (finished.status, finished.exit_code) == ("error", ExitCode.TIMEOUT)


def test_reported_events_come_in_order_and_never_after_the_end() -> None:
    session = Session(Broadcast([sink := Collector()]))
    retry = ev.Retry(data=ev.RetryData(attempt=1, max_attempts=2, delay_s=0, reason="no"))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        session.report(retry)
        yield ev.Answer(data=ev.AnswerData(output="a"))

    assert drive(session, source).status == "success"
    session.report(retry)
    assert sink.types.count("retry") == 1
    assert sink.types[-1] == "run.finished"


def test_every_event_says_which_run_it_belongs_to() -> None:
    """Those about no run of the agent's too: warnings, retries from the side, the end."""
    session = Session(Broadcast([sink := Collector()]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        session.report(
            ev.Retry(data=ev.RetryData(attempt=1, max_attempts=2, delay_s=0, reason="no"))
        )
        yield ev.Warned(data=ev.WarningData(code="x", message="y"))
        yield ev.LlmStarted(run_id="m", parent_ids=["root"], data=ev.LlmStartedData(model="m"))

    drive(session, source)
    assert [ev.run_of(event) for event in sink.events] == ["root"] * 5


def test_a_sink_that_fails_on_a_reported_event_ends_the_run() -> None:
    session = Session(Broadcast([Collector(fail_at=2, error=BrokenPipeError(32, "Broken pipe"))]))
    retry = ev.Retry(data=ev.RetryData(attempt=1, max_attempts=2, delay_s=0, reason="no"))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        session.report(retry)
        await asyncio.sleep(60)

    finished = drive(session, source)
    assert (finished.status, finished.exit_code) == ("cancelled", ExitCode.BROKEN_PIPE)


def test_a_recorder_that_fails_is_let_go_and_the_exit_code_says_so() -> None:
    """The sinks see every event in order, and one warning."""
    sink, recorder = Collector(), Collector(fail_at=2)
    finished = drive(Session(Broadcast([sink], recorders=[recorder])), happy)
    assert sink.types.count("warning") == 1
    assert [event.seq for event in sink.events] == list(range(len(sink.events)))
    assert (finished.status, finished.exit_code) == ("success", 1)
    assert len(recorder.events) == 2


def test_recorders_that_fail_at_once_are_each_let_go_with_a_warning() -> None:
    """A full disk takes the recording and the history together."""
    sink = Collector()
    recorders = [Collector(fail_at=2), Collector(fail_at=2), Collector()]
    finished = drive(Session(Broadcast([sink], recorders=recorders)), happy)
    assert sink.types.count("warning") == 2
    assert (finished.status, finished.exit_code) == ("success", 1)
    assert recorders[2].types == sink.types


def test_a_recorder_that_loses_the_last_line_says_so_by_the_exit_code_alone() -> None:
    """run.finished stays last, and as it was emitted: no warning comes after it."""
    sink, recorder = Collector(), Collector(fail_at=6)
    session = Session(Broadcast([sink], recorders=[recorder]))
    finished = drive(session, happy)
    assert sink.types[-1] == "run.finished"
    assert "warning" not in sink.types
    assert (finished.exit_code, session.exit_code) == (0, 1)
    assert [warning.code for warning in session.unreported] == ["recording_failed"]


def test_a_sink_that_loses_the_last_line_says_so_by_the_exit_code_and_a_warning() -> None:
    """The other sinks get run.finished all the same, as it was emitted."""
    session = Session(Broadcast([Collector(fail_at=6), sink := Collector()]))
    finished = drive(session, happy)
    assert sink.types[-1] == "run.finished"
    assert (finished.exit_code, session.exit_code) == (0, 1)
    assert [warning.code for warning in session.unreported] == ["output_failed"]


@pytest.mark.parametrize(
    ("error", "code"), [(BrokenPipeError(32, "Broken pipe"), 141), (OSError(28, "full"), 1)]
)
def test_a_sink_that_fails_ends_the_run_and_recorders_see_the_end(
    error: OSError, code: int
) -> None:
    recorder = Collector()
    session = Session(Broadcast([Collector(fail_at=3, error=error)], recorders=[recorder]))
    assert drive(session, happy).exit_code == code
    assert recorder.types[-1] == "run.finished"


def test_filters_hide_events_from_sinks_and_keep_their_seq() -> None:
    """Recorders get everything."""
    sink, recorder = Collector(), Collector()
    filters = Filters(exclude_types=("chat_model",))
    drive(Session(Broadcast([sink], recorders=[recorder], filters=filters)), happy)
    assert [event.seq for event in sink.events] == [0, 5, 6]
    assert len(recorder.events) == 7


@pytest.mark.parametrize("raised", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_a_base_exception_of_the_agent_ends_the_run_as_an_error(raised: BaseException) -> None:
    """From a task of the agent's own, too: asyncio lets the first two out of the loop."""

    async def leave() -> None:
        raise raised

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        await asyncio.create_task(leave())

    session = Session(Broadcast([sink := Collector()]))
    finished = drive(session, source)
    assert (finished.status, finished.exit_code) == ("error", 1)
    assert sink.types[-1] == "run.finished"


def test_work_that_will_not_be_cancelled_is_left_behind() -> None:
    session = Session(Broadcast([sink := Collector()]))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield token()
        session.cancel(ExitCode.INTERRUPTED)
        for _ in range(20):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.2)
        yield ev.Answer(data=ev.AnswerData(output="too late"))

    finished = drive(session, source)
    assert (finished.status, finished.exit_code) == ("cancelled", 130)
    assert "answer" not in sink.types


def test_a_run_whose_loop_stands_still_is_ended_from_another_thread() -> None:
    """Once: what the loop tells when it goes on is told to nobody."""
    session = Session(Broadcast([sink := Collector()]), settings=Settings(timeout=0.05))

    async def source() -> AsyncGenerator[ev.Event, None]:
        yield llm_started()
        time.sleep(0.3)  # noqa: ASYNC251 - that is the point
        yield ev.Answer(data=ev.AnswerData(output="too late"))

    ended: list[ev.RunFinished | None] = []
    threading.Timer(0.15, lambda: ended.append(session.abandon())).start()
    finished = drive(session, source)
    assert ended[0] is not None
    assert ended[0].data is finished
    assert finished.exit_code == ExitCode.TIMEOUT
    assert sink.types == ["run.started", "llm.started", "llm.finished", "run.finished"]
