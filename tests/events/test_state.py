"""reduce is total and linear: nothing that arrives raises, nothing is held twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypedDict

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import RunState, ToolRun, reduce


def token(delta: str) -> ev.LlmToken:
    return ev.LlmToken(run_id="llm", data=ev.LlmTokenData(channel="text", delta=delta))


class _Names(TypedDict):
    tool: str
    tool_call_id: str | None


class _Ended(_Names):
    status: ev.ToolStatus
    output: str


def tool_events(
    run_id: str, call: str, call_id: str | None = None
) -> tuple[ev.Action, ev.ToolStarted, ev.ToolFinished, ev.Observation]:
    """A tool call from decision to observation."""
    names = _Names(tool="t", tool_call_id=call_id)
    ended = _Ended(**names, status="success", output="o")
    return (
        ev.Action(run_id="m", call=call, data=ev.ActionData(tool_input={}, **names)),
        ev.ToolStarted(run_id=run_id, call=call, data=ev.ToolStartedData(tool_input={}, **names)),
        ev.ToolFinished(run_id=run_id, call=call, data=ev.ToolFinishedData(**ended)),
        ev.Observation(run_id=run_id, call=call, data=ev.ObservationData(**ended)),
    )


def replayed(events: Iterable[ev.Event]) -> RunState:
    state = RunState()
    for event in events:
        reduce(state, event)
    return state


def test_late_tokens_orphan_ends_and_unknown_types_reduce_without_error() -> None:
    end: ev.Event = ev.LlmFinished(run_id="llm", data=ev.LlmFinishedData(model="m", text="ab"))
    unknown = ev.Unknown(fields={"type": "dance", "ts": "then"})
    ends = tool_events("r", "1")[2:]
    state = replayed([end, token("late"), *ends, unknown])
    assert state.llms["llm"].finished is not None


def test_calls_are_told_apart_by_key_where_ids_repeat_or_are_missing() -> None:
    """Servers that number the calls of each message from zero, and agents without any ids."""
    for call_id in ("call_0", None):
        state = replayed(tool_events("r1", "1", call_id) + tool_events("r2", "2", call_id))
        runs = [run for run in state.order if isinstance(run, ToolRun)]
        assert [(run.call, run.began and run.began.run_id) for run in runs] == [
            ("1", "r1"),
            ("2", "r2"),
        ]
        assert all(run.observation for run in runs)
        assert len(summary.decided(state)) == 2


def test_a_call_that_is_tried_again_is_one_call_with_the_latest_outcome() -> None:
    """The end of an earlier attempt, whenever it comes, says nothing about the later one."""
    decided, first, failed, _ = tool_events("r1", "1")
    _, second, finished, observed = tool_events("r2", "1")
    state = replayed([decided, first, failed, second, failed])
    (run,) = state.tools.values()
    assert (run.began, run.finished) == (second, None)
    for event in (finished, observed):
        reduce(state, event)
    assert state.order == [run]
    assert (run.finished, run.observation) == (finished.data, observed.data)


def test_steps_are_decisions_of_the_run_s_own_agent() -> None:
    """Two calls at once are one step; what a nested agent decides is not a step of the run."""

    def action(call: str, llm: str) -> ev.Action:
        return ev.Action(run_id=llm, call=call, data=ev.ActionData(tool="t", tool_input={}))

    state = replayed([action("1", "llm1"), action("2", "llm1"), action("3", "llm2")])
    state = reduce(state, action("1.1", "llm3"))
    assert (summary.steps(state), len(summary.decided(state))) == (2, 3)


def test_an_action_may_come_after_its_tool_has_started() -> None:
    """The action of a nested agent does in `log` mode: it is the same call."""
    action, started, finished, observed = tool_events("r1", "1")
    state = replayed([started, action, finished, observed])
    assert len(state.order) == 1


def test_pauses_and_the_call_around_a_model_are_kept() -> None:
    pause = ev.Interrupt(run_id="n", data=ev.InterruptData(id="i", value="Really?"))
    begun = ev.LlmStarted(run_id="llm", call="1", data=ev.LlmStartedData(model="m"))
    state = replayed([begun, token("a"), pause])
    assert (state.llms["llm"].began.call, state.interrupts) == ("1", [pause])


def test_a_finished_call_keeps_its_text_once() -> None:
    state = replayed([token("a"), token("b")])
    assert state.llms["llm"].text == ["a", "b"]
    reduce(state, ev.LlmFinished(run_id="llm", data=ev.LlmFinishedData(model="m", text="ab")))
    assert state.llms["llm"].text == ["ab"]
