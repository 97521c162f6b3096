"""What the inspector tells of a part of a run, as of an event: sent, came, changed, raw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from catagent.errors import OutputError
from catagent.events import types as ev
from catagent.inspect.details import Details, Line
from catagent.inspect.span import Span
from catagent.inspect.spans import Index
from catagent.recordings.reader import read
from catagent.views.options import ViewOptions
from catagent.views.style import live_look
from tests.inspect.test_tree import RECORDED, TS, indexed, one, recorded

LOOK = live_look(ViewOptions())


def told(index: Index, span: Span, at: int | None = None) -> dict[str, list[str]]:
    sections = Details(index, LOOK).of(span, len(index) if at is None else at)
    return {section.title: words(section.lines) for section in sections}


def words(lines: Sequence[Line]) -> list[str]:
    return [text for _, text in lines]


def test_details_have_all_that_a_model_was_sent_whole() -> None:
    index = recorded("events")
    sent = told(index, one(index, "gpt-4o-mini", 2))["sent"]
    asked = sent.index("human")
    assert sent[asked + 1] == "what items are located where the cat is hiding?"
    assert sent[sent.index("ai cat") + 1] == "→ where_cat_is_hiding()"
    assert '→ get_items(place="under the sofa")' in sent
    assert "may call get_items" in sent
    assert not any("not here" in line for line in sent)


def test_details_have_what_a_model_had_written_by_then() -> None:
    index = recorded("events")
    model, details = one(index, "Get Items LLM"), Details(index, LOOK)
    by_event = {
        at: next((words(s.lines) for s in details.of(model, at) if s.title == "came"), [])
        for at in (38, 40, 41, 39, 41, len(index))
    }
    assert by_event[38] == []
    assert [len(by_event[at][0]) for at in (39, 40, 41)] == sorted(
        len("".join(by_event[at])) for at in (39, 40, 41)
    )
    whole, facts = by_event[len(index)]
    assert whole.startswith(by_event[41][0])
    assert facts.startswith("gpt-4o-mini · 10 tokens in, 6 out")


def test_details_have_arguments_while_they_are_written_and_reasoning() -> None:
    index = recorded("events")
    assert told(index, one(index, "gpt-4o-mini", 1), 28)["came"] == ['→ get_items({"place": "und']
    reasoning = recorded("reasoning")
    model = one(reasoning, "gpt-4o-mini")
    came = Details(reasoning, LOOK).of(model, len(reasoning))[1].lines
    assert came[0][0] == "reasoning"


def test_details_of_a_tool_say_each_thing_once() -> None:
    index = recorded("events")
    of = told(index, one(index, "get_items"))
    assert of["sent"] == ["place: under the sofa"]
    assert len(of["came"]) == 1


def test_details_have_what_nodes_changed_and_the_state_at_the_end() -> None:
    index = recorded("nested")
    node = told(index, one(index, "model"))
    assert node["changed"][-1] == '    → research(topic="sofas")'
    run = told(index, index.roots[0])
    assert run["changed"][0] == "model: 1 message"
    assert len(run["changed"]) == 10
    assert run["state"][1] == "  human: what items are located where the cat is hiding?"
    before = told(index, index.roots[0], len(index) - 1)
    assert "state" not in before
    assert told(index, index.roots[0], 40)["changed"] == run["changed"][:2]


def test_details_have_an_error_with_what_to_do_about_it() -> None:
    index = recorded("cut-stream")
    message, hint = told(index, one(index, "Get Items LLM"))["error"]
    assert message.startswith("NetworkError: The stream of Get Items LLM was cut off")
    assert hint.startswith("hint: try again")


def test_details_of_a_call_that_never_ran_come_of_its_model() -> None:
    index = recorded("limit")
    call = one(index, "where_cat_is_hiding", 2)
    assert (call.status(len(index)), call.events(len(index))) == ("decided", 0)
    assert told(index, call)["raw"][1] == '  "type": "llm.finished",'


@pytest.mark.parametrize(
    ("name", "span", "number", "said"),
    [
        ("retry", "gpt-4o-mini", 0, "retry 1 of"),
        ("length", "gpt-4o-mini", 2, "incomplete"),
        ("fan-out", "look", 0, "searched: "),
        ("interrupt", "HumanInTheLoopMiddleware.after_model", 1, "get_items"),
        ("parallel", "get_items", 2, "under the sofa"),
    ],
)
def test_details_have_what_happened_in_a_part_beside_its_work(
    name: str, span: str, number: int, said: str
) -> None:
    index = recorded(name)
    of = told(index, one(index, span, number))
    assert any(said in line for line in of["came"] + of.get("sent", []))


def test_details_say_what_is_left_out_of_the_stream() -> None:
    """A filter, or `tail`, has taken what a prompt refers to."""
    events = list(read(RECORDED / "events.jsonl"))
    index = indexed([event for event in events if not 0 < event.seq < 40])
    sent = told(index, one(index, "gpt-4o-mini"))["sent"]
    assert any(line.startswith("1 message up to ") for line in sent)
    assert "may call get_items" in sent


def test_details_of_a_run_that_waits_say_what_a_person_is_asked() -> None:
    index = recorded("interrupt")
    run, asked = index.roots[0], "answers to get_items: approve, reject"
    assert told(index, run)["came"][-1] == asked
    assert told(index, one(index, "tools"), len(index)).get("came", []) == []
    assert asked not in told(index, run, 40).get("came", [])


def test_details_of_a_failed_run_say_where() -> None:
    error = ev.ErrorInfo(
        kind="agent", type="KeyError", message="'x'", node="plan", file="app.py", line=3,
        source="state['x']",
        others=[ev.Failure(kind="tool", type="ToolError", message="In it: ToolError: too")],
    )  # fmt: skip
    resumed = ev.RunStartedData(
        agent="cat", mode="events", input=None, resumes="before", answers={"i": "yes"}
    )
    failed = ev.NodeData(kind="chain", phase="error", content="KeyError('x')")
    ended = ev.RunFinishedData(status="error", exit_code=1, error=error)
    index = indexed([
        ev.RunStarted(run_id="r", name="cat", ts=TS, data=resumed),
        ev.Node(run_id="n", parent_ids=["r"], name="plan", tags=["graph:step:1"], data=failed),
        ev.Warned(run_id="r", data=ev.WarningData(code="w", message="careful", hint="so")),
        ev.RunFinished(run_id="r", ts=TS, data=ended),
    ])  # fmt: skip
    run = told(index, index.roots[0])
    assert run["error"] == [
        "KeyError: 'x'", "in node plan, at app.py:3", "  state['x']", "In it: ToolError: too",
    ]  # fmt: skip
    assert run["came"][:2] == ["careful", "so"]
    assert run["sent"][-1].endswith('"yes"}')
    assert told(index, one(index, "plan"))["error"] == ["KeyError('x')"]
    assert index.errors == [1]


def test_details_read_the_state_of_a_kept_thread_only_when_they_are_looked_at() -> None:
    index, asked = recorded("events"), list[tuple[str, float]]()

    def kept(thread: str, moment: float) -> Any:
        asked.append((thread, moment))
        if len(asked) == 2:
            raise OutputError("the thread is damaged\x1b")
        return {"messages": [{"type": "human", "content": "hello"}]} if len(asked) == 1 else None

    details = Details(index, LOOK, kept)
    found = []
    for at in (20, 21, 22):
        [state] = [each for each in details.of(index.roots[0], at) if each.title == "state"]
        assert len(asked) == at - 20
        found.append([words(state.lines), words(state.lines)][1])
    assert found[0] == ["messages:", "  human: hello"]
    assert found[1] == ["the thread is damaged\u241b"]
    assert found[2][0].startswith("nothing of it is kept here")
    assert asked[0] == (index.roots[0].root, index.clock(20))


def hostile(text: str, size: int) -> list[ev.Event]:
    started = ev.RunStartedData(agent="cat", mode="events", input=text)
    message = ev.Message(type="human", content=text * size, id="m")
    return [
        ev.RunStarted(run_id="r", name="cat", ts=TS, data=started),
        ev.LlmStarted(run_id="m", parent_ids=["r"], name="m", ts=TS,
                      data=ev.LlmStartedData(model="m", messages=[message])),
        *(ev.LlmToken(run_id="m", parent_ids=["r"], ts=TS,
                      data=ev.LlmTokenData(channel="text", delta=text)) for _ in range(3)),
        ev.Unknown(fields={"type": "strange", "run_id": "m", "says": text}),
    ]  # fmt: skip


def test_details_are_cleaned_wherever_the_text_comes_from() -> None:
    index = indexed(hostile("\x1b]8;;http://x\x07\u202e[red]", 1))
    for span in index.spans_at(len(index)):
        for lines in told(index, span).values():
            assert not any(set("\x1b\x07\u202e\n") & set(line) for line in lines)
    came = told(index, one(index, "m"))["came"]
    assert any("strange" in line for line in came)
    assert any(line.endswith("[red]") for line in came)


def test_details_show_a_long_event_whole_and_the_newest_token_as_json() -> None:
    index = indexed(hostile("a b c", 1_000_000))
    of = told(index, one(index, "m"))
    assert len(of["sent"][1]) == 5_000_000 < max(map(len, of["raw"]))
    newest = told(index, one(index, "m"), 5)["raw"]
    assert sum('"llm.token"' in line for line in newest) == 1
