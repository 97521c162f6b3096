"""Where two runs part: `differences`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from catagent.compare.differences import differences
from catagent.compare.rows import rows
from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.recordings.reader import read
from tests.support.runs import (
    ROOT,
    decision,
    finished,
    interleaved,
    model,
    started,
    tool,
    words,
)

FOLDER = Path(__file__).parents[1] / "fixtures/v1"
Events = list[ev.Event]


def run(
    *, place: str = "box", system: str = "Be brief.", answer: str = "Found.", seen: str = "a cat"
) -> Events:
    """A model that looks in a place, and answers; each time it is sent all there was."""
    asked = [ev.Message(type="system", content=system), ev.Message(type="human", content="Where?")]
    args = {"place": place}
    call = ev.Message(
        type="ai", content="", tool_calls=[ev.ToolCall(id="c", name="look", args=args)]
    )
    first = decision("m1", "c", "look", [f'{{"place": "{place}"}}'])
    last = model("m2", [answer])
    for events, sent in ((first, asked), (last, [*asked, call, _gave(seen)])):
        events[0].data.messages = sent  # type: ignore[union-attr]
    acts = tool("c", "look", args, [], output=seen, inside=[])
    said = ev.Answer(run_id=ROOT, data=ev.AnswerData(output=answer))
    return [started(), *first, *acts, *last, said, finished(output=answer)]


def _gave(text: str) -> ev.Message:
    return ev.Message(type="tool", content=text, tool_call_id="c")


def told(a: Events, b: Events) -> list[tuple[str, str, str | None, str | None]]:
    return [(each.what, each.where, each.a, each.b) for each in differences(a, b)]


@pytest.mark.parametrize(
    ("one", "other"),
    [("events", "log"), ("events", "steps"), ("raw", "raw-log"), ("fan-out", "fan-out-steps"),
     ("events", "classic"), ("nested", "nested-repeated-ids")],
)  # fmt: skip
def test_differences_of_mode_ids_and_times_are_none(one: str, other: str) -> None:
    a, b = (list(read(FOLDER / f"{name}.jsonl")) for name in (one, other))
    assert differences(a, b) == []
    assert {each.what for each in differences(a, b, times=True)} >= {"id", "time"}


def test_the_first_difference_is_where_the_runs_part_and_what_follows_is_told_once() -> None:
    found = differences(run(place="box", seen="nothing"), run(place="bed", seen="a cat"))
    where = "model call 1, in the agent"
    assert [(each.what, each.where) for each in found] == [
        ("call", where),
        ("observation", "look, call c"),
    ]
    assert found[0].said == 'called look(place="bed") instead of look(place="box")'


def test_a_changed_prompt_is_one_difference_and_its_words_are_marked() -> None:
    (found,) = differences(run(system="Be brief and kind."), run(system="Be brief and rude."))
    assert (found.what, found.where) == ("message", "model call 1, in the agent")
    shown = list(rows(found))
    assert "was sent" in shown[0]
    long = differences(run(answer="".join(words("w", 300))), run(answer="".join(words("w", 299))))
    assert [each.what for each in long] == ["text", "answer"]
    marked = list(rows(long[0]))
    assert [row[:4] for row in marked[1:]] == ["  - ", "  + "]
    assert marked[1].endswith("w298 [-w299-] ")
    assert "w150" not in marked[1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda: run(answer="Gone."), [("text", "Found.", "Gone."), ("answer", "Found.", "Gone.")]),
        (lambda: run(seen="a dog"), [("observation", "a cat", "a dog")]),
        (lambda: [*run()[:-1], finished("error", 1)], [("status", "success", "error")]),
        (
            lambda: [*run()[:-2], *model("m3", ["More."]), *run()[-2:]],
            [("text", None, "More.")],
        ),
    ],
)
def test_each_kind_of_difference_has_both_texts(
    change: Callable[[], Events], expected: list[tuple[str, str | None, str | None]]
) -> None:
    found = [(what, a, b) for what, _, a, b in told(run(), change())]
    assert found[: len(expected)] == expected


def test_differences_do_not_come_of_the_order_in_which_parallel_calls_end() -> None:
    def parallel(*order: str) -> Events:
        calls = [tool(of, "look", {"place": of}, [f"in {of}"]) for of in order]
        return [started(), *decision("m1", "c", "look", ["{}"]), *interleaved(*calls), finished()]

    assert differences(parallel("one", "two", "three"), parallel("three", "one", "two")) == []
    found = told(parallel("one", "two"), parallel("three", "one"))
    assert ("observation", "look, call two", "in two", "in three") in found


def test_ids_of_the_run_inside_texts_are_no_differences_and_values_that_are_called_id_are() -> None:
    def emitted(root: str, order: str) -> Events:
        content = {"id": f"{order}-of-many-orders", "of": ROOT, "said": f"in {ROOT}!"}
        data = ev.NodeData(kind="custom", phase="end", content=content)
        events: Events = [started(), ev.Node(run_id=ROOT, name="n", data=data), finished()]
        return [decode(encode(event).replace(ROOT.encode(), root.encode())) for event in events]

    other = "3f2a9c1d-0000-7000-8000-000000000000"
    assert differences(emitted(ROOT, "a"), emitted(other, "a")) == []
    (found,) = differences(emitted(ROOT, "a"), emitted(other, "b"))
    assert found.said == (
        'emitted "{"id": "b-of-many-orders", "of": "ID", "said": "in ID!"}" instead of '
        '"{"id": "a-of-many-orders", "of": "ID", "said": "in ID!"}"'
    )


def test_differences_of_whatever_comes_in_whatever_order_raise_nothing() -> None:
    """A stranger's recording: half of its events, backwards, with keys that lead nowhere."""
    events = list(read(FOLDER / "nested.jsonl"))
    data = ev.ActionData(tool="t", tool_input=1)
    deep = [ev.Action(run_id="a", call=".".join("1" * n), data=data) for n in range(1, 200)]
    for other in (events[::-1], events[::2], [*events, *deep], []):
        assert differences(events, other) != []
        assert differences(other, other) == []


def test_the_words_around_a_difference_are_found_at_the_end_of_a_long_text() -> None:
    long = "".join(words("word", 100_000))
    a, b = ([started(), *model("m", [text]), finished()] for text in (long, f"{long}end"))
    (found,) = differences(a, b)
    shown = "".join(rows(found))
    assert shown.endswith("{+end+}")
    assert len(shown) < 2000


def test_rows_of_a_difference_are_clean() -> None:
    """Names of tools are a stranger's too."""
    runs = [
        [started(), *tool("c", "look\x1b[2J\n", {}, [], output=of, inside=[]), finished()]
        for of in ("a\u202eb", "c\x9bd")
    ]
    (found,) = differences(*runs)
    shown = "".join(rows(found))
    assert shown.isprintable()
    assert "look␛[2J␊, call c: gave" in shown


def test_what_is_said_of_a_difference_begins_a_little_before_it() -> None:
    found = differences(run(system="long " * 50 + "kind"), run(system="long " * 50 + "rude"))
    before = "…long long long long "
    assert found[0].said == f'was sent "{before}rude" instead of "{before}kind"'
