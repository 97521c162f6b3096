"""Runs on a server that other clients started: in whichever modes, and from a hostile server."""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest

from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.remote.joined import Joined
from catagent.remote.running import Ended, State, There
from catagent.run import joined
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.sinks.base import Sink
from catagent.sources.base import AgentRun

Part = tuple[str, Any]
ROOT = "01a21b60-2972-71bc-97be-b65b7939e17e"
MODEL = "lc_run--01a21b60-2d01-73db-acc4-cdf13aa18e56"
ASK: Any = {"type": "human", "content": "Where is the cat?", "id": "h1"}
CALL: Any = {"name": "places", "args": {"kind": "cat"}, "id": "c1", "type": "tool_call"}
WANTS: Any = {"type": "ai", "content": "", "id": MODEL, "tool_calls": [CALL]}
TOLD: Any = {"type": "tool", "content": "in the box", "id": "t1", "tool_call_id": "c1"}
SAYS: Any = {"type": "ai", "content": "In the box.", "id": f"{MODEL[:-1]}7"}
USAGE = {"input_tokens": 10, "output_tokens": 5, "total_tokens": 15}
PAUSE = {"value": {"question": "Shall I?"}, "id": "i1"}


def about(node: str, step: int) -> dict[str, Any]:
    """What comes with a message of a node."""
    ns = {"langgraph_node": node, "langgraph_checkpoint_ns": f"{node}:{step}"}
    return {**ns, "langgraph_step": step, "ls_model_name": "m-1", "tags": ["t"]}


def chunk(of: Any, content: str, **more: Any) -> Any:
    return {"type": "AIMessageChunk", "content": content, "id": of["id"], **more}


def written(args: str, **more: Any) -> Any:
    piece = {"name": None, "args": args, "id": None, "index": 0, **more}
    return chunk(WANTS, "", tool_call_chunks=[piece])


MESSAGES: list[Part] = [
    ("messages", [written('{"kind":', name="places", id="c1"), about("model", 1)]),
    ("messages", [written(' "cat"}'), about("model", 1)]),
    ("messages", [chunk(WANTS, "", usage_metadata=USAGE), about("model", 1)]),
    ("messages", [TOLD, about("tools", 2)]),
    ("messages", [chunk(SAYS, "In the ", tool_call_chunks=[]), about("model", 3)]),
    ("messages", [chunk(SAYS, "box.", tool_call_chunks=[]), about("model", 3)]),
]
PARTIAL: list[Part] = [
    ("messages/metadata", {WANTS["id"]: {"metadata": about("model", 1)}}),
    ("messages/partial", [WANTS]),
    ("messages/metadata", {TOLD["id"]: {"metadata": about("tools", 2)}}),
    ("messages/complete", [TOLD]),
    ("messages/metadata", {SAYS["id"]: {"metadata": about("model", 3)}}),
    ("messages/partial", [{**SAYS, "content": "In the "}]),
    ("messages/partial", [SAYS]),
]
VALUES: list[Part] = [
    ("values", {"messages": [ASK]}),
    ("values", {"messages": [ASK, WANTS]}),
    ("values", {"messages": [ASK, WANTS, TOLD]}),
    ("values", {"messages": [ASK, WANTS, TOLD, SAYS]}),
]
UPDATES: list[Part] = [
    ("updates", {"model": {"messages": [WANTS]}}),
    ("updates", {"tools": {"messages": [TOLD]}}),
    ("updates", {"model": {"messages": [SAYS]}}),
]
BOTH = [VALUES[0], *MESSAGES[:3], VALUES[1], MESSAGES[3], VALUES[2], *MESSAGES[4:], VALUES[3]]
ALL = [*MESSAGES[:3], UPDATES[0], MESSAGES[3], UPDATES[1], *MESSAGES[4:], UPDATES[2]]


class Seen(Sink):
    """Keeps every event."""

    def __init__(self) -> None:
        self.events: list[ev.Event] = []

    def write(self, event: ev.Event) -> None:
        self.events.append(event)


def read(parts: Sequence[Part], state: Any = None, *, is_late: bool = False) -> list[ev.Event]:
    """The events of a run that streams these parts, and leaves this state."""
    seen, nothing = Seen(), object()
    session = Session(Broadcast([seen]))
    run: Any = AgentRun(nothing, nothing, None, max_steps=math.inf)  # type: ignore[arg-type]
    reading = Joined(session.attached(run), ROOT, "cat", is_late=is_late)

    async def events() -> Any:
        for event in reading.begin({"messages": [ASK]}):
            yield event
        for name, data in parts:
            for event in reading.read(name, data):
                yield event
        reading.settle(Ended("success", "", State(state)))
        for event in reading.finish():
            yield event

    data = ev.RunStartedData(agent="cat", mode="events", input="?")
    asyncio.run(session.drive(ev.RunStarted(run_id=ROOT, name="cat", data=data), events()))
    return seen.events


def facts(events: list[ev.Event]) -> list[tuple[str, str]]:
    """Decisions, observations and the answer: what each is, and what it says."""
    found = []
    for event in events:
        if isinstance(event, ev.Action):
            found.append(("action", f"{event.data.tool} {event.data.tool_input}"))
        elif isinstance(event, ev.Observation):
            found.append(("observation", event.data.output))
        elif isinstance(event, ev.Answer):
            found.append(("answer", event.data.output))
    return found


