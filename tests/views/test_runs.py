"""Many runs at once: each whole in the scrollback, the others a row each below it."""

from __future__ import annotations

import gc
import re
import time
import tracemalloc
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catagent.events import types as ev
from catagent.views import transcript
from catagent.views.footer import ROOMY
from catagent.views.live import Frame, LiveView, Size
from catagent.views.notes import report
from catagent.views.options import ViewOptions
from catagent.views.style import Look, live_look, plain_look
from catagent.views.tool_panel import Tool
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, without_colors
from tests.support import runs

LIVE, PLAIN = live_look(ViewOptions()), plain_look(ViewOptions())
SCREEN = Size(80, 24)
BROKE = ev.ErrorInfo(kind="network", type="E", message="It hung up.\nTwice.", hint="Try again.")


def shown(
    events: Iterable[ev.Event],
    look: Look = LIVE,
    width: int | None = 79,
    cuts: Sequence[bool] = (True,),
) -> list[str]:
    """The rows of several runs, taken after each event for which `cuts`, repeated, is true."""
    made = Transcript(look, width)
    rows: list[str] = []
    for number, event in enumerate(events):
        made.update(event)
        if cuts[number % len(cuts)]:
            rows += made.take(width)
    made.settle()
    return rows + made.take(width)


def run(name: str, words: Sequence[str] = (), **finished: Any) -> list[ev.Event]:
    """A run of the agent `name` that calls one tool, whose model writes `words`."""
    status = finished.pop("status", "success")
    inside = runs.tool("1", "get_items", {"of": name}, words)
    end = runs.finished(status, **finished)
    return runs.of_run(name, [runs.started(f"what of {name}?", agent=name), *inside, end])


def broken(name: str, words: Sequence[str] = ()) -> list[ev.Event]:
    return run(name, words, status="error", exit_code=1, error=BROKE)


def in_process(events: Iterable[ev.Event], pid: int) -> Iterator[ev.Event]:
    """The same run, in a program that is watched."""
    for event in events:
        if isinstance(event, ev.RunStarted):
            event.data.pid = pid
        yield event


def heads(rows: Iterable[str]) -> list[str]:
    """Headings and verdicts, in their order."""
    found = (re.match(r"(\w+) · openai|([✓✗‖]) |(\w+) goes on", row) for row in rows)
    return [next(filter(None, match.groups())) for match in found if match]


def test_each_of_several_runs_is_whole() -> None:
    """The one that began first is shown as it runs, and those after it that ended, in turn."""
    rows = shown(runs.interleaved(run("cat", ["On ", "it."]), run("dog", ["By."])))
    assert rows == [
        "cat · openai:gpt-4o-mini · events",
        "\u276f what of cat?",
        "",
        '╭─ get_items(of="cat")',
        "│ ◦ tool model",
        "│ On it.",
        "╰─ ✓ 1.2 s · 2 tokens seen",
        "",
        "✓ done in 3.4 s · 2 tool calls · 2 tokens seen",
        "",
        "dog · openai:gpt-4o-mini · events",
        "\u276f what of dog?",
        "",
        '╭─ get_items(of="dog")',
        "│ ◦ tool model",
        "│ By.",
        "╰─ ✓ 1.2 s · 1 token seen",
        "",
        "✓ done in 3.4 s · 2 tool calls · 1 token seen",
    ]


def test_of_runs_that_wait_those_that_have_ended_come_first() -> None:
    first, second, third = (run(name, ["x "] * 3) for name in ("first", "second", "third"))
    events = [*first[:3], *second[:3], *third, *first[3:], *second[3:]]
    assert heads(shown(events)) == ["first", "✓", "third", "✓", "second", "✓"]


def fifty(words: int) -> list[list[ev.Event]]:
    """Runs of different lengths, every seventh of which fails."""
    return [
        (run if n % 7 else broken)(f"agent{n}", runs.words(f"r{n}x", words + n % 5))
        for n in range(50)
    ]


@given(
    st.lists(st.booleans(), min_size=1, max_size=7),
    st.sampled_from([(LIVE, 79), (LIVE, 39), (PLAIN, None)]),
    st.sampled_from([(1, 50), (4, 50), (60, 40), (60, 5_000)]),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=25)
