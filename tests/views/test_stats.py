"""The table of --stats."""

from __future__ import annotations

from pathlib import Path

import pytest

from catagent.events import types as ev
from catagent.events.state import RunState, reduce
from catagent.exports.facts import facts, final_state
from catagent.views.options import ViewOptions
from catagent.views.stats import table
from catagent.views.style import plain_look
from catagent.views.transcript import Transcript
from tests.support.recordings import read_recording
from tests.support.runs import cat_run, started


def stats_of(events: list[ev.Event]) -> list[list[str]]:
    state = RunState()
    for event in events:
        reduce(state, event)
    return [line.split() for line in table(state).splitlines()]


def test_stats_have_a_row_for_each_model_each_tool_and_the_run() -> None:
    heading, model, where, items, run = stats_of(cat_run())
    assert heading == ["calls", "in", "out", "first", "token", "time"]
    assert model == ["gpt-4o-mini", "5", "50", "15", "0.05", "s", "2.00", "s"]
    assert where == ["where_cat_is_hiding", "1", "-", "-", "-", "1.20", "s"]
    assert items == ["get_items", "1", "-", "-", "-", "1.20", "s"]
    assert run == ["the", "run", "5", "50", "15", "-", "3.40", "s"]


def test_stats_columns_line_up_whatever_a_name_holds() -> None:
    state = RunState()
    for event in cat_run():
        if isinstance(event, ev.LlmStarted | ev.LlmFinished):
            event.data.model = "猫\x1b[2J\nmodel"
        reduce(state, event)
    text = table(state)
    assert "\x1b" not in text
    assert len(text.splitlines()) == 5


def test_stats_of_an_empty_or_unfinished_run() -> None:
    assert stats_of([])[-1] == ["the", "run", "0", "-", "-", "-", "-"]
    assert stats_of([started()])[-1] == ["the", "run", "0", "-", "-", "-", "-"]
    assert len(stats_of(cat_run()[:10])) == 4


def test_stats_show_no_count_that_nobody_gave() -> None:
    run = cat_run()
    for event in run:
        if isinstance(event, ev.LlmFinished):
            event.data.usage = ev.Usage(output_tokens=3)
    assert stats_of(run)[1] == ["gpt-4o-mini", "5", "-", "15", "0.05", "s", "2.00", "s"]


def test_stats_say_what_was_seen_where_nobody_counted() -> None:
    run = cat_run()
    [*_, last] = (event for event in run if isinstance(event, ev.LlmFinished))
    last.data.usage = None
    pieces = sum(isinstance(event, ev.LlmToken) and event.run_id == last.run_id for event in run)
    assert stats_of(run)[1][:7] == ["gpt-4o-mini", "5", "40", "10", "+", f"{pieces}", "seen"]


RECORDINGS = sorted((Path(__file__).parents[1] / "fixtures/v1").glob("*.jsonl"))


@pytest.mark.parametrize("path", RECORDINGS, ids=lambda path: path.stem)
def test_the_last_line_an_export_and_the_table_agree(path: Path) -> None:
    events, _ = read_recording(path)
    transcript, state = Transcript(plain_look(ViewOptions())), final_state(events)
    for event in events:
        transcript.update(event)
    transcript.settle()
    last = transcript.take(None)[-1]
    for fact in facts(state):
        if "token" in fact or "call" in fact or "cost" in fact:
            assert f", {fact}" in last
    assert state.finished is not None
    usage = state.finished.data.usage or ev.Usage()
    row = " ".join(table(state).splitlines()[-1].split())
    for number in filter(None, (usage.input_tokens, usage.output_tokens)):
        assert f" {number:,} " in row
