"""The footer and the status line, and what happens when a view raises."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Never

import pytest

from catagent.events import types as ev
from catagent.views.footer import ROOMY
from catagent.views.live import LiveView, Size
from catagent.views.options import ViewOptions
from catagent.views.status import AGAIN
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, without_colors
from tests.support import runs

SIZES = [Size(80, 24), Size(40, 10), Size(200, 50), Size(20, 4)]


def view_of(events: Iterable[ev.Event], options: ViewOptions | None = None) -> LiveView:
    view = LiveView(options or ViewOptions(), began=0.0)
    for event in events:
        view.update(event, 1.0)
    return view


def failed(view: LiveView, error: Exception) -> LiveView:
    view.failed = error
    return view


def status_of(view: LiveView, now: float = 2.5, width: int = 80) -> str:
    return view.frame(Size(width, 24), now, "connecting").footer[-1]


def test_a_connection_that_is_taken_up_again_is_said_before_what_its_run_awaits() -> None:
    view = view_of([runs.started(), *runs.model("m1", ["a"])[:-1]])
    said = f"{AGAIN}: refused"
    assert said in view.frame(Size(80, 24), 9.5, said).footer[-1]
    assert "silent for" in view.frame(Size(80, 24), 9.5, "").footer[-1]


def unfinished(*calls: str) -> list[ev.Event]:
    """Calls that run in parallel, without their ends."""
    open_calls = [runs.tool(c, "get_items", {"place": c}, ["a ", c])[:-3] for c in calls]
    return [runs.started(), *runs.interleaved(*open_calls)]


@pytest.mark.parametrize("size", SIZES)
def test_calls_at_once_take_half_of_the_screen_and_the_others_are_counted(size: Size) -> None:
    view = view_of(unfinished(*(f"c{n}" for n in range(50))))
    footer = view.frame(size, 2.0, "").footer
    assert len(footer) == max(2, size.rows // 2 if size.rows >= ROOMY else size.rows // 3)
    assert all(cells(without_colors(row)) < size.columns for row in footer)
    waiting = [row for row in footer if row.startswith("╷")]
    assert size.rows < ROOMY or f"… {49 - len(waiting)} more tool calls" in footer
    assert "50 running" in footer[-1]


def test_waiting_calls_show_their_newest_words() -> None:
    footer = view_of(unfinished("one", "two", "three")).frame(Size(80, 24), 2.0, "").footer
    assert footer[:3] == [
        "│ a one",
        '╷ get_items(place="two") · 1 s · 2 tokens out · a two',
        '╷ get_items(place="three") · 1 s · 2 tokens out · a three',
    ]


def test_a_finished_call_is_marked_while_it_waits_to_be_shown() -> None:
    events = [*unfinished("one"), *runs.tool("two", "get_items", {}, ["x"])]
    footer = view_of(events).frame(Size(80, 24), 2.0, "").footer
    assert footer[1] == "✓ get_items() · 1.2 s · 1 token seen"
    assert " · 1 running, 1 done · " in footer[-1]


def test_the_words_of_a_waiting_call_slide_by() -> None:
    """As many of the newest cells as the row has, however the words would be wrapped."""
    view = view_of([*unfinished("one"), *runs.tool("two", "t", {}, [])[:3]])
    written, parents = "", [runs.ROOT, "run-two"]
    for word in runs.words("wörd", 200):
        _, token, _ = runs.model("llm-two", [word], tool_call_id="two", parents=parents)
        view.update(token, 1.0)
        written += word
        row = view.frame(Size(60, 15), 2.0, "").footer[-2]
        *before, shown = row.split(" · ", 3)
        room = 59 - len(" · ".join([*before, ""]))
        if cells(written) > 2 * room:
            assert len(shown) == room
        assert written.rstrip().endswith(shown.lstrip("…").strip())


def test_a_waiting_call_shows_what_still_runs_inside() -> None:
    """The call inside that has ended is not what is shown."""
    inside = [
        *runs.tool("slow", "slow", {}, ["still ", "here"], parents=["run-two"])[:4],
        *runs.tool("fast", "fast", {}, [], output="over", parents=["run-two"]),
    ]
    nested = runs.tool("two", "nested", {}, [], inside=inside)[:-2]
    footer = view_of([*unfinished("one"), *nested]).frame(Size(80, 15), 2.0, "").footer
    assert "╷ nested() · 1 s · 1 token out · still" in footer


def test_a_waiting_call_has_one_row_however_large_the_screen_is() -> None:
    waits = [runs.tool(c, "t", {"n": c}, runs.words("w", 30))[:-3] for c in ("two", "three")]
    view = view_of([*unfinished("one"), *waits[0], *waits[1]])
    footer = view.frame(Size(60, 50), 2.0, "").footer
    assert footer[1:3] == [
        '╷ t(n="two") · 1 s · 30 tokens out · …4 w25 w26 w27 w28 w29',
        '╷ t(n="three") · 1 s · 30 tokens out · …w25 w26 w27 w28 w29',
    ]


def test_an_unfinished_block_stands_apart_and_looks_as_it_will() -> None:
    long = f"{'One ' * 130}.\n\n"
    view = view_of(runs.model("m", [long, "**Two**"])[:-1], ViewOptions(color="16"))
    frame = view.frame(Size(80, 24), 2.0, "")
    assert frame.final[-1].endswith("One .")
    assert frame.footer[:2] == ["", "\x1b[1mTwo\x1b[0m"]


def test_arguments_are_shown_as_they_stream() -> None:
    pieces = ['{"place": ', '"on the sh']
    events = runs.decision("m", "c", "get_items", pieces)[:-1]
    frame = view_of(events).frame(Size(80, 24), 2.0, "")
    assert frame.footer[0] == '→ get_items(place="on the sh'
    assert frame.final == []


def test_long_arguments_leave_the_name_of_the_tool() -> None:
    pieces = ['{"text": "', *runs.words("w", 100)]
    events = runs.decision("m", "c", "write_file", pieces)[:-1]
    row = view_of(events).frame(Size(60, 24), 2.0, "").footer[0]
    assert re.fullmatch(r"→ write_file\(….*w98 w99 ", row)
    assert cells(row) <= 59


@pytest.mark.parametrize(
    ("events", "awaited"),
    [
        ([runs.started()], "connecting"),
        (runs.model("m", ["x"], name="agent_llm")[:1], "waiting for the first token of"),
        (runs.model("m", ["x"], name="agent_llm")[:2], "agent_llm is writing"),
        (runs.decision("m", "c", "get_items", []), "waiting for the agent"),
        (unfinished("c")[:2], "starting get_items"),
        (unfinished("c")[:3], "running get_items"),
        ([runs.started(mode="steps"), *unfinished("c")[1:2]], "running get_items"),
        ([*unfinished("c")[:3], *unfinished("d")[:3]], "running get_items · 2 running"),
    ],
)
def test_the_status_says_what_is_awaited(events: list[ev.Event], awaited: str) -> None:
    assert awaited in status_of(view_of(events))


@pytest.mark.parametrize("mode", ["events", "steps"])
def test_the_status_is_never_blank(mode: str) -> None:
    view = LiveView(ViewOptions(), began=0.0)
    for event in [runs.started(mode=mode), *runs.cat_run()[1:]]:
        view.update(event, 1.0)
        assert re.match(r"\S \w.* · 3 s", view.frame(Size(80, 24), 3.0, "").footer[-1])


@pytest.mark.parametrize(
    ("mode", "says"), [("events", "running"), ("steps", "waiting for the agent")]
)
def test_the_status_awaits_the_agent_where_nothing_else_is_known(mode: str, says: str) -> None:
    """It may be in a node without a model; in steps mode its model may be writing."""
    footer = view_of([runs.started(mode=mode)]).frame(Size(80, 24), 2.0, "").footer
    assert f"{says} · 2 s" in footer[-1]


def test_who_watches_sees_the_seconds_of_the_runs_that_are_there() -> None:
    view, size = LiveView(ViewOptions(watches=True), began=0.0), Size(80, 24)
    assert view.frame(size, 600.0, "no run yet").footer[-1].endswith("no run yet · 10 min 0 s")
    for name, at in (("run-a", 600.0), ("run-b", 602.0)):
        for event in runs.of_run(name, [runs.started()]):
            view.update(event, at)
    assert view.frame(size, 603.0, "no run yet").footer[-1].endswith(" · 2 running · 3 s")
    view.update(ended("run-a", "success"), 603.0)
    assert view.frame(size, 603.0, "no run yet").footer[-1].endswith(" · 1 s")


def test_a_model_is_called_by_its_own_name_rather_than_by_its_class() -> None:
    view = view_of(runs.model("m", ["x"], name="ChatOpenAI", tool_call_id="c")[:2])
    frame = view.frame(Size(80, 24), 2.0, "")
    assert "gpt-4o-mini is writing" in frame.footer[-1]
    assert frame.final == ["◦ gpt-4o-mini"]


RETRY = ev.RetryData(attempt=2, max_attempts=3, delay_s=4, reason="rate limit")


def test_a_retry_counts_down_and_is_awaited() -> None:
    start = runs.model("m", [], name="agent_llm")[0]
    view = view_of([start, ev.Retry(data=RETRY)])
    assert "retry 2 of 3 in 4 s" in status_of(view, now=1.0)
    assert "retry 2 of 3 in 1 s" in status_of(view, now=4.6)
    assert "retry 2 of 3: waiting for agent_llm" in status_of(view, now=6.0)


@pytest.mark.parametrize("run_id", ["", "m"])
def test_a_retry_is_over_as_soon_as_its_model_is_heard_of(run_id: str) -> None:
    start, *_, end = runs.model("m", ["x"], name="agent_llm")
    view = view_of([start, ev.Retry(run_id=run_id, data=RETRY), end])
    assert "retry" not in status_of(view)


def test_the_retry_of_another_model_is_still_awaited() -> None:
    events = [*runs.model("m", ["x"]), *runs.model("n", ["y"])]
    view = view_of([events[0], ev.Retry(run_id="m", name="slow", data=RETRY), *events[3:]])
    assert "retry 2 of 3: waiting for" in status_of(view, now=9.0)


def test_a_stream_that_stalls_is_called_silent() -> None:
    view = view_of(runs.model("m", ["x"], name="agent_llm")[:2])
    assert "agent_llm is writing" in status_of(view, now=2.0)
    assert "agent_llm silent for 4 s · " in status_of(view, now=5.5)
    assert "agent_llm silent for 2 min 5 s" in status_of(view, now=126.5)


def test_the_status_tells_time_and_tokens() -> None:
    view = view_of(runs.model("m", runs.words("w", 200)))
    assert status_of(view, now=11.0).endswith("11 s · 200 tokens out")


def test_a_narrow_status_keeps_what_matters_most() -> None:
    view = LiveView(ViewOptions(), began=0.0)
    for number, event in enumerate(runs.model("m", runs.words("w", 99), name="agent")[:-1]):
        view.update(event, 1.0 + number / 10)
    assert status_of(view, now=11.0, width=80)[2:] == "agent is writing · 11 s · 99 tokens out"
    assert status_of(view, now=11.0, width=30)[2:] == "agent is writing · 11 s"


def test_status_only_shows_one_row_and_leaves_warnings_alone_behind() -> None:
    warning = ev.Warned(data=ev.WarningData(code="c", message="Mind the gap."))
    view = view_of([*runs.cat_run(), warning], ViewOptions(status_only=True))
    frame = view.frame(Size(80, 24), 2.0, "")
    assert frame.final == ["! Mind the gap."]
    assert len(frame.footer) == 1


def test_captured_output_becomes_a_row() -> None:
    view = view_of([runs.started()])
    view.transcript.outside(["a library \x1b[31msays"])
    assert "» a library ␛[31msays" in view.frame(Size(80, 24), 2.0, "").final


def test_captured_output_of_a_running_tool_is_shown_in_its_panel() -> None:
    """All of it: no recording has what a fold would hide."""
    start = runs.tool("c", "get_items", {}, [])[:2]
    warned = ev.Warned(call="c", data=ev.WarningData(code="c", message="Hm."))
    view = view_of([*start, warned], ViewOptions(fold=1))
    view.transcript.outside(["connecting", "to", "there"])
    assert view.frame(Size(80, 24), 2.0, "").final == [
        "╭─ get_items()",
        "│ ! Hm.",
        *("│ » connecting", "│ » to", "│ » there"),
    ]


def test_a_view_that_raised_goes_on_without_a_footer() -> None:
    """Rows not shown yet are shown, the rest follows, and the end says what happened."""
    events = runs.tool("c", "get_items", {}, ["shown ", "held ", "later "])
    view = view_of(events[:4])
    view.frame(Size(80, 24), 1.0, "")
    rest, rows = failed(view, RuntimeError("a [bug]")), []
    for event in [*events[4:], runs.finished()]:
        rest.update(event, 2.0)
        final, footer = rest.frame(Size(80, 24), 2.0, "")
        rows += final
        assert not footer
    text = "\n".join([*rows, *rest.last(Size(80, 24))])
    for word in ("shown", "held", "later"):
        assert word in text
    assert "! the live view failed, so the rest" in text
    assert text.endswith("(RuntimeError: a [bug])")


def ended(run: str, status: ev.RunStatus = "success") -> ev.Event:
    return runs.of_run(run, [runs.finished(status)])[0]


def test_the_end_of_one_run_leaves_the_calls_of_the_others_awaited() -> None:
    calls = [runs.tool("1", name, {}, [])[:2] for name in ("look", "listen")]
    view = view_of(runs.of_run("run-a", [runs.started(), *calls[0]]))
    for event in runs.of_run("run-b", [runs.started(), *calls[1]]):
        view.update(event, 1.0)
    assert "cat: running look · 2 running" in status_of(view)
    view.update(ended("run-a", "interrupted"), 1.0)
    assert status_of(view)[2:] == "running listen · 2 s"


def test_a_view_that_raises_says_so_once_after_the_last_of_several_runs() -> None:
    rest = failed(view_of([]), RuntimeError("x"))
    for run in ("run-a", "run-b"):
        for event in [*runs.of_run(run, runs.tool("1", "t", {}, [f"{run}s"])), ended(run)]:
            rest.update(event, 1.0)
    *rows, last, _ = rest.last(Size(80, 24))
    assert "run-as" in "".join(rows)
    assert last.startswith("! the live view failed")
    assert "failed" not in "".join(rows)


def fails(*_: object, **__: object) -> Never:
    raise RuntimeError("a defect")


@pytest.mark.parametrize("number", range(1, 40, 3))
@pytest.mark.parametrize("defect", ["live.footer", "tool_panel.Tool.take", "text.Text.take"])
def test_a_view_that_raises_loses_and_repeats_nothing(
    number: int, defect: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever it fails, tokens of running models, observations and the answer come once."""
    items, last = runs.words("i", 12), runs.words("a", 12)
    events = [
        runs.started(),
        *runs.model("r", runs.words("r", 5), channel="reasoning"),
        *runs.interleaved(*(runs.tool(f"c{n}", "t", {}, items[n * 6 :][:6]) for n in range(2))),
        *runs.model("m", last),
        ev.Answer(data=ev.AnswerData(output="".join(last))),
        runs.finished(),
    ]
    size, view, rows = Size(24, 24), LiveView(ViewOptions(), began=0.0), []
    for event in events[:number]:
        view.update(event, 1.0)
        rows += view.frame(size, 1.0, "").final
    view.update(events[number], 1.0)
    with monkeypatch.context() as patch, suppress(RuntimeError):
        patch.setattr(f"catagent.views.{defect}", fails)
        rows += view.frame(size, 1.0, "").final
    rest = failed(view, RuntimeError())
    for event in events[number + 1 :]:
        rest.update(event, 1.0)
        rows += rest.frame(size, 1.0, "").final
    rows += rest.last(size)
    found = re.findall(r"\b[iar]\d+\b", " ".join(rows))
    words = [*items, *last, *runs.words("r", 5)]
    assert sorted(found) == sorted(word.strip() for word in words)


def test_an_event_that_cannot_be_shown_then_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    rest = failed(view_of([runs.started()]), RuntimeError())
    monkeypatch.setattr(Transcript, "update", lambda *_: 1 / 0)
    rest.update(runs.started(), 1.0)
    assert "RunStarted could not be shown" in "".join(rest.last(Size(80, 24)))
