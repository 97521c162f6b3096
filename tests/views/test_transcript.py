"""Everything a run showed comes out exactly once, in order, whole, however it is cut up."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import decode
from catagent.views.format import dollars, used
from catagent.views.notes import short
from catagent.views.options import ViewOptions
from catagent.views.sanitize import clean
from catagent.views.style import Look, live_look, plain_look
from catagent.views.transcript import Transcript
from catagent.views.wrap import cells, without_colors
from tests.support import runs

LIVE = live_look(ViewOptions())
PLAIN = plain_look(ViewOptions())
SIZES = st.sampled_from([20, 39, 79, 100, 199])


def shown(
    events: Iterable[ev.Event],
    look: Look = LIVE,
    width: int | None = 79,
    cuts: Sequence[bool] = (True,),
) -> list[str]:
    """The rows of a run, taken after each event for which `cuts`, repeated, is true."""
    transcript = Transcript(look)
    rows: list[str] = []
    for number, event in enumerate(events):
        transcript.update(event)
        if cuts[number % len(cuts)]:
            rows += transcript.take(width)
    transcript.settle()
    return rows + transcript.take(width)


def tokens(rows: Iterable[str]) -> list[str]:
    """The unique tokens in the order of the rows."""
    return re.findall(r"<?\b[tai]\d+x\d+\b", " ".join(map(without_colors, rows)))


def numbered(prefix: str, number: int, sizes: Sequence[int]) -> tuple[list[str], list[str]]:
    """Unique words, and the pieces of other sizes that they come in."""
    words = [f"{prefix}x{index}" for index in range(number)]
    text = " ".join(words)
    pieces, at = [], 0
    for index in range(len(text)):
        if at < len(text):
            size = sizes[index % len(sizes)]
            pieces.append(text[at : at + size])
            at += size
    return words, pieces


CHUNKS = st.lists(st.integers(1, 30), min_size=1, max_size=5)
CUTS = st.lists(st.booleans(), min_size=1, max_size=7)


@given(CHUNKS, CUTS, SIZES, st.integers(1, 60))
@settings(deadline=None)
def test_every_token_is_shown_once_and_in_order(
    chunks: list[int], cuts: list[bool], width: int, number: int
) -> None:
    """Four tools in parallel and an answer, in both looks."""
    calls, expected = [], []
    for index in range(4):
        words, pieces = numbered(f"t{index}", number, chunks)
        calls.append(runs.tool(f"c{index}", "get_items", {"n": index}, pieces))
        expected += words
    answer, pieces = numbered("a1", number, chunks)
    events = [
        runs.started(),
        *runs.interleaved(*calls),
        *runs.model("agent", pieces, name="agent_llm"),
        ev.Answer(data=ev.AnswerData(output="".join(pieces))),
        runs.finished(),
    ]
    for look, at in ((LIVE, width), (PLAIN, width), (PLAIN, None)):
        rows = shown(events, look, at, cuts)
        assert tokens(rows) == expected + answer
        assert at is None or max(cells(without_colors(row)) for row in rows) <= at


@given(CUTS, CHUNKS, SIZES)
@settings(deadline=None)
def test_rows_do_not_depend_on_the_frames(cuts: list[bool], chunks: list[int], width: int) -> None:
    """The scrollback is a function of the events and the width."""
    _, pieces = numbered("t1", 40, chunks)
    text = ["# A\n\n", *pieces, "\n\n- b\n", "- c\n\n```py\nx", " = 1\n```\n\nend\n"]
    events = [*runs.cat_run(runs.words("item", 20)), *runs.model("late", text), runs.finished()]
    assert shown(events, width=width, cuts=cuts) == shown(events, width=width, cuts=[False])


def test_a_resize_in_mid_stream_loses_nothing() -> None:
    words, pieces = numbered("t1", 300, [7])
    transcript, rows = Transcript(LIVE), []
    widths = [79, 39, 199, 20]
    for number, event in enumerate(runs.tool("c", "get_items", {}, pieces)):
        transcript.update(event)
        rows += transcript.take(widths[number % 4])
    assert tokens(rows) == words


def test_nested_agents_are_indented_and_whole() -> None:
    words, pieces = numbered("i1", 30, [5])
    parents = [runs.ROOT, "run-outer"]
    inner = runs.tool("in", "get_items", {"place": "box"}, pieces, parents=parents)
    rows = shown(runs.tool("outer", "expert", {}, [], inside=inner, output="Done."), width=60)
    assert rows[0] == "╭─ expert()"
    assert rows[1] == '│ ╭─ get_items(place="box")'
    assert rows[2] == "│ │ ◦ tool model"
    assert rows[3].startswith("│ │ i1x0")
    assert rows[-3:] == ["│ ◦ observation", "│ Done.", "╰─ ✓ 1.2 s · 34 tokens seen"]
    assert tokens(rows) == words


def test_nesting_deeper_than_the_screen_stays_readable() -> None:
    events: Iterable[ev.Event] = runs.model(
        "llm", ["deep"], tool_call_id="c29", parents=["run-c29"]
    )
    for depth in reversed(range(30)):
        parents = [runs.ROOT, *(f"run-c{n}" for n in range(depth))]
        events = runs.tool(f"c{depth}", "t", {}, [], inside=events, parents=parents, output="")
    rows = shown(events, width=39)
    assert any(row.endswith("deep") for row in rows)
    assert max(map(cells, rows)) <= 39


def answered(*pieces: str) -> list[ev.Event]:
    """The run's own agent says this, and it is the answer."""
    return [*runs.model("m", pieces), ev.Answer(data=ev.AnswerData(output="".join(pieces)))]