def test_fifty_runs_at_once_are_whole_however_their_events_are_spread(
    cuts: list[bool], look: tuple[Look, int | None], most: tuple[int, int], random: Any
) -> None:
    """Also where the one that leads is interrupted, for others that ended or wrote a lot."""
    streams = [iter(events) for events in fifty(6)]
    left = streams[:]
    events = []
    while left:
        stream = random.choice(left[:12])
        event = next(stream, None)
        if event is None:
            left.remove(stream)
        else:
            events.append(event)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcript, "MOST_RUNS", most[0])
        patch.setattr(transcript, "MOST_EVENTS", most[1])
        rows = shown(events, *look, cuts)
        assert rows == shown(events, *look, [False])
    owner, seen = "", []
    for row in map(without_colors, rows):
        begins = re.match(r"(?:run: )?agent(\d+)(?: goes on|[,·] | · openai|, openai)", row)
        owner = begins[1] if begins else owner
        words = re.findall(r"r(\d+)x\d+", row)
        assert set(words) <= {owner}
        seen += words
    assert len(seen) == sum(6 + n % 5 for n in range(50))
    assert sum("done in" in row for row in rows) == 42
    assert sum("failed after" in row for row in rows) == 8


def test_a_run_that_leads_for_long_is_interrupted_between_its_rows() -> None:
    """By whole runs that have ended; then it goes on, behind the gutter that it was behind."""
    long = run("long", [f"{word}\n" for word in "abcd"])
    others = [event for n in range(33) for event in run(f"short{n}")]
    rows = shown([*long[:6], *others, *long[6:]])
    at = rows.index("long goes on · what of long?")
    assert rows[4:8] == ["│ ◦ tool model", "│ a", "", "short0 · openai:gpt-4o-mini · events"]
    assert rows[at - 2 : at + 3] == [
        "✓ done in 3.4 s · 2 tool calls",
        "",
        "long goes on · what of long?",
        "│ b",
        "│ c",
    ]
    assert heads(rows)[-3:] == ["✓", "long", "✓"]


def test_a_run_that_has_nothing_to_show_is_not_said_to_go_on() -> None:
    long = run("long")
    others = [event for n in range(99) for event in run(f"short{n}")]
    rows = shown([*long[:2], *others, *long[2:]])
    assert sum("goes on" in row for row in rows) == 1


def test_a_second_run_that_writes_without_end_takes_its_turn() -> None:
    """Neither of two runs that never end may pile up."""
    one, other = run("one", runs.words("ax", 50)), run("two", runs.words("bx", 50))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transcript, "MOST_EVENTS", 20)
        rows = shown(runs.interleaved(one, other))
    assert heads(rows)[:4] == ["one", "two", "one", "two"]
    assert len(re.findall(r"ax\d+|bx\d+", " ".join(rows))) == 100


def many(number: int, at_once: int) -> Iterator[ev.Event]:
    """Short runs, some at once, behind one that goes on all the time."""
    long = run("long")
    start, said, end = long[0], ev.WarningData(code="c", message="Hm."), runs.finished()
    assert isinstance(start, ev.RunStarted)
    assert isinstance(end, ev.RunFinished)
    yield from long[:3]
    for n in range(0, number, at_once):
        names = [f"r{m}" for m in range(n, n + at_once)]
        yield from (ev.RunStarted(run_id=name, data=start.data) for name in names)
        yield from (ev.Warned(run_id=name, data=said) for name in names)
        yield from (ev.RunFinished(run_id=name, data=end.data) for name in names)
    yield from long[3:]


def show(view: LiveView, events: Iterable[ev.Event]) -> Iterator[Frame]:
    """Show the events, a frame every fifty."""
    for number, event in enumerate(events):
        view.update(event, number / 1000)
        if number % 50 == 0:
            yield view.frame(SCREEN, number / 1000, "")


