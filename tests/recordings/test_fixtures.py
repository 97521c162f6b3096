"""Every recorded run, of every version of the format, through everything that reads recordings."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, BinaryIO

import jsonpatch
import pytest
from ag_ui.core import Event as AguiEvent
from jsonschema import Draft202012Validator
from msgspec import UNSET
from pydantic import TypeAdapter

from catagent.events import types as ev
from catagent.events.codec import decode, decode_header
from catagent.events.filters import Filters
from catagent.events.state import LlmRun
from catagent.exports import EXPORTERS, exporter
from catagent.exports.facts import final_state
from catagent.recordings.history import summarise
from catagent.recordings.pace import Pace, replay
from catagent.recordings.schema import schema
from catagent.run.playback import Playback
from catagent.sinks.agui import AguiSink
from catagent.sinks.base import Sink
from catagent.sinks.jsonl import AnswerSink, JsonlSink
from catagent.views.stats import table
from tests.support.recordings import read_recording

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures").glob("v*/*.jsonl"))
VALIDATOR = Draft202012Validator(schema())
PROTOCOL: TypeAdapter[Any] = TypeAdapter(AguiEvent)
EVERYTHING = Filters(
    include_types=(
        "chat_model",
        "tool",
        "chain",
        "prompt",
        "retriever",
        "parser",
        "custom",
        "other",
    )
)

pytestmark = pytest.mark.parametrize("path", FIXTURES, ids=lambda p: f"{p.parent.name}/{p.stem}")


def lines_of(path: Path) -> list[bytes]:
    return path.read_bytes().splitlines(keepends=True)


def events_of(path: Path) -> list[ev.Event]:
    events, damage = read_recording(path)
    assert damage is None
    return events


def played(path: Path, make: Callable[[BinaryIO], Sink], filters: Filters, to: Path) -> bytes:
    """What a replay at once writes through a sink."""
    with to.open("wb") as stream:
        playback = Playback([make(stream)], filters)
        assert asyncio.run(playback.play(replay(chunks(path.read_bytes()), Pace(0)))) == 0
    return to.read_bytes()


async def chunks(data: bytes) -> AsyncIterator[bytes]:
    for at in range(0, len(data), 1000):
        yield data[at : at + 1000]


def test_a_fixture_has_a_header_a_beginning_and_an_end(path: Path) -> None:
    lines = lines_of(path)
    assert decode_header(lines[0]) is not None
    assert isinstance(decode(lines[1]), ev.RunStarted)
    assert isinstance(decode(lines[-1]), ev.RunFinished)


def test_every_line_of_a_fixture_fits_the_schema(path: Path) -> None:
    for line in lines_of(path):
        VALIDATOR.validate(json.loads(line))


def test_seq_of_a_fixture_counts_from_zero_and_time_goes_on(path: Path) -> None:
    events = events_of(path)
    assert [event.seq for event in events] == list(range(len(events)))
    assert [event.ts for event in events] == sorted(event.ts for event in events)


def test_a_replay_of_a_fixture_writes_the_same_lines(path: Path, tmp_path: Path) -> None:
    assert played(path, JsonlSink, EVERYTHING, tmp_path / "out") == b"".join(lines_of(path)[1:])


def test_a_filter_leaves_lines_out_and_changes_none(path: Path, tmp_path: Path) -> None:
    filters = Filters(exclude_names=("Get Items LLM",))
    kept = played(path, JsonlSink, filters, tmp_path / "out").splitlines(keepends=True)
    assert set(kept) < set(lines_of(path))
    assert not any(json.loads(line)["name"] == "Get Items LLM" for line in kept)


def test_the_answer_sink_writes_the_answer_of_a_fixture(path: Path, tmp_path: Path) -> None:
    last = events_of(path)[-1]
    assert isinstance(last, ev.RunFinished)
    written = played(path, lambda stream: AnswerSink(stream), Filters(), tmp_path / "out")
    assert written.decode() == (f"{last.data.output}\n" if last.data.output else "")


def test_agui_lines_of_a_fixture_are_of_the_protocol(path: Path, tmp_path: Path) -> None:
    written = [
        json.loads(x) for x in played(path, AguiSink, Filters(), tmp_path / "o").splitlines()
    ]
    for line in written:
        PROTOCOL.validate_python(line)
    assert written[0]["type"] == "RUN_STARTED"
    assert written[-1]["type"] in ("RUN_FINISHED", "RUN_ERROR")


def test_the_deltas_of_each_model_add_up_to_its_text(path: Path) -> None:
    deltas: dict[str, str] = {}
    for event in events_of(path):
        if isinstance(event, ev.LlmToken) and event.data.channel == "text":
            deltas[event.run_id] = deltas.get(event.run_id, "") + event.data.delta
        elif isinstance(event, ev.LlmFinished) and event.run_id in deltas:
            assert deltas[event.run_id] == event.data.text


def test_every_span_of_a_fixture_is_closed(path: Path) -> None:
    for run in final_state(events_of(path)).order:
        if isinstance(run, LlmRun) or run.began:
            assert run.finished is not None, run


def test_a_tools_tokens_name_a_tool_call(path: Path) -> None:
    events = events_of(path)
    calls = {e.call for e in events if isinstance(e, ev.ToolStarted)}
    inside = {e.call for e in events if isinstance(e, ev.LlmToken)} - {None}
    assert inside <= calls


def test_the_keys_of_a_fixture_go_from_the_model_that_wrote_a_call_to_its_observation(
    path: Path,
) -> None:
    """Every call that ran was decided on or is inside one; every key is inside its outer one."""
    events = events_of(path)
    about = [e for e in events if isinstance(e, ev.CallEvent)]
    keys = {ev.call_of(event) for event in about}
    assert all(outer is None or outer in keys for outer in map(ev.outer_call, keys))
    actions = [e.call for e in about if isinstance(e, ev.Action)]
    assert len(actions) == len(set(actions))
    for kind in (ev.ToolFinished, ev.Observation):
        assert {e.call for e in about if isinstance(e, kind)} <= keys


def test_the_history_and_stats_read_a_fixture(path: Path) -> None:
    summary = summarise(path)
    assert summary.status in ("success", "error", "cancelled", "limit", "interrupted")
    assert summary.question == "what items are located where the cat is hiding?"
    assert "the run" in table(final_state(events_of(path)))


@pytest.mark.parametrize("ending", sorted(EXPORTERS))
def test_a_fixture_can_be_exported(path: Path, ending: str) -> None:
    text = exporter(Path(f"x{ending}"))(events_of(path), None)
    assert "cat" in text


def test_the_raw_run_log_is_a_valid_json_patch(path: Path) -> None:
    """The operations of `--mode log --raw`, applied in order, give the run's final state."""
    events = [e for e in events_of(path) if not isinstance(e, ev.Unknown)]
    started = events[0]
    operations = [e.raw for e in events if e.raw is not UNSET]
    if not (isinstance(started, ev.RunStarted) and started.data.mode == "log" and operations):
        pytest.skip("this recording holds no run log")
    document: Any = {}
    for patch in operations:
        document = jsonpatch.apply_patch(document, patch)
    assert document["final_output"] is not None
