"""What holds of every run, of agents of every shape, in every mode."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ag_ui.core import Event as AguiEvent
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from catagent.config import Mode
from catagent.events import types as ev
from catagent.events.codec import encode, encode_plain
from catagent.events.filters import Filters
from catagent.events.prompts import Prompts
from catagent.events.state import RunState, reduce
from catagent.exports import EXPORTERS, exporter
from catagent.recordings.schema import schema
from catagent.sinks.agui_events import Translator
from catagent.views.options import ViewOptions
from catagent.views.style import live_look, plain_look
from catagent.views.transcript import Transcript
from tests.faults.checks import assert_whole
from tests.support.agents import MODES
from tests.support.contract import BY_NAME, Line, Played, played, resolved, story
from tests.support.matrix import in_turn
from tests.support.shapes.scripted import SENT

VALIDATOR = Draft202012Validator(schema())
PROTOCOL: TypeAdapter[Any] = TypeAdapter(AguiEvent)
CALL_EVENTS = ("action", "tool.started", "tool.finished", "observation")

every_shape = pytest.mark.parametrize("name", BY_NAME)
each_in_a_mode = in_turn("name, mode", BY_NAME, MODES)


@every_shape
def test_the_modes_agree(name: str) -> None:
    """On all but tokens and the runs of tools, which `steps` does not report."""
    steps, log, events = (story(played(name, mode)) for mode in MODES)
    assert log == events
    assert steps == events


@pytest.mark.parametrize(
    ("name", "agents"),
    [
        ("single", [None, None]),
        ("subgraph", ["inner", "inner"]),
        ("handoff", ["alice", "bob"]),
        ("supervisor", ["boss", "bob", "boss"]),
        ("nested ids repeat", [None, "inner", "inner", None, "inner", "inner", None]),
        ("graph in a chain", ["inner", "inner"]),
        ("functional with an agent", ["inner", "inner"]),
    ],
)
def test_agents_inside_the_runs_own_are_named(name: str, agents: list[str | None]) -> None:
    run = played(name, "events")
    assert [line["data"].get("agent") for line in run.of("llm.started")] == agents
    assert all(line["data"]["duration_s"] >= 0 for line in run.of("update"))


@each_in_a_mode
def test_a_shape_comes_to_what_it_is_for(name: str, mode: Mode) -> None:
    run = played(name, mode)
    shape, end = run.shape, run.lines[-1]["data"]
    assert end["status"] == shape.status, end["error"]
    assert len(run.of("interrupt")) == shape.pauses
    assert sum(line["data"].get("kind") == "custom" for line in run.of("node")) == shape.customs
    decided = dict(_keys(run, "action"))
    assert decided == {key: shape.calls[key] for key in shape.calls if key not in shape.undecided}
    assert end["output"] == (shape.answer or end["output"])
    if mode != "steps":
        started = [key for key, _ in _keys(run, "tool.started")]
        assert set(started) == set(shape.calls) - shape.unrun
        assert len(started) == (shape.attempts or len(set(started)))


@each_in_a_mode
def test_each_observation_is_of_its_own_call(name: str, mode: Mode) -> None:
    run = played(name, mode)
    observed = {line["call"]: line["data"] for line in run.of("observation")}
    failed = {key for key, data in observed.items() if data["status"] == "error"}
    assert failed == run.shape.failed
    for key in run.shape.again:
        first, second = (a["data"]["tool_input"] for a in run.of("action") if a["call"] == key)
        assert first != second
    outputs = {key: observed[key]["output"] for key in run.shape.outputs}
    assert outputs == run.shape.outputs


def _keys(run: Played, *types: str) -> list[tuple[str, str]]:
    return [(line["call"], line["data"]["tool"]) for line in run.of(*types)]


@each_in_a_mode
def test_a_run_is_framed_and_valid(name: str, mode: Mode) -> None:
    run = played(name, mode)
    lines = [json.loads(encode(event)) for event in run.events]
    assert_whole(lines)
    assert [line["seq"] for line in lines] == list(range(len(lines)))
    assert {ev.run_of(event) for event in run.events} == {run.events[0].run_id}
    for line in lines:
        VALIDATOR.validate(line)


@each_in_a_mode
def test_calls_have_keys_of_their_own(name: str, mode: Mode) -> None:
    run = played(name, mode)
    decided = Counter(key for key, _ in _keys(run, "action"))
    observed = Counter(key for key, _ in _keys(run, "observation"))
    assert decided == {key: 1 + (key in run.shape.again) for key in decided}
    assert max(observed.values(), default=1) == 1
    for line in run.of(*CALL_EVENTS):
        # What an executor runs in the place of a tool that it does not know.
        assert line["data"]["tool"] in (run.shape.calls[line["call"]], "invalid_tool")
    for line in run.of("llm.finished"):
        for written in line["data"]["tool_calls"]:
            assert run.shape.calls[written["call"]] == written["name"]
            assert ev.outer_call(written["call"]) == line["call"]
    for line in run.of("llm.token"):
        if "call" in line["data"]:
            assert run.shape.calls[line["data"]["call"]] == line["data"]["tool"]


@in_turn("name, mode", BY_NAME, ["log", "events"])
def test_every_event_has_the_key_of_the_call_that_it_is_inside(name: str, mode: Mode) -> None:
    run = played(name, mode)
    tools = {line["run_id"]: line["call"] for line in run.of("tool.started")}
    for line in run.lines:
        around = [tools[parent] for parent in line["parent_ids"] if parent in tools]
        inner = around[-1] if around else None
        if line["type"] in CALL_EVENTS:
            assert ev.outer_call(line["call"]) == inner, line
        else:
            assert line["call"] == tools.get(line["run_id"], inner), line


@each_in_a_mode
def test_a_call_is_reported_in_order(name: str, mode: Mode) -> None:
    rank = dict(zip(CALL_EVENTS, range(4), strict=True))
    reached: dict[str, int] = {}
    for line in played(name, mode).of(*CALL_EVENTS):
        now, before = rank[line["type"]], reached.get(line["call"], 0)
        tried_again = (before, now) == (2, 1)
        assert now >= before or tried_again, line
        reached[line["call"]] = now


@each_in_a_mode
def test_refs_mean_what_each_model_was_sent(name: str, mode: Mode) -> None:
    """In a recording, and in what is printed without asking for more."""
    run = played(name, mode)
    kept = [index for index, event in enumerate(run.events) if Filters().keeps(event)]
    quiet = resolved([run.events[index] for index in kept])
    assert quiet == [run.lines[index] for index in kept]
    for line in run.of("llm.started"):
        sent = SENT[line["run_id"]]
        assert list(map(_said, line["data"]["messages"])) == [
            _said(json.loads(message)) for message in sent.messages
        ]
        assert [tool["name"] for tool in line["data"]["tools"]] == sent.tools


@each_in_a_mode
def test_the_package_reads_what_each_model_was_sent(name: str, mode: Mode) -> None:
    run, prompts = played(name, mode), Prompts()
    for event in run.events:
        prompts.take(event)
        if isinstance(event, ev.LlmStarted):
            read = json.loads(encode_plain(prompts.messages(event.data)))
            sent = [json.loads(message) for message in SENT[event.run_id].messages]
            assert list(map(_said, read)) == list(map(_said, sent))


def _said(message: Line) -> Line:
    """A message without the id that it may have here alone."""
    own = str(message["id"]).startswith("sha256-")
    return message | {"id": None if own else message["id"]}


@each_in_a_mode
def test_whatever_shows_a_run_shows_it(name: str, mode: Mode) -> None:
    run = played(name, mode)
    state = RunState()
    for event in run.events:
        reduce(state, event)
    assert set(state.tools) == {line["call"] for line in run.of(*CALL_EVENTS)}
    for look in (plain_look(ViewOptions(verbose=True)), live_look(ViewOptions(prompts=True))):
        assert list(_shown(Transcript(look), run))
    for ending in EXPORTERS:
        assert exporter(Path(f"x{ending}"))(run.events, None)
    translator = Translator()
    for event in run.events:
        for told in translator.translate(event):
            PROTOCOL.validate_python(json.loads(encode_plain(told)))


def _shown(transcript: Transcript, run: Played) -> Iterator[Any]:
    for event in run.events:
        transcript.update(event)
        yield from transcript.take(80)
    transcript.settle()
    yield from transcript.take(80)