@given(CUTS)
@settings(deadline=None)
def test_the_answer_begins_with_its_name_and_what_came_before_a_call_does_not(
    cuts: list[bool],
) -> None:
    thought = runs.model("m", ["hm"], channel="reasoning")
    before = [*runs.model("a", ["I look,\n", "there."])[:-1], *runs.decision("a", "c", "t", ["{}"])]
    call = runs.tool("c", "t", {}, [], output="a lamp", inside=[])
    rows = [*shown([*before, *call, *thought[:-1], *answered("A ", "*lamp*.")], cuts=cuts)]
    assert rows[:2] == ["● I look, there.", ""]
    assert rows[-3:] == ["", "● answer", "A lamp."]
    assert shown(answered("A lamp."), PLAIN) == ["answer:", "A lamp."]
    assert shown(before, PLAIN)[:2] == ["agent: I look,", "       there."]


@pytest.mark.parametrize(("words", "first"), [(90, []), (110, ["● answer"])])
def test_what_is_long_is_not_held_back(words: int, first: list[str]) -> None:
    transcript = Transcript(LIVE)
    for event in runs.model("m", ["word " * words, "\n\n", "more"])[:-1]:
        transcript.update(event)
    assert transcript.take(79)[:1] == first


def test_steps_mode_has_panels_without_tokens() -> None:
    asked = ev.ActionData(tool="get_items", tool_call_id="c", tool_input={"place": "sofa"})
    seen = ev.ObservationData(
        tool="get_items", tool_call_id="c", status="success", output="a cushion"
    )
    events: list[ev.Event] = [
        runs.started(mode="steps"),
        ev.Action(data=asked),
        ev.Observation(data=seen),
        ev.Answer(data=ev.AnswerData(output="A **cushion**.")),
        runs.finished(),
    ]
    assert shown(events)[2:] == [
        "",
        '╭─ get_items(place="sofa")',
        "│ ◦ observation",
        "│ a cushion",
        "╰─ ✓ observed",
        "",
        "● answer",
        "A cushion.",
        "",
        "✓ done in 3.4 s · 2 tool calls",
    ]


@pytest.mark.parametrize(("look", "end"), [(LIVE, "seen"), (PLAIN, "observation: the text above")])
def test_an_observation_that_was_streamed_is_not_repeated(look: Look, end: str) -> None:
    """It is named where the words are all there is."""
    calls = runs.tool("c", "get_items", {}, ["some ", "items"], output=" some items\n")
    rows = shown(calls, look)
    assert "".join(rows).count("some items") == 1
    assert rows[-1].endswith(end)


def test_an_observation_other_than_the_streamed_text_is_shown() -> None:
    rows = shown(runs.tool("c", "get_items", {}, ["some ", "items"], output="else"))
    assert rows[-3:] == ["│ ◦ observation", "│ else", "╰─ ✓ 1.2 s · 2 tokens seen"]


def test_a_failed_tool_is_marked() -> None:
    action, *_, observation = runs.tool("c", "get_items", {"place": 1}, [], output="no such place")
    assert isinstance(observation, ev.Observation)
    observation.data.status = "error"
    assert shown([action, observation])[-1].startswith("╰─ ✗")


def test_reasoning_stands_apart_from_text() -> None:
    rows = shown(
        [
            *runs.model("a", ["let me think"], channel="reasoning", tool_call_id=None),
            *runs.model("b", ["the text"]),
        ]
    )
    assert rows == ["┊ let me think", "", "● the text"]


def test_long_arguments_go_below_the_title_line_by_line() -> None:
    code = "def f():\n    return 1\n" + "x" * 100
    rows = shown(runs.tool("c", "run_python", {"code": code}, []), width=60)
    first = ["╭─ run_python", "│ code:", "│ def f():", "│     return 1", "│ " + "x" * 58]
    assert rows[:5] == first


