"""reduce is total and linear: nothing that arrives raises, nothing is held twice."""

from __future__ import annotations

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import RunState, ToolRun, reduce


def token(delta: str) -> ev.LlmToken:
    return ev.LlmToken(run_id="llm", data=ev.LlmTokenData(channel="text", delta=delta))


def tool_events(run_id: str, call_id: str | None) -> list[ev.Event]:
    """A tool call from decision to observation."""
    return [
        ev.Action(run_id="m", data=ev.ActionData(tool="t", tool_input={}, tool_call_id=call_id)),
        ev.ToolStarted(
            run_id=run_id, data=ev.ToolStartedData(tool="t", tool_input={}, tool_call_id=call_id)
        ),
        ev.ToolFinished(
            run_id=run_id,
            data=ev.ToolFinishedData(tool="t", status="success", output="o", tool_call_id=call_id),
        ),
        ev.Observation(
            run_id=run_id,
            data=ev.ObservationData(tool="t", status="success", output="o", tool_call_id=call_id),
        ),
    ]


def replayed(events: list[ev.Event]) -> RunState:
    state = RunState()
    for event in events:
        reduce(state, event)
    return state


def test_late_tokens_orphan_ends_and_unknown_types_reduce_without_error() -> None:
    end = ev.LlmFinished(run_id="llm", data=ev.LlmFinishedData(model="m", text="ab"))
    unknown = ev.Unknown(fields={"type": "dance", "ts": "then"})
    state = replayed([end, token("late"), *tool_events("r", None)[2:], unknown])
    assert state.llms["llm"].finished is not None
    assert state.last_ts == "then"


def test_a_repeated_call_id_is_another_call() -> None:
    """Servers that number the calls of each message from zero must not fold two calls into one."""
    state = replayed(tool_events("r1", "call_0") + tool_events("r2", "call_0"))
    runs = [run for run in state.order if isinstance(run, ToolRun)]
    assert [run.run_id for run in runs] == ["r1", "r2"]
    assert all(run.observation for run in runs)
    assert len(summary.decided(state)) == 2


def test_steps_are_decisions_of_the_run_s_own_agent() -> None:
    """Two calls at once are one step; what a nested agent decides is not a step of the run."""

    def action(call_id: str, llm: str, inside: str | None = None) -> ev.Action:
        data = ev.ActionData(tool="t", tool_input={}, tool_call_id=call_id)
        return ev.Action(run_id=llm, tool_call_id=inside, data=data)

    state = replayed([action("a", "llm1"), action("b", "llm1"), action("c", "llm2")])
    state = reduce(state, action("d", "llm3", inside="a"))
    assert (summary.steps(state), len(summary.decided(state))) == (2, 3)


def test_an_action_may_come_after_its_tool_has_started() -> None:
    """The action of a nested agent does in `log` mode: it is the same call."""
    act, *rest = tool_events("r1", "call_0")
    state = replayed([rest[0], act, *rest[1:]])
    assert len(state.order) == 1


def test_a_finished_call_keeps_its_text_once() -> None:
    state = replayed([token("a"), token("b")])
    assert state.llms["llm"].text == ["a", "b"]
    reduce(state, ev.LlmFinished(run_id="llm", data=ev.LlmFinishedData(model="m", text="ab")))
    assert state.llms["llm"].text == ["ab"]