@pytest.mark.parametrize("runs", [2_500, pytest.param(10_000, marks=pytest.mark.full)])
def test_ten_thousand_runs_take_no_more_memory_than_a_few(runs: int) -> None:
    view, used, seen = LiveView(ViewOptions(), began=0.0), [], 0
    tracemalloc.start()
    try:
        for number, frame in enumerate(show(view, many(runs, 10))):
            seen += sum(row.startswith("✓") for row in frame.final)
            if number % (runs // 250) == runs // 250 - 1:
                gc.collect()
                used.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert len(used) == 15
    assert max(used[2:]) < max(used[:2]) + 300_000
    assert seen + sum(row.startswith("✓") for row in view.last(SCREEN)) == runs + 1


def test_the_cost_of_a_run_does_not_grow_with_those_before_it() -> None:
    def cpu(number: int) -> float:
        events, view = list(many(number, 10)), LiveView(ViewOptions(), began=0.0)
        gc.disable()
        try:
            began = time.process_time()
            deque(show(view, events), maxlen=0)
            return time.process_time() - began
        finally:
            gc.enable()

    cpu(100)
    assert min(cpu(4_000) for _ in range(2)) < 8 * min(cpu(1_000) for _ in range(3))


# The footer


def view_of(events: Iterable[ev.Event], options: ViewOptions | None = None) -> LiveView:
    view = LiveView(options or ViewOptions(), began=0.0)
    for event in events:
        view.update(event, 1.0)
    return view


def below(view: LiveView, size: Size = SCREEN, now: float = 13.0) -> list[str]:
    rows = [without_colors(row) for row in view.frame(size, now, "waiting").footer]
    return [re.sub("^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏]", "⠋", row.rstrip()) for row in rows]


def three() -> list[ev.Event]:
    """One that writes, one that waits for a model, one that runs a tool; two that have ended."""
    cat, dog, owl = (run(name, ["a ", f"{name}s "])[:-4] for name in ("cat", "dog", "owl"))
    return [*cat, *dog[:4], *owl, *broken("fox"), *run("eel")]


def test_each_run_that_waits_has_a_row_and_those_that_failed_come_first() -> None:
    assert below(view_of(three())) == [
        "│ a cats",
        "✗ fox · what of fox? · failed after 3.4 s · It hung up. Twice.",
        "╷ dog · what of dog? · 12 s · waiting for the first token of tool model",
        "╷ owl · what of owl? · 12 s · 2 tokens out · tool model silent for 12 s · …owls",
        "✓ eel · what of eel? · done in 3.4 s",
        "",
        "⠋ cat: tool model silent for 12 s · 3 running, 1 done, 1 failed · 13 s",
    ]


def test_errors_stand_out_in_colour() -> None:
    footer = view_of(three(), ViewOptions(color="16")).frame(SCREEN, 2.0, "").footer
    assert next(row for row in footer if "fox" in row).startswith("\x1b[1;31m✗ ")


@pytest.mark.parametrize("size", [Size(80, 24), Size(40, 10), Size(120, 40), Size(20, 4)])
def test_fifty_runs_fit_below(size: Size) -> None:
    view = view_of(runs.interleaved(*(events[:5] for events in fifty(3))))
    footer = below(view, size)
    assert len(footer) == max(2, size.rows // 2 if size.rows >= ROOMY else size.rows // 3)
    assert all(cells(row) < size.columns for row in footer)
    assert size.columns < 80 or f"{50 - len(footer) + 3} more run" in footer[-3]
    assert size.columns < 40 or "50 running" in footer[-1]


def test_the_process_is_named_where_there_are_several() -> None:
    """From the second on: a program of one process has no need of its number."""
    one, two, three = (in_process(run(name), pid) for name, pid in (("a", 7), ("b", 8), ("c", 7)))
    events = list(runs.interleaved(one, two, three))
    rows = [row for row in shown(events) if "openai" in row]
    assert rows[0] == "a · openai:gpt-4o-mini · events"
    assert rows[1] == "b · openai:gpt-4o-mini · events · pid 8"
    assert rows[2] == "c · openai:gpt-4o-mini · events · pid 7"
    footer = below(view_of(events[:6]))
    assert footer[-4].startswith("╷ b pid 8 · what of b? · 12 s")
    alone = list(in_process(run("a"), 7))
    assert shown([*alone, *in_process(run("b"), 7)])[0] == rows[0]


def test_the_status_between_runs_says_that_there_is_none() -> None:
    view = view_of([*run("cat"), *broken("dog")])
    assert below(view)[-1] == "⠋ no run now · 1 done, 1 failed"
    for event in in_process(run("owl")[:1], 7):
        view.update(event, 13.0)
    assert below(view)[-1] == "⠋ waiting for the agent · 1 running, 1 done, 1 failed · 13 s"


def test_a_run_that_goes_on_after_an_answer_is_no_run_of_several() -> None:
    paused = run("cat", status="interrupted", exit_code=5)
    assert below(view_of([*paused, *run("dog")[:3]]))[-1] == "⠋ running get_items · 13 s"


# Failed runs alone


def test_of_errors_alone_a_run_is_shown_once_it_has_failed() -> None:
    events = [*runs.interleaved(run("cat"), broken("fox", ["x"]), run("dog")), *run("eel")[:5]]
    for look in (live_look(ViewOptions(errors=True)), plain_look(ViewOptions(errors=True))):
        rows = shown(events, look)
        assert rows == shown(broken("fox", ["x"]), look)
        assert rows == shown(broken("fox", ["x"]), LIVE if look.words is False else PLAIN)
        assert shown(events, look, cuts=[False]) == rows
    quiet = live_look(ViewOptions(errors=True, quiet=True))
    assert shown(events, quiet) == ["✗ It hung up.", "  Twice.", "  hint: Try again."]


def test_of_errors_alone_each_run_in_flight_has_a_row() -> None:
    view = view_of([*run("cat"), *run("dog")[:3]], ViewOptions(errors=True))
    assert view.frame(SCREEN, 13.0, "").final == []
    assert below(view) == [
        "╷ dog · what of dog? · 12 s · running get_items",
        "",
        "⠋ running get_items · 1 running, 1 done · 13 s",
    ]


# What the program prints


def test_what_the_program_prints_stands_apart_and_in_order() -> None:
    """After the rows that were final by then, and nothing is folded, cut or dimmed."""
    events, made = run("cat", ["one\n", "two\n"]), Transcript(LIVE, 39)
    long = "\x1b[32mINFO\x1b[0m " + "x" * 200
    made.printed(["started", ""])
    for event in events[:6]:
        made.update(event)
    made.printed([long])
    rows = made.take(39)
    for event in events[6:]:
        made.update(event)
    made.printed(["bye"])
    assert rows == [
        "started",
        "",
        "",
        "cat · openai:gpt-4o-mini · events",
        "\u276f what of cat?",
        "",
        '╭─ get_items(of="cat")',
        "│ ◦ tool model",
        "│ one",
        "",
        long + "\x1b[0m",
    ]
    assert made.take(39) == [
        "",
        "│ two",
        "╰─ ✓ 1.2 s · 2 tokens seen",
        "",
        "✓ done in 3.4 s · 2 tool calls",
        "",
        "bye",
    ]


def test_of_what_the_program_prints_colours_alone_reach_the_terminal() -> None:
    made = Transcript(LIVE)
    made.printed(["\x1b[1;31mred", "red\x1b[2J\x1b]52;c;eA==\x07\x1b[m plain", "\u202eplain"])
    assert made.take(None) == [
        "\x1b[1;31mred\x1b[0m",
        "\x1b[1;31mred␛[2J␛]52;c;eA==␇\x1b[m plain\x1b[0m",
        "<202E>plain",
    ]


def test_colours_that_are_never_reset_do_not_pile_up() -> None:
    made = Transcript(LIVE)
    made.printed([f"\x1b[3{n % 8}mx" for n in range(1_000)])
    assert max(map(len, made.take(None))) < 120


def test_the_line_that_the_program_has_begun_is_below() -> None:
    view = view_of(run("cat")[:3])
    view.printed(["hello"], "\x1b[1mName?\x1b[0m ")
    frame = view.frame(SCREEN, 2.0, "")
    assert frame.final[-2:] == ["", "hello"]
    assert frame.footer[0] == "\x1b[1mName?\x1b[0m \x1b[0m"
    view.printed([], "x" * 100 + "?")
    assert view.frame(SCREEN, 2.0, "").footer[0] == "x" * 78 + "?"
    view.printed([])
    assert len(view.frame(SCREEN, 2.0, "").footer) == len(frame.footer) - 1
    rest = view_of([])
    rest.failed = RuntimeError()
    rest.printed(["\x1b[31mred\x1b[0m"], "> ")
    assert rest.frame(SCREEN, 2.0, "") == (["\x1b[31mred\x1b[0m\x1b[0m"], ["> "])


def test_what_is_printed_while_a_view_fails_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    view = view_of(run("cat", ["one\n", "two"])[:6])
    with monkeypatch.context() as patch:
        patch.setattr(Tool, "take", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            view.printed(["hello"], "> ")
    view.failed = RuntimeError()
    rows, footer = view.frame(SCREEN, 2.0, "")
    assert footer == ["> "]
    rows += view.last(SCREEN)
    assert [row for row in rows if row in ("hello", "│ one", "│ two")] == [
        "hello",
        "│ one",
        "│ two",
    ]


# On one line


@pytest.mark.parametrize(
    ("event", "says"),
    [
        (
            runs.finished(usage=ev.Usage(output_tokens=812)),
            '01990000-0000-7000 cat "what items are located where the cat is hiding?" '
            "success 3.4 s 2 tool calls 812 tokens out",
        ),
        (
            runs.finished("error", 1, error=BROKE, tool_calls=1),
            '01990000-0000-7000 cat "what items are located where the cat is hiding?" '
            "error 3.4 s 1 tool call: It hung up. Twice.",
        ),
    ],
)
def test_a_run_that_has_ended_is_reported_on_one_line(event: ev.Event, says: str) -> None:
    assert isinstance(event, ev.RunFinished)
    assert report(LIVE, runs.started(), event.data) == f"catagent: run {says}"


def test_a_report_is_short_and_safe() -> None:
    start = runs.started("a\x1b[2J\nb" * 99)
    start.run_id, start.data.agent = "3f2a8b1c-d6f6-4b4d-946c-404c37be1b4a", "c\nat"
    line = report(live_look(ViewOptions(ascii=True)), start, runs.finished(tool_calls=0).data)
    assert line.startswith(r'catagent: run 3f2a8b1c c\u240aat "a\u241b[2J ba')
    assert line.endswith('..." success 3.4 s')