def test_a_call_that_nobody_ran_is_shown() -> None:
    rows = shown([*runs.decision("m", "c9", "get_items", ['{"pla', 'ce": "so']), runs.finished()])
    assert '→ get_items(place="so · not run' in rows
    whole = shown([*runs.decision("m", "c9", "get_items", ['{"n": 1}']), runs.finished()])
    assert whole[0] == "→ get_items(n=1) · not run"


def test_calls_without_ids_are_kept_apart() -> None:
    events = runs.decision("m", "", "get_items", ["one"])
    events[2:2] = [
        ev.LlmToken(
            run_id="m",
            data=ev.LlmTokenData(channel="tool_args", delta="two", index=1, tool="get_items"),
        )
    ]
    rows = shown([*events, runs.finished()])
    assert rows[:2] == ["→ get_items(one · not run", "→ get_items(two · not run"]


def test_a_call_of_an_agent_inside_the_runs_own_has_its_name() -> None:
    written = runs.decision("m", "c", "get_items", ["{}"])
    assert isinstance(written[0], ev.LlmStarted)
    written[0].data.agent = "researcher"
    events = [*written, *runs.tool("c", "get_items", {}, [], output="a lamp", inside=[])]
    assert shown(events)[0] == "╭─ researcher: get_items()"
    assert shown([*written, runs.finished()])[0] == "→ researcher: get_items() · not run"


def test_texts_of_an_agent_inside_the_runs_own_have_its_name() -> None:
    before, last = runs.model("a", ["I look."]), answered("A lamp.")
    for begun in (before[0], last[0]):
        assert isinstance(begun, ev.LlmStarted)
        begun.data.agent = "writer"
    rows = shown([*before, *last])
    assert rows == ["● writer", "I look.", "", "● answer · writer", "A lamp."]
    assert shown([*before, *last], PLAIN)[2:] == ["answer, writer:", "A lamp."]


def test_a_call_that_was_run_is_shown_once() -> None:
    events = [
        *runs.decision("m", "c", "get_items", ['{"place"', ': "sofa"}']),
        *runs.tool("c", "get_items", {"place": "sofa"}, ["x"]),
        runs.finished(),
    ]
    assert "".join(shown(events)).count("sofa") == 1


def test_tokens_of_a_tool_that_was_filtered_out_stand_under_the_name_of_their_model() -> None:
    rows = shown(runs.model("m", ["some items"], name="Get Items LLM", tool_call_id="c"))
    assert rows == ["◦ Get Items LLM", "some items"]


def test_an_unknown_event_is_shown_dimly_and_whole() -> None:
    rows = shown([ev.Unknown(fields={"type": "new.thing", "data": {"x": "y" * 10}})])
    assert "new.thing" in rows[0]
    assert "yyyyyyyyyy" in rows[0]


def test_quiet_shows_the_answer_and_the_error_alone() -> None:
    quiet = live_look(ViewOptions(quiet=True))
    assert shown([*runs.cat_run(runs.words("item", 5))], quiet) == [
        "On the shelf:",
        "",
        *(" • books", " • a vase", " • a photo"),
    ]
    error = ev.ErrorInfo(kind="network", type="E", message="It hung up.", hint="Try again.")
    failed = runs.finished(status="error", exit_code=1, error=error)
    assert shown([runs.started(), failed], quiet) == ["✗ It hung up.", "  hint: Try again."]


RETRY = ev.RetryData(attempt=1, max_attempts=2, delay_s=0.5, reason="HTTP 503")


def test_a_retry_stands_where_its_model_is_shown() -> None:
    """In the tool's panel, before the text of the retried call, with the name of the model."""
    events = runs.tool("c", "get_items", {}, ["some ", "items"], model_name="ChatOpenAI")
    events.insert(
        3,
        ev.Retry(
            run_id="llm-c",
            name="ChatOpenAI",
            call="c",
            parent_ids=[runs.ROOT, "run-c"],
            data=RETRY,
        ),
    )
    for run in (events, [*runs.tool("b", "t", {}, ["x"]), *events]):
        assert shown(run)[-5:] == [
            "╭─ get_items()",
            "│ ↻ retry 1 of 2: HTTP 503",
            "│ ◦ gpt-4o-mini",
            "│ some items",
            "╰─ ✓ 1.2 s · 2 tokens seen",
        ]


def test_a_retry_of_the_agents_model_stands_before_its_text() -> None:
    events = runs.model("m", ["One ", "two"], name="agent")
    again = ev.Retry(run_id="m", name="agent", data=RETRY)
    last = ev.Retry(run_id="m", name="agent", data=msgspec.structs.replace(RETRY, attempt=2))
    notice = "↻ retry 2 of 2: HTTP 503"
    assert shown([events[0], again, last, *events[1:]]) == [notice, "● One two"]
    assert shown([*events[:2], again, last, *events[2:]]) == ["● One", f"  {notice}", "  two"]
    assert shown([ev.Retry(data=RETRY)]) == ["↻ retry 1 of 2 in 0.5 s: HTTP 503"]


