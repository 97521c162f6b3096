"""A run that waits and what a person answers: runs one after the other, on one event loop."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET
from msgspec.structs import replace

from catagent.config import load
from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.recordings.history import History, answered, waiting
from catagent.recordings.reader import by_run, read
from catagent.run.answers import Asker, actions, answer_to, answering
from catagent.run.recorders import recorders
from catagent.run.request import Request, Resume
from catagent.run.turns import Turn
from catagent.sinks.agui_events import Translator
from catagent.stop import Stop
from tests.support import paused_agents
from tests.support.agents import MODES
from tests.support.asked import Heard
from tests.support.matrix import in_turn

AGENTS = paused_agents.__file__


def turn_of(agent: str, ask: Asker | None, *sinks: Any, mode: Any = "events", **more: Any) -> Turn:
    """A turn of one of those agents."""
    model = ModelSpec(provider="openai", name="gpt")
    given: Any = "go" if agent in ("batched", "per_call", "endless") else {"said": []}
    request = Request(
        agent=f"{AGENTS}:{agent}",
        question=given if isinstance(given, str) else "",
        input=None if isinstance(given, str) else given,
        model=model,
        tool_model=model,
        filters=Filters(),
    )
    flags = {"mode": mode, "max_steps": more.pop("max_steps", None), "timeout": 60}
    loaded = load(flags, environ={"OPENAI_API_KEY": "test"})
    return Turn(request, loaded, sinks=sinks, ask=ask, **more)


def saying(*texts: Any) -> Asker:
    """Whoever answers with one of these after the other, and then leaves."""
    left = list(texts)

    async def ask(asked: Sequence[ev.Interrupt]) -> dict[str, Any] | None:
        return {each.data.id: left.pop(0) for each in asked} if left else None

    return ask


def run(turn: Turn) -> list[str]:
    """Drive it, and return how each of its runs ended."""
    asyncio.run(turn.drive())
    ends = [session.state.finished for session in turn.sessions]
    return [end.data.status for end in ends if end is not None]


APPROVE = {"type": "approve"}
APPROVED = "sent to bob; deleted /a"
ANSWERS: dict[str, list[Any]] = {
    "batched": [{"decisions": [APPROVE, APPROVE]}],
    "per_call": [APPROVE, APPROVE],
    "two": ["yes", {"no": 1}],
    "nested": [False],
    "stopped": ["continue"],
}
SAID = {"two": ["left yes", "right {'no': 1}"], "nested": ["deep False"], "stopped": ["said"]}


@pytest.mark.parametrize("agent", [*ANSWERS])
@pytest.mark.parametrize("mode", MODES)
def test_an_answer_is_a_run_of_its_own_that_goes_on_with_the_one_that_waits(
    agent: str, mode: str
) -> None:
    heard = Heard()
    turn = turn_of(agent, saying(*ANSWERS[agent]), heard, mode=mode)
    assert run(turn) == ["interrupted", "success"]
    first, second = heard.of(ev.RunStarted)
    assert (first.seq, second.seq, first.data.resumes) == (0, 0, UNSET)
    assert second.data.resumes == first.run_id
    assert second.data.thread_id == first.data.thread_id
    assert [*second.data.answers.values()] == ANSWERS[agent]
    end = turn.sessions[-1].state
    if agent in SAID:
        assert sorted(end.finished.data.state["said"]) == SAID[agent]  # type: ignore[union-attr]
    else:
        assert end.answer is not None
        assert end.answer.output == APPROVED


def test_a_graph_in_a_chain_is_not_asked_about_and_says_why() -> None:
    heard = Heard()
    assert run(turn_of("chained", saying("yes"), heard)) == ["interrupted"]
    assert "inside of what is no graph" in heard.of(ev.Warned)[-1].data.message


@pytest.mark.parametrize("agent", ["batched", "per_call"])
def test_calls_that_were_approved_beforehand_are_not_asked_about(agent: str) -> None:
    asked: list[list[str]] = []

    async def ask(interrupts: Sequence[ev.Interrupt]) -> dict[str, Any]:
        asked.append([each.name for one in interrupts for each in actions(one.data)])
        return {each.data.id: answer_to(each.data, "reject:no") for each in interrupts}

    turn = turn_of(agent, answering({}, ["send_email"], ask))
    assert run(turn) == ["interrupted", "success"]
    assert asked == [["delete_file"]]
    allowed = [each.data.allowed for each in turn.sessions[0].state.interrupts]
    assert ["approve", "reject"] in [one.get("delete_file") for one in allowed]
    assert (answer := turn.sessions[-1].state.answer) is not None
    assert "sent to bob" in answer.output
    assert "User rejected the tool call for `delete_file` with reason: no" in answer.output


@pytest.mark.parametrize(
    ("agent", "tools", "ends"),
    [
        ("batched", ["all"], ["interrupted", "success"]),
        ("batched", ["send_email"], ["interrupted"]),
        ("per_call", ["send_email"], ["interrupted", "interrupted"]),
        ("two", ["all"], ["interrupted"]),
        ("stopped", ["all"], ["interrupted", "success"]),
        ("stopped", ["say"], ["interrupted", "success"]),
        ("stopped", ["send_email"], ["interrupted"]),
    ],
)
def test_what_was_not_approved_waits(agent: str, tools: list[str], ends: list[str]) -> None:
    turn = turn_of(agent, answering({}, tools))
    assert run(turn) == ends
    assert turn.exit_code == (ExitCode.OK if ends[-1] == "success" else ExitCode.WAITING)


def test_one_recording_holds_all_runs_and_the_history_each_on_its_own(tmp_path: Path) -> None:
    history = History(folder=tmp_path / "runs")
    stop = Stop()
    with recorders("", stop, record=tmp_path / "run.jsonl") as recording:
        keep = partial(recorders, stop=stop, history=history)
        run(turn_of("stopped", saying("continue"), recorders=recording, keep=keep, stop=stop))
    runs = by_run(read(tmp_path / "run.jsonl"))
    kept = [*history.runs()]
    assert [each.id for each in kept] == [*runs][::-1]
    assert [each.resumes for each in kept] == [kept[1].id, ""]
    assert kept[1].id in answered(kept)
    assert [*waiting(kept)] == []


def test_steps_count_over_all_runs_and_the_time_of_a_person_does_not() -> None:
    deadlines = []

    async def ask(asked: Sequence[ev.Interrupt]) -> dict[str, Any]:
        deadlines.append(turn.stop.deadline)
        return {each.data.id: {"decisions": [APPROVE, APPROVE]} for each in asked}

    turn = turn_of("endless", ask, max_steps=2)
    assert run(turn) == ["interrupted", "interrupted", "limit"]
    assert deadlines == [math.inf, math.inf]
    assert turn.stop.deadline < math.inf


def test_a_signal_while_a_person_is_asked_leaves_the_run_waiting() -> None:
    async def ask(_: Sequence[ev.Interrupt]) -> None:
        turn.cancel(ExitCode.TERMINATED)
        await asyncio.sleep(60)

    turn = turn_of("stopped", ask)
    assert run(turn) == ["interrupted"]
    assert turn.exit_code is ExitCode.TERMINATED


@pytest.mark.parametrize(
    ("thread", "said"), [("", "went on"), ("nowhere", "nothing is kept of the thread nowhere")]
)
def test_what_does_not_wait_any_more_is_not_answered(thread: str, said: str) -> None:
    turn = turn_of("two", None)
    run(turn)
    begun = turn.sessions[0].state.started
    assert begun is not None
    thread = thread or begun.run_id
    resume = Resume(begun.run_id, {"0" * 32: "yes"})
    turn.request = replace(turn.request, resume=resume, configurable={"thread_id": thread})
    assert run(turn)[-1] == "error"
    assert (end := turn.sessions[-1].state.finished) is not None
    assert end.data.error is not None
    assert said in end.data.error.message
    assert turn.exit_code is ExitCode.USAGE


def test_ag_ui_names_the_run_that_an_answer_goes_on_with() -> None:
    heard = Heard()
    run(turn_of("stopped", saying("continue"), heard))
    first, second = heard.of(ev.RunStarted)
    started = Translator().translate(second)[0]
    assert started["parentRunId"] == first.run_id
    assert started["threadId"] == first.run_id


def test_a_recording_that_broke_off_is_not_gone_on_with() -> None:
    written: list[ev.Event] = []

    class Full:
        required = True

        def write(self, event: ev.Event) -> None:
            written.append(event)
            raise OSError("no space")

        def close(self) -> None: ...

    turn = turn_of("two", saying("yes", "no"), recorders=[Full()])
    assert run(turn) == ["interrupted", "success"]
    assert len(written) == 1
    assert turn.exit_code is ExitCode.FAILED


OUTSIDE = {
    "piped": "deleted sent to bob",
    "threaded": "deleted sent to bob",
    "at_once": APPROVED,
    "in_chain": "{'said': ['said']}",
}


def stepping(agent: str, ask: Asker, *sinks: Any, **more: Any) -> Turn:
    turn = turn_of(agent, ask, *sinks, **more)
    turn.request = replace(turn.request, step=True)
    return turn


@in_turn("agent, mode", OUTSIDE, MODES)
def test_at_a_breakpoint_outside_of_a_graph_the_run_itself_waits(agent: str, mode: Any) -> None:
    heard, open_at_once, began = Heard(), list[str](), list[int]()

    async def ask(asked: Sequence[ev.Interrupt]) -> dict[str, Any]:
        ((data,), deadline) = [each.data for each in asked], turn.stop.deadline
        open_at_once.append(data.id)
        await asyncio.sleep(0.02)
        assert (open_at_once.pop(), open_at_once, deadline) == (data.id, [], math.inf)
        began.append(len(heard.of(ev.Interrupt)))
        return {data.id: "step"}

    turn = stepping(agent, ask, heard, mode=mode)
    assert run(turn) == ["success"]
    assert turn.stop.deadline < math.inf
    stops = heard.of(ev.Interrupt)
    assert all(each.data.in_place is True for each in stops)
    assert began == [1, 2][: len(stops)]
    assert len(stops) == (1 if agent == "in_chain" else 2)
    assert [each.data.output for each in heard.of(ev.Answer)] == [OUTSIDE[agent]]


@pytest.mark.parametrize("agent", ["piped", "threaded", "at_once", "in_chain", "on_loop"])
def test_who_leaves_a_breakpoint_outside_of_a_graph_is_asked_no_more(agent: str) -> None:
    heard = Heard()
    assert run(stepping(agent, saying(), heard)) == ["interrupted"]
    (stop,) = heard.of(ev.Interrupt)
    agui = Translator()
    waits = [made for event in heard.events for made in agui.translate(event)][-1]["outcome"]
    assert [each["id"] for each in waits["interrupts"]] == [stop.data.id]
    assert not heard.of(ev.ToolFinished)
    assert [each.data.code for each in heard.of(ev.Warned)] == ["unresumable"]


def test_what_an_event_loop_would_stand_still_for_is_not_asked() -> None:
    assert run(stepping("on_loop", saying("step", "step"))) == ["interrupted"]


@pytest.mark.parametrize("agent", ["piped", "threaded", "at_once"])
def test_a_signal_at_a_breakpoint_outside_of_a_graph_ends_the_run(agent: str) -> None:
    closed = list[str]()

    async def ask(asked: Sequence[ev.Interrupt]) -> None:
        asyncio.get_running_loop().call_soon(turn.cancel, ExitCode.TERMINATED)
        try:
            await asyncio.sleep(60)
        finally:
            closed.append(asked[0].data.id)

    turn = stepping(agent, ask)
    assert run(turn) == ["cancelled"]
    assert (len(closed), turn.exit_code) == (1, ExitCode.TERMINATED)
