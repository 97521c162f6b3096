"""What models were sent: whole where it is known, and its reference where it is not."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catagent.events import types as ev
from catagent.events.codec import decode, encode, encode_plain
from catagent.events.prompts import Prompts
from tests.support.strategies import events


def said(message_id: str, content: str, kind: str = "ai") -> ev.Message:
    return ev.Message(type=kind, content=content, id=message_id)


def plain(message_id: str, content: str) -> dict[str, Any]:
    return {"type": "tool", "content": content, "id": message_id}


def asked(*messages: ev.Message | ev.Ref, tools: list[ev.Tool | ev.Ref] | None = None) -> ev.Event:
    data = ev.LlmStartedData(model="m", messages=list(messages), tools=tools or [])
    return ev.LlmStarted(run_id="llm", data=data)


def resolved(run: list[ev.Event]) -> list[list[str]]:
    """The contents of what each model of a run was sent; `ref:` and the id of what is not known."""
    prompts, found = Prompts(), []
    for event in run:
        prompts.take(event)
        if isinstance(event, ev.LlmStarted):
            messages = prompts.messages(event.data)
            found.append([f"ref:{m.ref}" if isinstance(m, ev.Ref) else m.content for m in messages])
    return found


def test_a_reference_means_the_last_whole_message_before_it() -> None:
    run = [
        asked(said("q", "why?"), ev.Ref("later")),
        asked(ev.Ref("q")),
        asked(said("q", "why not?")),
        asked(ev.Ref("q"), said("later", "because")),
        asked(ev.Ref("later"), ev.Ref("never")),
    ]
    assert resolved(run) == [
        ["why?", "ref:later"],
        ["why?"],
        ["why not?"],
        ["why not?", "because"],
        ["because", "ref:never"],
    ]


def test_whole_messages_stand_in_every_event_that_holds_messages() -> None:
    finished = ev.LlmFinishedData(model="m", text="", message=said("finished", "1"))
    action = ev.ActionData(tool="t", tool_input={}, messages=[said("action", "2")])
    seen = ev.ObservationData(
        tool="t", status="success", output="", messages=[said("observation", "3")]
    )
    answer = ev.AnswerData(output="", messages=[said("answer", "4")])
    changes = {"messages": [plain("update", "5")], "deep": {"er": [plain("deep", "6")]}}
    state = {"messages": [plain("state", "7"), {"ref": "answer"}]}
    run: list[ev.Event] = [
        ev.LlmFinished(data=finished),
        ev.Action(data=action),
        ev.Observation(data=seen),
        ev.Answer(data=answer),
        ev.Update(data=ev.UpdateData(node="n", changes=changes)),
        ev.RunFinished(data=ev.RunFinishedData(status="success", exit_code=0, state=state)),
    ]
    ids = ["finished", "action", "observation", "answer", "update", "deep", "state"]
    last = asked(*map(ev.Ref, ids))
    assert resolved([*run, last]) == [list("1234567")]


def test_tools_are_known_by_name() -> None:
    tool = ev.Tool(name="look", description="Looks.", parameters={"type": "object"})
    prompts = Prompts()
    prompts.take(asked(tools=[tool]))
    data = ev.LlmStartedData(model="m", tools=[ev.Ref("look"), ev.Ref("listen")])
    assert prompts.tools(data) == [tool, ev.Ref("listen")]


def test_data_with_references_is_made_whole_and_the_rest_of_it_stays() -> None:
    prompts = Prompts()
    prompts.take(asked(said("q", "why?", "human")))
    value = {"messages": [{"ref": "q"}, {"ref": "never"}], "ref": "q", "n": [1, {"x": None}]}
    whole = prompts.whole(value)
    assert whole["messages"][0]["content"] == "why?"
    assert whole | {"messages": value["messages"]} == value
    assert whole["messages"][1] == {"ref": "never"}


def test_a_recording_resolves_as_the_run_did() -> None:
    """Messages and references are two types in memory, and told apart in a line."""
    run = [asked(said("q", "why?")), asked(ev.Ref("q"), ev.Ref("never"))]
    assert resolved([decode(encode(event)) for event in run]) == resolved(run)


@given(st.lists(events, max_size=8))
def test_any_events_in_any_order_can_be_resolved(run: list[ev.Event]) -> None:
    prompts = Prompts()
    for event in run:
        prompts.take(event)
        if isinstance(event, ev.LlmStarted):
            assert len(prompts.messages(event.data)) == len(event.data.messages)
            assert len(prompts.tools(event.data)) == len(event.data.tools)
        if isinstance(event, ev.Update):
            encode_plain(prompts.whole(event.data.changes))


def test_data_that_nests_without_end_is_left_as_it_is() -> None:
    value: Any = {"ref": "q"}
    for _ in range(100_000):
        value = [value]
    prompts = Prompts()
    prompts.take(ev.Update(data=ev.UpdateData(node="n", changes=value)))
    assert prompts.whole(value)


def test_one_reference_stands_for_a_long_run_of_messages() -> None:
    ids = [f"m{number}" for number in range(50)]
    run = [
        asked(*(said(key, key) for key in ids)),
        asked(ev.Ref("m49", before=49), said("new", "new")),
        asked(said("other", "system"), ev.Ref("m49", before=48), ev.Ref("new")),
        asked(said("m3", "changed"), ev.Ref("new", before=2)),
        asked(ev.Ref("never", before=3), ev.Ref("m49", before=60)),
    ]
    assert resolved(run) == [
        ids,
        [*ids, "new"],
        ["system", *ids[1:], "new"],
        ["changed", "m48", "m49", "new"],
        ["ref:never", "ref:m49"],
    ]