def test_verbose_shows_run_ids_tags_and_timings() -> None:
    look = live_look(ViewOptions(verbose=True))
    usage = ev.Usage(input_tokens=7, output_tokens=3)
    events = runs.model("run-7", ["hello"], ttft_s=0.25, duration_s=1.5, usage=usage)
    assert isinstance(events[0], ev.LlmStarted)
    events[0].tags = ["agent_llm"]
    text = "\n".join(shown(events, look))
    for fact in ("run-7", "agent_llm", "0.25 s", "1.5 s", "7 tokens in, 3 out"):
        assert fact in text


def test_the_verdict_is_one_row_of_whole_facts_and_how_to_see_the_run_again() -> None:
    look = live_look(ViewOptions(again="catagent show {run}"))
    failing = runs.tool("c", "look", {}, [])
    assert isinstance(failing[-2], ev.ToolFinished)
    failing[-2].data.status = "error"
    usage = ev.Usage(input_tokens=727, output_tokens=1_306)
    end = runs.finished(usage=usage, models=[ev.ModelUsage(model="m")], cost=0.00421)
    run, again = [runs.started(), *failing[:-1], end], f"catagent show {short(runs.ROOT)}"
    facts = "✓ done in 3.4 s · 2 tool calls, 1 failed · 727 tokens in, 1,306 out · $0.0042"
    assert shown(run, look, 119)[-1:] == [f"{facts} · {again}"]
    assert shown(run, look, 79)[-2:] == [facts, f"  {again}"]
    assert shown(run, look, 45)[-2:] == ["✓ done in 3.4 s · 2 tool calls, 1 failed", f"  {again}"]
    assert shown(run, look, 18)[-2:] == ["", "✓ done in 3.4 s"]


@pytest.mark.parametrize(
    ("cost", "models", "said"),
    [
        (1234.5, ["m"], "$1,234.50"),
        (0.00421, ["m"], "$0.0042"),
        (0.0000056, ["m"], "under $0.0001"),
        (None, ["m"], ""),
        (UNSET, ["m"], "cost unknown"),
        (UNSET, [], ""),
    ],
)
def test_a_cost_is_said_in_two_digits_or_to_be_unknown(
    cost: ev.Cost, models: list[str], said: str
) -> None:
    end = runs.finished(cost=cost, models=[ev.ModelUsage(model=model) for model in models])
    assert dollars(end.data) == said


@pytest.mark.parametrize(
    ("usage", "seen", "said"),
    [
        (ev.Usage(input_tokens=727, output_tokens=1), 0, "727 tokens in, 1 out"),
        (ev.Usage(output_tokens=1), 4, "1 token out, 4 seen"),
        (ev.Usage(total_tokens=1_500), 0, "1,500 tokens in all"),
        (None, 1, "1 token seen"),
        (None, 0, ""),
        (
            ev.Usage(input_tokens=9, output_tokens=8, cached_tokens=7, reasoning_tokens=6),
            0,
            "9 tokens in (7 cached), 8 out (6 reasoning)",
        ),
    ],
)
def test_tokens_are_counted_as_far_as_a_server_said(
    usage: ev.Usage | None, seen: int, said: str
) -> None:
    assert used(usage, seen, details=True) == said


def test_the_run_ids_of_a_verbose_run_stay_in_one_piece() -> None:
    look = live_look(ViewOptions(verbose=True))
    start = runs.started(versions={"catagent": "0.1.0", "langchain": "1.4.7"}, thread_id="t-1")
    start.run_id = "4878bcd0-d6f6-4b4d-946c-404c37be1b4a"
    assert shown([start], look, 60)[:4] == [
        "cat · openai:gpt-4o-mini · events",
        f"run {start.run_id}",
        "thread t-1",
        "catagent 0.1.0 · langchain 1.4.7",
    ]


def test_the_run_id_of_a_tool_has_a_row_of_its_own() -> None:
    look = live_look(ViewOptions(verbose=True))
    rows = shown(runs.tool("c", "t", {}, ["x"]), look)
    assert rows[-2:] == ["╰─ ✓ 1.2 s · 1 token seen", "     run run-c"]


# Totality: ends without starts, tokens after the end, ids twice, nothing at all.

PIECES = [runs.cat_run(runs.words("item", 3)), runs.tool(runs.PLACE, "other", "text", ["z"])]


@given(st.permutations(PIECES[0] + PIECES[1]), st.sampled_from([LIVE, PLAIN]))
@settings(deadline=None)
def test_events_in_any_order_raise_nothing_and_lose_no_text(
    events: list[ev.Event], look: Look
) -> None:
    text = "".join(shown(events, look)).replace(" ", "")
    for event in events:
        if isinstance(event, ev.Observation):
            assert event.data.output.replace(" ", "") in text


