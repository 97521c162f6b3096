"""Long texts are folded: every row that is shown stands there once, and the others are counted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from itertools import cycle
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catagent.events import types as ev
from catagent.views.data import data
from catagent.views.fold import Folded
from catagent.views.live import LiveView, Size
from catagent.views.options import ViewOptions
from catagent.views.style import live_look, plain_look
from catagent.views.text import Text, written
from catagent.views.transcript import Transcript
from tests.support import runs

LONG = "\n".join(f"line {n}" for n in range(400))
PARENTS = [runs.ROOT, "run-c"]
MORE = re.compile(r"… ([\d,]+) mo")


def shown(
    events: Iterable[ev.Event],
    options: ViewOptions,
    widths: Sequence[int] = (79,),
    cuts: Sequence[bool] = (True,),
) -> list[str]:
    """The rows of a run, taken at these widths in turn, after each event that is a cut."""
    transcript, rows = Transcript(live_look(options)), list[str]()
    for event, width, cut in zip(events, cycle(widths), cycle(cuts), strict=False):
        transcript.update(event)
        rows += transcript.take(width) if cut else []
    transcript.settle()
    return rows + transcript.take(widths[-1])


def progress(number: int) -> list[ev.Event]:
    of = [
        ev.NodeData(kind="custom", phase="stream", content={"progress": n}) for n in range(number)
    ]
    return [ev.Node(name="progress", call="c", parent_ids=PARENTS, data=each) for each in of]


def busy(chunk: int, number: int) -> list[ev.Event]:
    """A call with long arguments, reasoning, text, retries, progress, a call inside, and JSON."""
    text = " ".join(f"w{n}" if n % 3 else f"\n- w{n}" for n in range(number))
    pieces = [text[at : at + chunk] for at in range(0, len(text), chunk)]
    retry = ev.RetryData(attempt=1, max_attempts=2, delay_s=0.5, reason="HTTP 503")
    said = runs.model("m", pieces, parents=PARENTS)
    said.insert(len(said) // 2, ev.Retry(run_id="m", call="c", parent_ids=PARENTS, data=retry))
    inside = [
        *runs.model("r", pieces, channel="reasoning", parents=PARENTS),
        *progress(number),
        *said,
        *runs.tool("in", "look", {"place": text}, pieces, parents=PARENTS),
        *progress(3),
    ]
    output = json.dumps({"items": text.split(), "of": {"x": 1.50}})
    asked = {"code": text, "items": text.split(), "n": 1}
    return [
        runs.started(),
        *runs.tool("c", "work", asked, [], inside=inside, output=output),
        *runs.model("a", pieces),
        runs.finished(),
    ]


@given(
    st.integers(1, 30),
    st.integers(1, 90),
    st.integers(1, 12),
    st.lists(st.sampled_from([20, 39, 79, 120]), min_size=1, max_size=3),
    st.lists(st.booleans(), min_size=1, max_size=5),
)
@settings(deadline=None)
def test_what_is_shown_stands_there_once_and_what_is_not_is_counted(
    chunk: int, number: int, fold: int, widths: list[int], cuts: list[bool]
) -> None:
    """At any chunks, frames and resizes: the whole picture, less as many rows as it says."""
    events = busy(chunk, number)
    whole = iter(shown(events, ViewOptions(), widths, cuts))
    for row in shown(events, ViewOptions(fold=fold), widths, cuts):
        if more := MORE.search(row):
            hidden = [next(whole) for _ in range(int(more[1].replace(",", "")))]
            assert len(hidden) > 1
        else:
            assert row == next(whole)
    assert not list(whole)


@pytest.mark.parametrize("fold", [1, 2, 9, 100])
@pytest.mark.parametrize("rows", [0, 1, 10, 11, 400])
def test_no_text_takes_more_rows_than_asked_for_and_one_that_counts_the_rest(
    fold: int, rows: int
) -> None:
    """One more is shown in its place, for hiding a single row gains nothing."""
    lines = LONG.split("\n")[:rows]
    look = live_look(ViewOptions(fold=fold, again="catagent show 1234"))
    made = Folded(look, written(look, "\n".join(lines))).take(79)
    if rows <= fold + 1:
        assert made == lines
        return
    first = round(fold * 2 / 3)
    more = f"… {rows - fold} more lines · catagent show 1234 --full"
    assert made == [*lines[:first], more, *lines[rows - fold + first :]]


@pytest.mark.parametrize(
    ("width", "row"),
    [
        (79, "… 391 more lines · catagent show 'my file' --full"),
        (30, "… 391 more lines"),
        (9, "… 391"),
    ],
)
def test_the_count_comes_first_where_the_row_is_narrow(width: int, row: str) -> None:
    look = live_look(ViewOptions(fold=9, again="catagent show 'my file'"))
    assert Folded(look, written(look, LONG)).take(width)[6] == row


def test_three_thousand_reports_are_as_many_rows_as_any_text() -> None:
    """Whatever comes between ends the fold, and a call inside is not in it."""
    look = runs.tool("in", "look", {}, ["x"], parents=PARENTS)
    inside = [*progress(3000), *look, *progress(3000)]
    events = [runs.started(), *runs.tool("c", "work", {}, [], inside=inside, output="")]
    rows = shown(events, ViewOptions(fold=9))
    assert len(rows) < 40
    assert [row for row in rows if "more lines" in row] == ["│ … 2,991 more lines · --full"] * 2
    assert rows.index("│ ╭─ look()") < rows.index('│ ∙ progress: {"progress": 2}', 20)


def test_the_newest_rows_are_seen_while_a_text_streams() -> None:
    """In the footer, with the number of those that are not, and no row is there twice."""
    view, size, final = LiveView(ViewOptions(fold=9), 0.0), Size(80, 24), list[str]()
    for event in runs.tool("c", "t", {}, [f"word {n}\n" for n in range(99)])[:-3]:
        view.update(event, 0.0)
        frame = view.frame(size, 0.0, "")
        final += frame.final
        if isinstance(event, ev.LlmToken):
            below = [row for row in frame.footer if "word" in row]
            assert below[-1:] == [f"│ {event.data.delta}".rstrip()] or below == []
            assert not set(below) & set(final)
    assert "│ … 89 more lines · --full" in frame.footer
    assert [row for row in final if "word" in row] == [f"│ word {n}" for n in range(6)]


def test_a_question_that_came_by_a_pipe_is_folded() -> None:
    rows = shown([runs.started(LONG)], ViewOptions(fold=9))
    assert rows[7:9] == ["  … 391 more lines · --full", "  line 397"]


def test_the_answer_what_a_person_is_asked_and_an_error_are_never_folded() -> None:
    asked = ev.Interrupt(call="c", parent_ids=PARENTS, data=ev.InterruptData(id="i", value=LONG))
    *call, ended, seen = runs.tool("c", "t", {}, [], inside=[asked], output=LONG)
    assert isinstance(seen, ev.Observation)
    seen.data.status = "error"
    events = [*call, ended, seen, ev.Answer(data=ev.AnswerData(output=f"```\n{LONG}\n```"))]
    assert "".join(shown(events, ViewOptions(fold=1))).count("line 200") == 3


JSON: dict[str, Any] = {"place": {"floor": -1, "name": "The Cozy Cavern"}, "doors": [1.50, "é"]}


@pytest.mark.parametrize(
    ("text", "width", "rows"),
    [
        (json.dumps(JSON), 200, [json.dumps(JSON)]),
        ('{"a": 1.50, "a": "\\u00e9"}', 20, ["{", '"a": 1.50,', '"a": "\\u00e9"', "}"]),
        ('{"a": 1.50} and more', 12, ['{"a": 1.50}', "and more"]),
        ("[WARNING] no such place", 12, ["[WARNING] no", "such place"]),
        ("[" * 100_000, 200_000, ["[" * 100_000]),
        ("[\n1]", 20, ["[1]"]),
        (
            '{"a": [1, 2], "b": {"c": "[]"}}',
            20,
            ["{", '"a": [1, 2],', '"b": {', '"c": "[]"', "}", "}"],
        ),
    ],
)
def test_json_is_indented_where_it_does_not_fit(text: str, width: int, rows: list[str]) -> None:
    """And is as it was: no number is rounded, no key is lost, no letter is another."""
    assert [row.strip() for row in data(live_look(ViewOptions()), text).take(width)] == rows


def test_json_has_colors_and_not_where_that_would_take_seconds() -> None:
    look = live_look(ViewOptions(color="16"))
    short, long = (json.dumps(["place"] * number) for number in (40, 40_000))
    assert "\x1b[" in "".join(data(look, short).take(79))
    rows = data(look, long).take(79)
    assert (len(rows), rows[1]) == (40_002, '  "place",')
    assert data(plain_look(ViewOptions()), short).take(None) == [short]


def test_a_text_is_held_no_longer_than_it_is_needed() -> None:
    """However long it is, and it costs as much a row."""
    look = live_look(ViewOptions(fold=9))
    text = Text(look)
    folded = Folded(look, text)
    for number in range(20_000):
        text.feed(f"line {number}\n")
        folded.take(79)
        assert len(folded._held) <= 4
    text.finish()
    assert len(folded.take(79)) == 4
