"""The parts of a run's stream that a server seldom sends, or never should."""

from __future__ import annotations

import asyncio
import copy
import math
import random
from collections.abc import Sequence
from typing import Any

from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.remote.reading import Reading
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.sources.base import AgentRun
from tests.support.asked import Heard
from tests.support.contract import ALL

Part = tuple[str, Any]
ASK: Any = {"type": "human", "content": "where?", "id": "h1"}
CALL: Any = {"name": "look", "args": {}, "id": "c1", "type": "tool_call"}
WANTS: Any = {"type": "ai", "content": "", "id": "a1", "name": "agent", "tool_calls": [CALL]}
FOUND: Any = {"type": "tool", "content": "here", "id": "t1", "tool_call_id": "c1", "name": "look"}
SAYS: Any = {"type": "ai", "content": "It is here.", "id": "a2"}
METADATA: Part = ("metadata", {"run_id": "root", "attempt": 1})


def event(what: str, run: str, name: str, *parents: str, node: str = "", **data: Any) -> Part:
    metadata: Any = {"lc_agent_name": "agent"}
    if node:
        metadata |= {"langgraph_node": node, "langgraph_checkpoint_ns": f"{node}:{parents[-1]}"}
    told = {"event": f"on_{what}", "run_id": run, "name": name, "parent_ids": list(parents)}
    return ("events", {**told, "tags": [], "metadata": metadata, "data": data})


def task(node: str, run: str, **more: Any) -> Part:
    return ("tasks", {"id": run, "name": node, **more})


def model(run: str, said: str, message: Any, sent: Any = (ASK,)) -> list[Part]:
    """A node that asks a model, from beginning to end."""
    node, where = f"node-{run}", {"node": f"n-{run}"}
    ns: Any = {"node": where["node"]}
    chunk = {"type": "AIMessageChunk", "content": said, "id": message["id"]}
    return [
        event("chain_start", node, ns["node"], "root", **ns, input={"messages": list(sent)}),
        event("chat_model_start", run, "Model", "root", node, input={"messages": [list(sent)]}),
        event("chat_model_stream", run, "Model", "root", node, chunk=chunk),
        event("chat_model_end", run, "Model", "root", node, output=message),
        event("chain_end", node, ns["node"], "root", **ns, output={"messages": [message]}),
    ]


BEGIN = event("chain_start", "root", "agent", input={"messages": [ASK]})
TOOL: list[Part] = [
    event("chain_start", "tools", "tools", "root", node="tools", input=[CALL]),
    event("tool_start", "look", "look", "root", "tools", input={}),
    event("tool_end", "look", "look", "root", "tools", output=FOUND),
    event("chain_end", "tools", "tools", "root", node="tools", output={"messages": [FOUND]}),
]
END = event("chain_end", "root", "agent", output={"messages": [ASK, WANTS, FOUND, SAYS]})
FIRST, LAST = model("m1", "", WANTS), model("m2", "It is here.", SAYS, (ASK, WANTS, FOUND))
WHOLE = [METADATA, BEGIN, *FIRST, *TOOL, *LAST, END]


def read(parts: Sequence[Part], *, learned: str = "") -> list[Any]:
    """The events of a run that streams these parts; `learned` is told of its errors meanwhile."""
    seen, nothing = Heard(), object()
    session = Session(Broadcast([seen], filters=ALL))
    agent_run: Any = AgentRun(nothing, nothing, None, max_steps=math.inf)  # type: ignore[arg-type]

    async def events() -> Any:
        reading = Reading(session.attached(agent_run))
        for name, data in parts:
            if learned and reading.lacks_words(name, data):
                reading.failures.learn([learned], None)
            for made in reading.read(name, data):
                yield made
        for made in reading.finish():
            yield made

    data = ev.RunStartedData(agent="a", mode="events", input="where?")
    asyncio.run(session.drive(ev.RunStarted(run_id="root", data=data), events()))
    return seen.events