def test_the_same_call_id_again_is_another_call() -> None:
    """Some servers number the calls of every message from zero."""
    events = []
    for key, place, item in (("1", "sofa", "cushion"), ("2", "desk", "pens")):
        for event in runs.tool("call_0", "get_items", {"place": place}, [item]):
            assert not isinstance(event, ev.Unknown)
            events.append(msgspec.structs.replace(event, call=key, run_id=f"{key}-{event.run_id}"))
    rows = shown(events)
    assert [row for row in rows if row.startswith("╭")] == [
        '╭─ get_items(place="sofa")',
        '╭─ get_items(place="desk")',
    ]


def test_a_tool_that_starts_before_its_action_is_one_call() -> None:
    """The tools of a nested agent do so in log mode."""
    action, start, *rest = runs.tool("c", "get_items", {"place": "sofa"}, ["cushion"])
    rows = shown([start, action, *rest])
    assert rows == shown([action, start, *rest])
    assert not any("✗" in row for row in rows)


def test_a_call_that_is_tried_again_stays_in_its_panel() -> None:
    """What the failed attempt wrote and said is still there."""
    failed = runs.tool("c", "get_items", {}, ["some "])[:-2]
    ended = runs.tool("c", "get_items", {}, ["some "])[-2]
    assert isinstance(ended, ev.ToolFinished)
    ended.data.status, ended.data.output = "error", "no light"
    _, start, *rest = runs.tool("c", "get_items", {}, ["items"])
    assert isinstance(start, ev.ToolStarted)
    again = msgspec.structs.replace(start, run_id="run-again")
    rest[-2] = msgspec.structs.replace(rest[-2], run_id="run-again")
    assert shown([*failed, ended, again, *rest]) == [
        "╭─ get_items()",
        "│ ◦ tool model",
        "│ some",
        "│ ↻ attempt failed after 1.2 s: no light",
        "│ ◦ tool model",
        "│ items",
        "╰─ ✓ 1.2 s · 2 tokens seen",
    ]


def test_arguments_that_were_changed_are_shown() -> None:
    """By middleware, or by a person: the agent decides on the call again."""
    action, started, *rest = runs.tool("c", "look", {"where": "here"}, [])
    assert isinstance(action, ev.Action)
    data = msgspec.structs.replace(action.data, tool_input={"where": "there"})
    again = msgspec.structs.replace(action, data=data)
    assert shown([action, again, started, *rest])[:2] == [
        '╭─ look(where="here")',
        '│ ↻ changed to look(where="there")',
    ]
    assert shown([action, again, started, *rest], cuts=(False,))[0] == '╭─ look(where="there")'


def test_failed_attempts_of_a_call_are_shown_where_its_runs_are_not() -> None:
    """In steps mode the ends of failed attempts are reported, and then the observation."""
    action, _, *_, ended, observed = runs.tool("c", "get_items", {}, [], output="items")
    assert isinstance(ended, ev.ToolFinished)
    attempts = []
    for number in range(2):
        data = msgspec.structs.replace(ended.data, status="error", output=f"no light {number}")
        attempts.append(msgspec.structs.replace(ended, run_id=f"run-{number}", data=data))
    assert shown([action, *attempts, observed]) == [
        "╭─ get_items()",
        "│ ↻ attempt failed after 1.2 s: no light 0",
        "│ ↻ attempt failed after 1.2 s: no light 1",
        "│ ◦ observation",
        "│ items",
        "╰─ ✓ observed",
    ]


@given(st.permutations([*PIECES[0], *runs.paused_run()]), st.booleans())
@settings(deadline=None)
def test_events_without_keys_or_twice_raise_nothing(events: list[ev.Event], twice: bool) -> None:
    for event in events:
        assert not isinstance(event, ev.Unknown)
        event.call = event.call if twice else None
    text = "".join(shown([*events, *events] if twice else events)).replace(" ", "")
    for event in events:
        if isinstance(event, ev.Observation):
            assert event.data.output.replace(" ", "") in text


@given(CHUNKS, CUTS)
@settings(deadline=None)
def test_runs_in_one_stream_keep_their_calls_apart(chunks: list[int], cuts: list[bool]) -> None:
    """They have the same keys; the end of one closes nothing of the other."""
    streams, expected = [], set()
    for number in range(3):
        words, pieces = numbered(f"t{number}", 10 * number + 1, chunks)
        events = [runs.started(), *runs.tool("1", "get_items", {"n": number}, pieces)]
        streams.append(runs.of_run(f"run-{number}", [*events, runs.finished()]))
        expected.update(words)
    rows = shown(runs.interleaved(*streams), cuts=cuts)
    assert sorted(tokens(rows)) == sorted(expected)
    assert "\n".join(rows).count("observation") == 0
    assert sum(row.startswith("✓ done in") for row in rows) == 3