@pytest.mark.parametrize(
    "parts",
    [VALUES, UPDATES, BOTH, ALL, MESSAGES, PARTIAL],
    ids=["values", "updates", "messages-and-values", "messages-and-updates", "messages", "partial"],
)
def test_a_joined_run_says_the_same_of_its_calls_in_every_mode(parts: list[Part]) -> None:
    events = read(parts, VALUES[-1][1])
    assert facts(events) == [
        ("action", "places {'kind': 'cat'}"),
        ("observation", "in the box"),
        ("answer", "In the box."),
    ]
    assert sum(isinstance(event, ev.Warned) for event in events) == 1, "what is not told"
    assert isinstance(events[-1], ev.RunFinished)
    assert events[-1].data.status == "success"


@pytest.mark.parametrize("parts", [BOTH, ALL, MESSAGES], ids=["values", "updates", "alone"])
def test_models_of_a_joined_run_stream_under_the_name_of_their_node(parts: list[Part]) -> None:
    events = read(parts)
    tokens = [each for each in events if isinstance(each, ev.LlmToken)]
    assert [(each.name, each.data.delta) for each in tokens if each.data.channel == "text"] == [
        ("model", "In the "),
        ("model", "box."),
    ]
    first, last = (each.data for each in events if isinstance(each, ev.LlmFinished))
    assert [call.args for call in first.tool_calls] == [{"kind": "cat"}]
    assert (first.usage and first.usage.total_tokens, last.text) == (15, "In the box.")
    assert last.model == "m-1"


@pytest.mark.parametrize("mode", ["values", "updates"])
def test_a_joined_run_that_asks_a_person_waits(mode: str) -> None:
    events = read([*VALUES[:2], MESSAGES[3], (mode, {"__interrupt__": [PAUSE]})])
    assert not any(isinstance(event, ev.Update) for event in events), "no node has ended"
    asked = [event.data for event in events if isinstance(event, ev.Interrupt)]
    assert [(each.id, each.value) for each in asked] == [("i1", {"question": "Shall I?"})]
    assert isinstance(events[-1], ev.RunFinished)
    assert events[-1].data.status == "interrupted"


def test_a_call_whose_beginning_was_missed_is_no_fault_of_the_model() -> None:
    events = read(ALL[1:], is_late=True)
    codes = [event.data.code for event in events if isinstance(event, ev.Warned)]
    assert codes == ["untold"]
    assert facts(events)[0] == ("action", "places {'kind': 'cat'}"), "as its node says"


@pytest.mark.parametrize("modes", [7, {}, None, [1], "values"])
def test_modes_of_any_form_are_those_that_its_parts_are_of(modes: Any) -> None:
    there = There(run_id=UUID(ROOT), thread_id=UUID(ROOT), kwargs={"stream_mode": modes})
    run: Any = AgentRun(None, None, None, max_steps=math.inf)  # type: ignore[arg-type]
    [first, *_] = joined._Reading(run, there, "cat").read("values", {"messages": [ASK]})
    assert isinstance(first, ev.Warned)


def test_a_joined_run_that_fails_says_why() -> None:
    events = read([*UPDATES[:1], ("error", {"error": "ValueError", "message": "no such place"})])
    assert isinstance(events[-1], ev.RunFinished)
    assert events[-1].data.error is not None
    assert "ValueError: no such place" in events[-1].data.error.message


def test_models_of_subgraphs_in_a_joined_run_are_those_of_their_node() -> None:
    ns = {"langgraph_node": "model", "langgraph_checkpoint_ns": "inner:1|model:2"}
    events = read([("messages|inner:1", [chunk(SAYS, "In the box."), ns])])
    begun = next(event for event in events if isinstance(event, ev.LlmStarted))
    assert (begun.data.agent, begun.name) == ("inner", "model")
    assert begun.parent_ids[1] == "1", "the node around the graph"


POOL: list[Any] = [None, 3, -1.5, "", "x\0\x1b[31m", [], {}, [[]], {"type": "ai"}, {"": {}}, True]
POOL += [ASK, WANTS, TOLD, "a:b|c:d", {"__interrupt__": [1]}, {"metadata": 1}, 2**70]


def mangled(value: Any, luck: random.Random, odds: float = 0.08) -> Any:
    """The same with some of its parts replaced by what does not belong there."""
    if luck.random() < odds:
        return copy.deepcopy(luck.choice(POOL))
    if isinstance(value, list):
        return [mangled(each, luck, odds) for each in value if luck.random() > odds / 4]
    if isinstance(value, dict):
        kept = ((key, each) for key, each in value.items() if luck.random() > odds / 4)
        return {key: mangled(each, luck, odds) for key, each in kept}
    return value


@pytest.mark.parametrize("seed", range(12))
def test_parts_of_any_shape_in_any_order_end_no_joined_run_with_a_traceback(seed: int) -> None:
    luck = random.Random(seed)  # noqa: S311 - a test's dice
    for _ in range(25):
        parts = [
            *BOTH,
            *ALL,
            *PARTIAL,
            ("custom", {"a": 1}),
            ("updates", {"__interrupt__": [PAUSE]}),
        ]
        luck.shuffle(parts)
        broken = [
            (luck.choice([name, "", "x|y", name + "|a:1"]), mangled(data, luck))
            for name, data in parts
        ]
        events = read(broken, mangled(VALUES[-1][1], luck))
        assert isinstance(events[-1], ev.RunFinished)
        error = events[-1].data.error
        assert error is None or error.kind != "program", error
        assert [decode(encode(event)) for event in events] == events