def of(events: list[Any], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def test_what_a_server_streams_is_read_from_beginning_to_end() -> None:
    events = read(WHOLE)
    (acted,), (seen,) = of(events, ev.Action), of(events, ev.Observation)
    assert (acted.call, seen.call, seen.data.tool_call_id) == ("1", "1", "c1")
    assert events[-1].data.output == "It is here."
    assert of(events, ev.Warned) == []


def test_a_run_that_another_process_of_the_server_goes_on_with_says_what_is_begun_again() -> None:
    """Nothing ends what was open: the new process begins that node again, after the checkpoint."""
    cut = LAST[:3]
    again = model("m3", "It is here.", SAYS, (ASK, WANTS, FOUND))
    events = read([METADATA, BEGIN, *FIRST, *TOOL, *cut, METADATA, BEGIN, *again, END])
    first, left, last = of(events, ev.LlmFinished)
    assert left.data.error.message == "The server began this step again."
    assert (first.data.error, last.data.error) == (None, None)
    assert events[-1].data.output == "It is here."
    assert len([each for each in of(events, ev.Node) if each.run_id == "root"]) == 2


def test_a_run_that_was_joined_late_is_read_from_there() -> None:
    events = read([*LAST[3:], END])
    (model_ended,) = of(events, ev.LlmFinished)
    assert model_ended.parent_ids == ["root"]
    assert events[-1].data.output == "It is here."


def test_a_tool_of_several_knows_its_call_where_no_other_is_alike() -> None:
    """A node that is given the state: after a pause no model of this run has written the calls."""
    calls = [{**CALL, "id": "c1", "args": {"a": 1}}, {**CALL, "id": "c2", "args": {"a": 2}}]
    asked = {"messages": [ASK, {**WANTS, "tool_calls": calls}]}
    begun = event("chain_start", "tools", "tools", "root", node="tools", input=asked)
    tool = event("tool_start", "look", "look", "root", "tools", input={"a": 2})
    (started,) = of(read([METADATA, BEGIN, begun, tool, END]), ev.ToolStarted)
    assert started.data.tool_call_id == "c2"


def test_a_tool_whose_words_are_withheld_fails_with_those_of_its_node() -> None:
    hidden = {"error": "NoCatError", "message": "An internal error occurred"}
    failed = event("tool_error", "look", "look", "root", "tools", error=hidden)
    parts = [METADATA, BEGIN, task("tools", "root", triggers=[]), *TOOL[:2], failed]
    parts += [task("tools", "root", error=hidden), ("error", hidden)]
    (tool,) = of(read(parts, learned="NoCatError('no cat')"), ev.ToolFinished)
    assert tool.data.error.message == "The tool look failed: NoCatError: no cat"


def test_what_cannot_be_read_is_said_once_of_each_kind() -> None:
    odd = [("events", {**BEGIN[1], "run_id": f"odd {n}", "parent_ids": n}) for n in range(1, 200)]
    events = read([METADATA, BEGIN, *odd, END])
    assert [each.data.code for each in of(events, ev.Warned)] == ["unread_record"]


def places_in(value: Any) -> list[tuple[Any, Any]]:
    """Every place in JSON: what holds it, and its key there."""
    items = list(value.items() if isinstance(value, dict) else enumerate(value))
    inner = (each for _, each in items if isinstance(each, dict | list))
    return [(value, key) for key, _ in items] + [
        place for each in inner for place in places_in(each)
    ]


def test_whatever_a_server_streams_makes_events_that_can_be_kept() -> None:
    luck = random.Random(17)  # noqa: S311
    strange: list[Any] = [None, 7, -1.5, "", "x", [], {}, [None], {"a": [1]}, True, [[]]]
    for _ in range(300):
        parts = copy.deepcopy([*WHOLE[: luck.randrange(3, len(WHOLE))], END])
        for _ in range(luck.randrange(1, 4)):
            holder, key = luck.choice(places_in(luck.choice(parts)[1]))
            holder[key] = luck.choice(strange)
        events = read(parts)
        assert [decode(encode(event)) for event in events] == events
        assert isinstance(events[-1], ev.RunFinished)
