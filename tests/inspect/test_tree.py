"""The inspector's tree: what stands below what, and what is known of each part as of an event."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

import pytest

from catagent.events import types as ev
from catagent.inspect.search import next_error, search
from catagent.inspect.span import Span
from catagent.inspect.spans import Index
from catagent.recordings.reader import read

RECORDED = Path(__file__).parents[1] / "fixtures/v1"
TS = "2026-11-26T07:29:55.485860Z"


def indexed(events: Iterator[ev.Event] | list[ev.Event]) -> Index:
    index = Index()
    for event in events:
        index.take(event)
    return index


def recorded(name: str) -> Index:
    return indexed(read(RECORDED / f"{name}.jsonl"))


def depth(span: Span | None) -> int:
    deep = -1
    while span is not None:
        deep, span = deep + 1, span.parent
    return deep


def drawn(index: Index, at: int | None = None) -> list[str]:
    at = len(index) if at is None else at
    return [f"{'  ' * depth(span)}{span.kind} {span.name}" for span in index.spans_at(at)]


def one(index: Index, name: str, number: int = 0) -> Span:
    return [span for span in index.spans_at(len(index)) if span.name == name][number]


LOOP = [
    "run cat",
    "  node model",
    "    model gpt-4o-mini",
    "  node tools",
    "    tool where_cat_is_hiding",
    "      model where_cat_at",
    "  node model",
    "    model gpt-4o-mini",
    "  node tools",
    "    tool get_items",
    "      model Get Items LLM",
    "  node model",
    "    model gpt-4o-mini",
]


@pytest.mark.parametrize("mode", ["steps", "log", "events"])
def test_the_tree_is_the_same_in_every_mode(mode: str) -> None:
    assert drawn(recorded(mode)) == LOOP


def test_the_tree_shows_agents_in_tools_and_no_plumbing() -> None:
    assert drawn(recorded("nested"))[3:11] == [
        "  node tools",
        "    tool research",
        "      agent inner",
        "        node model",
        "          model gpt-4o-mini",
        "        node tools",
        "          tool where_cat_is_hiding",
        "            model where_cat_at",
    ]
    assert drawn(recorded("classic"))[:4] == [
        "run cat-classic",
        "  model gpt-4o-mini",
        "  tool where_cat_is_hiding",
        "    model where_cat_at",
    ]
    assert drawn(recorded("fan-out-steps")) == drawn(recorded("fan-out"))


def test_the_tree_shows_a_call_that_was_decided_below_its_model_until_it_runs() -> None:
    index = recorded("interrupt")
    assert drawn(index)[-3:-1] == ["    model gpt-4o-mini", "      tool get_items"]
    call = one(index, "get_items")
    assert (call.status(len(index)), call.about) == ("decided", 'place="under the sofa"')
    paused = next(at for at in range(len(index)) if index.spool[at].type == "interrupt")
    assert index.span_at(paused).status(len(index)) == "interrupted"


def test_each_part_of_the_tree_is_as_it_was_at_any_event() -> None:
    index = recorded("events")
    model, end = one(index, "Get Items LLM"), len(index)
    seen = [(model.status(at), model.pieces(at), index.used(model, at)) for at in (38, 41, end)]
    assert seen[0] == ("running", 0, ev.Usage())
    assert seen[1] == ("running", 3, ev.Usage())
    assert seen[2] == ("success", 6, ev.Usage(input_tokens=10, output_tokens=6))
    assert drawn(index, 14) == LOOP[:6]
    root = index.roots[0]
    assert (root.ended(end - 1), root.status(end)) == (None, "success")
    forth = [index.used(root, at).output_tokens for at in range(1, end + 1)]
    assert forth[-1] == 43
    assert [index.used(root, at).output_tokens for at in range(end, 0, -1)] == forth[::-1]
    began, ended = model.began or 0.0, model.ended(end) or 0.0
    assert began < (model.first_token(end) or 0.0) < ended
    assert (model.first_token(38), model.ended(40)) == (None, None)


def test_the_tree_tells_who_failed_was_stopped_and_was_cancelled() -> None:
    statuses = {}
    for name in ("refused", "limit", "cancelled", "cut-stream"):
        index = recorded(name)
        spans = list(index.spans_at(len(index)))
        statuses[name] = (spans[0].status(len(index)), len(index.errors))
        for position in index.errors:
            assert index.span_at(position).kind in ("model", "tool")
    assert statuses == {
        "refused": ("error", 1),
        "limit": ("limit", 1),
        "cancelled": ("cancelled", 0),
        "cut-stream": ("error", 1),
    }


def test_search_goes_both_ways_through_what_was_said_and_over_no_field_names() -> None:
    index = recorded("events")
    first = search(index, "UNDER THE SOFA", -1)
    assert first is not None
    assert index.spool[first].type == "llm.finished"
    assert (later := search(index, "under the sofa", first)) is not None
    assert search(index, "under the sofa", later, backwards=True) == first
    assert search(index, "finish_reason", -1) is None
    assert search(index, "Über", -1) is None
    failed = recorded("refused")
    assert next_error(failed, -1) == next_error(failed, len(failed), backwards=True) == 4
    assert next_error(failed, 4) == 4  # around the end


@pytest.mark.parametrize("seed", range(12))
def test_the_tree_has_a_place_for_whatever_comes(seed: int) -> None:
    """Events out of order, left out, doubled, with ids and keys that make no sense."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    names = chance.sample(sorted(RECORDED.glob("*.jsonl")), 2)
    events = [event for name in names for event in read(name)]
    chance.shuffle(events)
    ids = [event.run_id for event in events if not isinstance(event, ev.Unknown)]
    for event in chance.sample(events, len(events) // 2):
        assert not isinstance(event, ev.Unknown)
        event.parent_ids = chance.sample(ids, 2)
        event.call = chance.choice(["1", "2.1", None])
        event.run_id = chance.choice([*ids, ""])
    index = indexed(events)
    spans = list(index.spans_at(len(index)))
    assert len(set(map(id, spans))) == len(spans)
    owners = {id(index.span_at(position)) for position in range(len(index))}
    assert owners <= set(map(id, spans))


def test_the_tree_has_a_root_for_each_run_of_a_stream_at_once() -> None:
    names = ("nested", "steps", "interrupt")
    apart = [drawn(recorded(name)) for name in names]
    runs = [list(read(RECORDED / f"{name}.jsonl")) for name in names]
    mixed = [event for row in zip_longest(*runs) for event in row if event is not None]
    index = indexed(mixed)
    assert drawn(index) == [line for lines in apart for line in lines]
    assert [root.status(len(index)) for root in index.roots] == [
        "success",
        "success",
        "interrupted",
    ]


def nested(depth: int) -> Iterator[ev.Event]:
    data = ev.RunStartedData(agent="cat", mode="events", input="?")
    yield ev.RunStarted(run_id="r", name="cat", ts=TS, data=data)
    around = ["r"]
    for number in range(depth):
        key, parents = str(number), [*around]
        yield ev.ToolStarted(
            run_id=f"t{key}", parent_ids=parents, call=key, ts=TS,
            data=ev.ToolStartedData(tool="deeper", tool_input={}),
        )  # fmt: skip
        around.append(f"t{key}")
        usage = ev.Usage(input_tokens=1, output_tokens=2)
        yield ev.LlmFinished(
            run_id=f"m{key}", parent_ids=[*around], call=key, ts=TS,
            data=ev.LlmFinishedData(model="m", text="hi", usage=usage),
        )  # fmt: skip


def test_1500_nested_calls_are_a_tree_in_linear_time() -> None:
    """Quadratic in no more than their lists of parents; the stack of Python does not grow."""
    began = time.process_time()
    index = indexed(nested(1_500))
    spans = list(index.spans_at(len(index)))
    assert (len(spans), max(depth(span) for span in spans[-2:])) == (3_001, 1_501)
    assert index.used(spans[0], len(index)).output_tokens == 3_000
    assert time.process_time() - began < 10