def two_runs(*inside: ev.Event) -> list[list[ev.Event]]:
    """The same run of two agents."""
    return [
        runs.of_run(f"run-{name}", [runs.started("where?", agent=name), *inside, runs.finished()])
        for name in ("cat", "dog")
    ]


SAYS = runs.model("m", ["Here."])
ANSWERS = ev.Answer(run_id=runs.ROOT, data=ev.AnswerData(output="Here."))


def test_of_runs_in_turn_each_is_shown_as_if_it_were_alone() -> None:
    one, other = two_runs(*SAYS, ANSWERS)
    assert shown([*one, *other]) == [*shown(one), "", *shown(other)]


def test_what_belongs_to_no_run_is_of_the_one_that_began_last() -> None:
    events = runs.of_run("run-a", [runs.started(), *runs.tool("1", "t", {}, ["x"])[:2]])
    lost = ev.Warned(call="1", data=ev.WarningData(code="c", message="Hm."))
    assert "│ ! Hm." in shown([*events, lost])


def test_an_agent_that_brings_its_own_model_has_it_named_at_the_end() -> None:
    start, end = runs.started(), runs.finished(models=[ev.ModelUsage(model="gpt-4.1-nano")])
    end.data.cost = None
    assert shown([start, end])[-1] == "✓ done in 3.4 s · 2 tool calls"
    start.data.model = None
    rows = shown([start, end])
    assert (rows[0], rows[-1]) == ("cat · events", "✓ done in 3.4 s · 2 tool calls · gpt-4.1-nano")


@pytest.mark.parametrize("asked", ["", None, {}, {"n": 1, "text": "a cat"}])
def test_the_input_of_a_graph_may_be_anything(asked: Any) -> None:
    start = runs.started()
    start.data.input = asked
    assert shown([start])[1:] == (["\u276f n: 1", "  text: a cat"] if asked else [])


def test_an_error_says_where_it_happened_and_what_else_failed() -> None:
    other = ev.Failure(kind="agent", type="E", message="So was this.", node="save")
    error = ev.ErrorInfo(
        kind="agent",
        type="ValueError",
        message="It was empty.",
        hint="Fill it.",
        node="extract",
        file="app.py",
        line=12,
        others=[other],
    )
    assert shown([runs.finished("error", 1, error=error)])[:-2] == [
        "✗ It was empty.",
        "  in node extract, at app.py:12",
        "  hint: Fill it.",
        "✗ So was this.",
        "  in node save",
    ]


def test_verbose_shows_what_is_new_of_a_prompt() -> None:
    look = live_look(ViewOptions(verbose=True, fold=3))
    call = ev.ToolCall(id="c", name="get_items", args={"n": 1})
    data = ev.LlmStartedData(
        model="gpt-4o-mini",
        messages=[
            ev.Message(type="system", content="You are a cat."),
            ev.Ref("m-1"),
            ev.Ref("m-2"),
            ev.Message(type="ai", content="", tool_calls=[call]),
            ev.Message(type="human", content="\n".join(map(str, range(99)))),
        ],
        tools=[ev.Tool(name="get_items"), ev.Ref("look")],
        parameters={"temperature": 0, "stop": ["."]},
    )
    [*start, end] = runs.model("m", ["meow"], name="agent")
    assert isinstance(start[0], ev.LlmStarted)
    start[0].data = data
    assert shown([*start, end])[:1] == ["● meow"]
    assert shown([*start, end], look, 500)[1:] == [
        "system: You are a cat.",
        "+ 2 messages as before",
        "ai: → get_items(n=1)",
        *("human: 0", "       1", "       … 96 more lines · --full", "       98"),
        "tools: get_items, look",
        'temperature 0 · stop ["."]',
        "● meow",
        "1 token seen",
    ]


def nested_call(outer: str, number: int, pieces: list[str]) -> Iterator[ev.Event]:
    """What an agent inside the call `outer` decides and runs; its first call's id is `call_0`."""
    parents, run = [runs.ROOT, f"run-{outer}"], f"run-in-{outer}"
    written = runs.decision(f"d-{outer}", "call_0", "get_items", ["{}"], parents=parents)
    tool, call_id, output = "get_items", "call_0", "".join(pieces)
    asked = ev.ActionData(tool=tool, tool_call_id=call_id, tool_input={"n": number})
    began = ev.ToolStartedData(tool=tool, tool_call_id=call_id, tool_input={"n": number})
    ended = ev.ToolFinishedData(tool=tool, tool_call_id=call_id, status="success", output=output)
    seen = ev.ObservationData(tool=tool, tool_call_id=call_id, status="success", output=output)
    inner: list[ev.Event] = [
        *written,
        ev.Action(run_id=f"d-{outer}", data=asked),
        ev.ToolStarted(run_id=run, data=began),
        *runs.model(f"llm-{outer}", pieces, tool_call_id="call_0", parents=[*parents, run]),
        ev.ToolFinished(run_id=run, data=ended),
        ev.Observation(run_id=run, data=seen),
    ]
    for event in inner:
        if isinstance(event, ev.CallEvent):
            event = msgspec.structs.replace(event, parent_ids=parents, call=f"{outer}.call_0")
        elif isinstance(event, ev.LlmStarted | ev.LlmToken | ev.LlmFinished):
            inner_key = outer if event.run_id.startswith("d-") else f"{outer}.call_0"
            event = msgspec.structs.replace(event, call=inner_key)
        yield event


