"""Keys of calls for recordings made before events had them: each event at its own call."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.recordings.call_keys import CallKeys
from catagent.recordings.reader import Reader
from tests.support import strategies
from tests.support.recordings import read_recording
from tests.support.runs import ROOT, cat_run

BEFORE = Path(__file__).parents[1] / "fixtures/before"
CALLS = (ev.Action, ev.ToolStarted, ev.ToolFinished, ev.Observation)


def keyed(events: Iterable[ev.Event]) -> list[ev.Event]:
    keys, given_ = CallKeys(), list(events)
    for event in given_:
        keys(event)
    return given_


def calls(events: Iterable[ev.Event]) -> list[tuple[str, str | None]]:
    """Type and key of what is about calls, and of what models wrote them."""
    return [(event.type, event.call) for event in events if isinstance(event, CALLS)]


def written(events: Iterable[ev.Event]) -> list[object]:
    return [
        call.call
        for event in events
        if isinstance(event, ev.LlmFinished)
        for call in event.data.tool_calls
    ]


class Agent:
    """One agent of an old recording: where its models and tools run, by ids of theirs."""

    def __init__(self, *around: str) -> None:
        self.around = [ROOT, *around]

    def model(
        self, run: str, *wanted: tuple[str, str | None], inside: str | None = None
    ) -> ev.Event:
        """A model ends that wants these calls: tool and id."""
        tool_calls = [ev.ToolCall(id=call_id, name=tool, args={}) for tool, call_id in wanted]
        data = ev.LlmFinishedData(model="m", text="", tool_calls=tool_calls)
        return ev.LlmFinished(
            run_id=run, parent_ids=[*self.around, f"node-{run}"], tool_call_id=inside, data=data
        )

    def action(self, run: str, tool: str, call_id: str | None) -> ev.Event:
        data = ev.ActionData(tool=tool, tool_input={}, tool_call_id=call_id)
        return ev.Action(run_id=run, parent_ids=[*self.around, f"node-{run}"], data=data)

    def started(self, run: str, tool: str, call_id: str | None) -> ev.Event:
        data = ev.ToolStartedData(tool=tool, tool_input={}, tool_call_id=call_id)
        return ev.ToolStarted(run_id=run, parent_ids=[*self.around, f"node-{run}"], data=data)

    def ended(self, run: str, tool: str, call_id: str | None, status: ev.ToolStatus) -> ev.Event:
        data = ev.ToolFinishedData(tool=tool, status=status, output="", tool_call_id=call_id)
        return ev.ToolFinished(run_id=run, parent_ids=[*self.around, f"node-{run}"], data=data)

    def seen(self, run: str, tool: str, call_id: str | None) -> ev.Event:
        data = ev.ObservationData(tool=tool, status="success", output="", tool_call_id=call_id)
        return ev.Observation(run_id=run, parent_ids=[*self.around, f"node-{run}"], data=data)

    def ran(self, run: str, tool: str, call_id: str | None, *inside: ev.Event) -> list[ev.Event]:
        """A tool that starts, in which something happens, and that is observed."""
        started, ended = self.started(run, tool, call_id), self.ended(run, tool, call_id, "success")
        return [started, *inside, ended, self.seen(run, tool, call_id)]


def test_nested_calls_with_one_id_are_each_their_own() -> None:
    events, damage = read_recording(BEFORE / "nested-ids.jsonl")
    assert damage is None
    assert calls(events) == [
        ("action", "1"),
        ("tool.started", "1"),
        ("tool.started", "1.1"),
        ("action", "1.1"),
        ("tool.finished", "1.1"),
        ("observation", "1.1"),
        ("tool.started", "1.2"),
        ("action", "1.2"),
        ("tool.finished", "1.2"),
        ("observation", "1.2"),
        ("tool.finished", "1"),
        ("observation", "1"),
    ]
    assert written(events) == ["1", "1.1", "1.2"]
    inside = [e.call for e in events if isinstance(e, ev.LlmStarted)]
    assert inside == [None, "1", "1.1", "1", "1.2", "1", None]


@pytest.mark.parametrize("with_models", [True, False])
def test_ids_that_repeat_in_every_message_are_other_calls(with_models: bool) -> None:
    agent, events = Agent(), list[ev.Event]()
    for turn in "abc":
        wanted = [("get", "call_0"), ("get", "call_1")]
        events += [agent.model(turn, *wanted)] if with_models else []
        events += [agent.action(turn, *call) for call in wanted]
        events += [agent.started(f"{turn}{call[1]}", *call) for call in wanted]
        events += [agent.ended(f"{turn}{call[1]}", *call, "success") for call in wanted]
        events += [agent.seen(f"{turn}{call[1]}", *call) for call in wanted]
    found = calls(keyed(events))
    for number in range(3):
        keys = [key for _, key in found[number * 8 : number * 8 + 8]]
        assert keys == [str(2 * number + 1), str(2 * number + 2)] * 4
    assert written(events) == ([str(n + 1) for n in range(6)] if with_models else [])


def test_a_call_that_was_never_run_takes_nothing_of_the_next_with_its_id() -> None:
    agent = Agent()
    events = [
        agent.model("a", ("get", "call_0")),
        agent.model("b", ("get", "call_0")),
        agent.action("b", "get", "call_0"),
        *agent.ran("tool", "get", "call_0"),
    ]
    assert {key for _, key in calls(keyed(events))} == {"2"}


def test_calls_without_ids_go_by_tool_and_place() -> None:
    agent, inner = Agent(), Agent("node-outer", "outer", "graph")
    events = [
        agent.action("a", "research", None),
        agent.started("outer", "research", None),
        inner.model("b"),
        inner.action("b", "research", None),
        *inner.ran("deep", "research", None),
        agent.ended("outer", "research", None, "success"),
        agent.seen("outer", "research", None),
        agent.action("c", "research", None),
        *agent.ran("later", "research", None),
    ]
    found = [key for _, key in calls(keyed(events))]
    assert found == ["1", "1", *["1.1"] * 4, "1", "1", *["2"] * 4]
    assert events[2].call == "1"  # type: ignore[union-attr]


def test_an_action_may_come_after_its_tool_has_started() -> None:
    agent = Agent()
    for call_id in ("call_0", None):
        events: list[ev.Event] = []
        for turn in "ab":
            started, ended, seen = agent.ran(f"tool-{turn}", "get", call_id)
            model, action = agent.model(turn, ("get", call_id)), agent.action(turn, "get", call_id)
            events += [model, started, action, ended, seen]
        assert [key for _, key in calls(keyed(events))] == ["1"] * 4 + ["2"] * 4
        assert written(events) == ["1", "2"]


def test_steps_tell_nested_agents_with_one_id_apart() -> None:
    """No tool starts there, and what runs inside has only its id."""
    agent, inner = Agent(), Agent("node-outer", "outer", "graph")
    events = [
        agent.model("a", ("research", "call_0")),
        agent.action("a", "research", "call_0"),
        inner.model("b", ("get", "call_0"), inside="call_0"),
        inner.model("deep-model", inside="call_0"),
        inner.action("b", "get", "call_0"),
        inner.seen("deep", "get", "call_0"),
        inner.model("c", inside="call_0"),
        agent.seen("outer", "research", "call_0"),
        agent.ended("failed", "research", "call_9", "error"),
    ]
    assert isinstance(events[3], ev.LlmFinished)
    events[3].parent_ids = [*inner.around, "node-deep", "deep"]
    keyed(events)
    found = [event.call for event in events if not isinstance(event, ev.Unknown)]
    assert found == [None, "1", "1", "1.1", "1.1", "1.1", "1", "1", "2"]
    assert written(events) == ["1", "1.1"]


def test_agents_side_by_side_with_the_same_ids_keep_their_calls() -> None:
    """A fan-out of one tool call: nothing but the runs around says whose call it is."""
    outer = Agent()
    one, two = (Agent("node-outer", "outer", graph) for graph in ("one", "two"))
    call = ("get", "call_0")
    events = [
        outer.action("a", "research", "call_0"),
        outer.started("outer", "research", "call_0"),
        one.model("m1", call),
        two.model("m2", call),
        two.started("t2", *call),
        one.started("t1", *call),
        one.action("m1", *call),
        two.action("m2", *call),
        one.seen("t1", *call),
        two.seen("t2", *call),
    ]
    found = [key for _, key in calls(keyed(events))]
    assert found == ["1", "1", "1.2", "1.1", "1.1", "1.2", "1.1", "1.2"]


def test_a_call_that_is_tried_again_keeps_its_key() -> None:
    agent = Agent()
    events = [
        agent.action("a", "get", "call_0"),
        agent.started("first", "get", "call_0"),
        agent.ended("first", "get", "call_0", "error"),
        *agent.ran("second", "get", "call_0"),
    ]
    assert {key for _, key in calls(keyed(events))} == {"1"}


def test_the_first_piece_of_a_streamed_call_has_its_key() -> None:
    def piece(index: int, **more: str) -> ev.Event:
        data = ev.LlmTokenData(channel="tool_args", delta="{", index=index, **more)
        return ev.LlmToken(run_id="a", parent_ids=[ROOT, "node-a"], data=data)

    first, again = piece(0, tool="get", call_id="x"), piece(0)
    second, late = piece(1, tool="get", call_id="y"), piece(1)
    events = [first, second, late, again, Agent().model("a", ("get", "y"), ("get", "x"))]
    keyed(events)
    given_ = [json.loads(encode(event))["data"].get("call") for event in events]
    assert given_ == ["1", "2", None, None, None]
    assert written(events) == ["2", "1"]


def test_events_with_keys_are_left_alone() -> None:
    events = cat_run()
    for event in events:
        if isinstance(event, CALLS):
            event.call = "7.1"
    lines = b"".join(map(encode, events))
    assert list(Reader().feed(lines)) == events


def related(draw: st.DrawFn) -> Iterator[ev.Event]:
    """Call events in any order, of few runs, ids and tools, so that they meet."""
    some = st.sampled_from
    runs = ["", "r0", "r1", "r2", "r3"]
    for _ in range(draw(st.integers(0, 30))):
        agent = Agent(*draw(st.lists(some(runs), max_size=3)))
        run, tool = draw(some(runs)), draw(some(["get", "put"]))
        call_id = draw(some([None, "", "call_0", "call_1"]))
        yield draw(
            some(
                [
                    agent.model(run, (tool, call_id), inside=call_id),
                    agent.action(run, tool, call_id),
                    agent.started(run, tool, call_id),
                    agent.ended(run, tool, call_id, "error"),
                    agent.seen(run, tool, call_id),
                ]
            )
        )


@given(st.composite(lambda draw: list(related(draw)))())
def test_in_any_order_a_run_of_a_tool_is_of_one_call_and_every_key_is_inside_another(
    events: list[ev.Event],
) -> None:
    keys: dict[str, str] = {}
    known: set[str] = set()
    for event in keyed(events):
        if isinstance(event, ev.LlmFinished):
            new = {str(call.call) for call in event.data.tool_calls}
            assert not new & known  # nobody else's
            known |= new
        elif isinstance(event, CALLS):
            assert event.call is not None
            outer = ev.outer_call(event.call)
            assert outer is None or outer in known
            known.add(event.call)
            if isinstance(event, ev.ToolStarted | ev.ToolFinished) and event.run_id:
                assert keys.setdefault(event.run_id, event.call) == event.call


@given(st.lists(strategies.events, max_size=20))
def test_any_events_at_all_are_taken(events: list[ev.Event]) -> None:
    for event in keyed(events):
        assert not isinstance(event, CALLS) or event.call


def test_keys_of_hostile_nesting_stay_short() -> None:
    """Every call inside the one before it, all with one id, none ever observed."""
    keys, parents, longest = CallKeys(), [ROOT], 0
    for number in range(3000):
        data = ev.ToolStartedData(tool="get", tool_input={}, tool_call_id="call_0")
        event = ev.ToolStarted(run_id=f"t{number}", parent_ids=parents[-1:], data=data)
        parents.append(event.run_id)
        keys(event)
        longest = max(longest, len(event.call or ""))
    assert longest < 100