def test_parallel_nested_agents_may_use_the_same_call_ids() -> None:
    calls, expected = [], []
    for number in range(2):
        words, pieces = numbered(f"t{number}", 30, [5])
        inside = nested_call(f"o{number}", number, pieces)
        calls.append(runs.tool(f"o{number}", "expert", {"n": number}, [], inside=inside))
        expected += words
    rows = shown([*runs.interleaved(*calls), runs.finished()])
    assert tokens(rows) == expected
    assert [row for row in rows if "╭" in row] == [
        "╭─ expert(n=0)",
        "│ ╭─ get_items(n=0)",
        "╭─ expert(n=1)",
        "│ ╭─ get_items(n=1)",
    ]
    assert not any("✗" in row or "→" in row for row in rows)


CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u202e]")
HOSTILE = [
    "a[/]b",
    "list[int]",
    "<think>",
    ":smile:",
    "[link=http://x]y[/link]",
    "\\[bold]",
    "lone \ud800 half",
    "\x1b[2J\x1b]52;c;eA==\x07\x9b31m",
    "e" + "\u0301" * 1000,
    "&#x202e;evil&#27;[2J",
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("look", [LIVE, PLAIN])
def test_hostile_text_is_shown_everywhere(text: str, look: Look) -> None:
    """As a tool's name, argument, tokens and observation, an answer, an error, a warning."""
    error = ev.ErrorInfo(kind="x", type=text, message=text, hint=text)
    events = [
        runs.started(text, agent=text, model=text),
        *runs.tool("c", text, {text: text}, [text], model_name=text, output=text + "!"),
        *runs.model("m", [text], name=text),
        ev.Answer(data=ev.AnswerData(output=text + "?")),
        ev.Warned(data=ev.WarningData(code="c", message=text, hint=text)),
        ev.Retry(data=ev.RetryData(attempt=1, max_attempts=2, delay_s=1, reason=text)),
        ev.Node(name=text, data=ev.NodeData(kind="custom", phase="end", content=text)),
        ev.Unknown(fields={"type": text}),
        runs.finished(status="error", exit_code=1, error=error),
    ]
    rows = shown(events, look, 20_000)
    assert not CONTROL.search("".join(rows))
    "".join(rows).encode()
    assert "\n".join(rows).count(clean(text)) >= 12


def test_a_megabyte_in_one_token() -> None:
    rows = shown(runs.tool("c", "t", {}, ["é" * 1_000_000]))
    assert sum(row.count("é") for row in rows) == 1_000_000


RECORDINGS = sorted((Path(__file__).parents[1] / "fixtures" / "v1").glob("*.jsonl"))


@pytest.mark.parametrize("recording", RECORDINGS, ids=lambda path: path.stem)
@pytest.mark.parametrize(("look", "width"), [(LIVE, 79), (LIVE, 39), (PLAIN, None)])
def test_a_real_run_of_every_mode_is_shown_whole(
    recording: Path, look: Look, width: int | None
) -> None:
    """Recorded from LangChain: what each model wrote is there once, unless it wrote it twice."""
    events = [decode(line) for line in recording.read_bytes().splitlines()]
    shown_text = squeezed("".join(shown(events, look, width)))
    texts = [event.data.text for event in events if isinstance(event, ev.LlmFinished)]
    for text in filter(None, texts):
        written = squeezed(text)
        assert shown_text.count(written) >= sum(written in squeezed(other) for other in texts)


def squeezed(text: str) -> str:
    """Letters and digits alone: wrapping, gutters and Markdown's own signs go."""
    return re.sub(r"[^\w]", "", without_colors(text))


@pytest.mark.parametrize("look", [LIVE, PLAIN])
@pytest.mark.parametrize("streamed", [True, False])
def test_blocks_of_a_model_are_lines_in_their_place_and_the_answer_is_not_repeated(
    look: Look, streamed: bool
) -> None:
    rows = [without_colors(row) for row in shown(runs.named_run(streamed=streamed), look)]
    said = ["Let me see.", runs.NAMED[0], "They sleep.", runs.NAMED[1]]
    assert [row.strip() for row in rows if any(text in row for text in said)] == said


def test_blocks_of_a_model_are_dim() -> None:
    (row,) = [row for row in shown(runs.named_run()) if runs.NAMED[0] in row]
    assert row == LIVE.paint("dim", runs.NAMED[0])


@pytest.mark.parametrize("look", [LIVE, PLAIN])
def test_what_a_tool_returned_besides_what_its_agent_observes_is_a_row(look: Look) -> None:
    artifacts: list[Any] = [{"rows": [1, 2]}, [], 0, None]
    for artifact in artifacts:
        rows = shown(runs.artifact_run(artifact), look)
        (row,) = [row for row in map(without_colors, rows) if "artifact" in row]
        assert row.endswith(f"artifact {json.dumps(artifact)}")
    (row,) = [row for row in shown(runs.artifact_run(["x" * 9_999]), look) if "artifact" in row]
    assert cells(row) < 300
    again = runs.artifact_run({"structured_content": {"result": ""}})  # as tools of MCP have it
    assert "artifact" not in "".join(shown(again, look))


LOCKED = ev.ErrorInfo(kind="tool", type="E", message="The tool open_chest failed: E: Locked.")


def broken(call_id: str, **where: Any) -> list[ev.Event]:
    """A tool that raises, and is not observed."""
    *events, ended, _ = runs.tool(call_id, "open_chest", {}, [], output="", inside=[], **where)
    assert isinstance(ended, ev.ToolFinished)
    ended.data = msgspec.structs.replace(ended.data, status="error", output="", error=LOCKED)
    return [*events, ended]


def test_a_failed_tool_is_red_from_where_it_failed_on() -> None:
    look = live_look(ViewOptions(color="16"))
    failed = [*broken("c"), runs.finished("error", 1, error=LOCKED)]
    late, early = (shown(failed, look, cuts=cuts) for cuts in ([True], [False]))
    assert [row[:8] for row in early[:2]] == ["\x1b[31m╭─ ", "\x1b[31m╰─ "]
    assert "\x1b[1;31mopen_chest" in early[0]
    assert late[1:] == early[1:]
    assert late[0].startswith("\x1b[2;36m╭─ ")


def test_what_a_tool_raised_inside_another_that_went_on_is_shown_at_once() -> None:
    inside = broken("i", parents=[runs.ROOT, "run-o"])
    events = runs.tool("o", "search", {}, [], output="nothing there", inside=inside)
    rows = shown(events)
    assert rows[1:5] == ["│ ╭─ open_chest()", "│ │ ◦ error", "│ │ E: Locked.", "│ ╰─ ✗ 1.2 s"]
    assert rows[-1].startswith("╰─ ✓")


@pytest.mark.parametrize("look", [LIVE, PLAIN])
def test_of_several_tools_that_fail_each_says_why_once(look: Look) -> None:
    ended = [*broken("b"), *broken("c"), runs.finished("error", 1, error=LOCKED)]
    other = msgspec.structs.replace(LOCKED, message="The tool open_chest failed: E: Empty.")
    first = next(event for event in ended if isinstance(event, ev.ToolFinished))
    first.data.error = other
    text = "\n".join(shown(ended, look))
    assert (text.count("Empty."), text.count("Locked.")) == (1, 1)
    assert text.index("Empty.") < text.index("Locked.")


def test_a_call_that_was_cancelled_did_not_fail() -> None:
    error = ev.ErrorInfo(kind="user", type="Interrupted", message="The run was cancelled.")
    events = [*broken("c"), runs.finished("cancelled", 130, error=error, tool_calls=1)]
    last = next(event for event in events if isinstance(event, ev.ToolFinished))
    last.data.error = error
    rows = shown(events)
    assert rows[1] == "╰─ ✗ cancelled · 1.2 s"
    assert "1 tool call" in rows[-1]
    assert "failed" not in rows[-1]


def test_what_a_tool_hands_on_of_one_inside_is_shown_once() -> None:
    *inside, _ = runs.tool("i", "search", {}, ["a shelf"], parents=[runs.ROOT, "run-o"])
    rows = shown(runs.tool("o", "ask", {}, [], output="a shelf", inside=inside))
    assert sum("a shelf" in row for row in rows) == 1


def test_that_a_run_was_cancelled_is_said_once() -> None:
    error = ev.ErrorInfo(kind="user", type="Interrupted", message="The run was cancelled.")
    *said, ended = runs.model("m", ["One"])
    assert isinstance(ended, ev.LlmFinished)
    ended.data.error = error
    rows = shown([*said, ended, runs.finished("cancelled", 130, error=error)])
    assert rows[0] == "● One"
    assert [row for row in rows[1:] if row] == [rows[-1]]
    assert rows[-1].startswith("✗ cancelled after")
