"""With `raw`, the untouched LangChain objects are all there, as plain JSON."""

from __future__ import annotations

import asyncio
import copy
import datetime
import json
import re
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonpatch
import msgspec
import pytest
from langchain_core.agents import AgentActionMessageLog, AgentStep
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langgraph.types import Command, Send
from msgspec import UNSET

from catagent.agents import cat_prompts
from catagent.config import Mode
from catagent.events import codec
from catagent.events import types as ev
from catagent.sources.base import AgentRun, AgentShape
from catagent.sources.plain import plain
from tests.support import scripts
from tests.support.agents import MODES, SHAPES, Outcome, collect, play, run_with

modes = pytest.mark.parametrize("mode", MODES)
shapes = pytest.mark.parametrize("shape", SHAPES)


def raws(outcome: Outcome) -> list[Any]:
    """The raw objects, in order."""
    known = [event for event in outcome.events if not isinstance(event, ev.Unknown)]
    return [event.raw for event in known if event.raw is not UNSET]


@modes
@shapes
def test_raw_events_can_be_written_and_read(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(3, parallel=2), mode, shape, raw=True)
    assert raws(outcome)
    for event in outcome.events:
        assert codec.decode(codec.encode(event)) == event


@modes
@shapes
def test_raw_adds_nothing_but_carriers(mode: Mode, shape: AgentShape) -> None:
    def told(*, raw: bool) -> list[str]:
        outcome = play(scripts.cat(3), mode, shape, raw=raw)
        return [type(e).__name__ for e in outcome.events if not isinstance(e, ev.Node)]

    assert told(raw=True) == told(raw=False)


@shapes
def test_raw_log_operations_apply_and_give_the_final_state(shape: AgentShape) -> None:
    outcome = play(scripts.cat(30, parallel=3), "log", shape, raw=True)
    operations = [op for ops in raws(outcome) for op in ops]
    state = jsonpatch.apply_patch(None, copy.deepcopy(operations))
    by_id = {entry["id"]: entry for entry in state["logs"].values()}
    finished = {event.run_id: event for event in outcome.of(ev.LlmFinished)}
    assert len(finished) == 7
    for run_id, event in finished.items():
        entry = by_id[run_id]
        assert "".join(entry["streamed_output_str"]) == event.data.text
        assert "".join(chunk["content"] for chunk in entry["streamed_output"]) == event.data.text
        assert entry["end_time"] is not None
    assert state["streamed_output"]
    assert state["final_output"] is not None
    assert len(by_id) == len(state["logs"])


def test_a_run_name_with_a_slash_stays_one_segment_of_a_log_path() -> None:
    def named(model: Any) -> AgentRun:
        chain = RunnableLambda(str) | model.with_config(run_name="a/b~c")
        return AgentRun(chain, cat_prompts.WHERE_PROMPT, "other", raw=True)

    outcome = run_with(scripts.cat(), "log", named)
    state = jsonpatch.apply_patch(None, [op for ops in raws(outcome) for op in ops])
    assert state["logs"]["a/b~c"]["streamed_output_str"][1:4] == list(scripts.WHERE_TOKENS)
    assert [e.data.delta for e in outcome.of(ev.LlmToken)] == list(scripts.WHERE_TOKENS)


@shapes
def test_raw_steps_keep_the_whole_chunk(shape: AgentShape) -> None:
    outcome = play(scripts.cat(2), "steps", shape, raw=True)
    chunks = raws(outcome)
    text = msgspec.json.encode(chunks).decode()
    assert "call_items_0" in text
    assert "usage_metadata" in text
    if shape == "executor":
        assert chunks[0]["actions"][0]["message_log"][0]["tool_calls"][0]["name"]
        assert set(chunks[-1]) >= {"output", "messages"} or set(chunks[-2]) >= {"output"}
    else:
        assert chunks[0].keys() >= {"type", "ns", "data"}


@shapes
def test_a_raw_step_carries_the_chunk_it_was_made_from(shape: AgentShape) -> None:
    """What happened alongside, the end of a model call or a warning, carries none."""
    script = scripts.with_fault(scripts.cat(2), "where", finish_reason="length")
    outcome = play(script, "steps", shape, raw=True)
    made = [*outcome.of(ev.Action), *outcome.of(ev.Observation)]
    assert len(made) == 4
    assert all(event.data.tool_call_id in json.dumps(event.raw) for event in made)
    beside = [*outcome.of(ev.LlmFinished), *outcome.of(ev.Warned)]
    assert len(beside) == 6
    assert all(event.raw is UNSET for event in beside)


def test_a_raw_start_carries_its_stream_event_though_a_failure_comes_first() -> None:
    class Failing(FakeListChatModel):
        def _call(self, *args: Any, **kwargs: Any) -> str:
            raise ValueError("no model")

    model = Failing(responses=[]).with_fallbacks([FakeListChatModel(responses=["a"])])
    outcome = asyncio.run(collect("events", AgentRun(model, "what?", "other", raw=True)))
    assert [event.raw["event"] for event in outcome.of(ev.LlmStarted)] == 2 * [
        "on_chat_model_start"
    ]
    failed, finished = outcome.of(ev.LlmFinished)
    assert failed.raw is UNSET
    assert finished.raw["event"] == "on_chat_model_end"


@shapes
def test_raw_events_keep_every_stream_event(shape: AgentShape) -> None:
    outcome = play(scripts.cat(2), "events", shape, raw=True)
    kept = raws(outcome)
    names = [event["event"] for event in kept]
    assert names.count("on_tool_start") == names.count("on_tool_end") == 2
    assert names[0] == "on_chain_start"
    assert all(event.keys() >= {"event", "run_id", "data", "metadata"} for event in kept)


class Broken(Mapping[str, int]):
    """Raises whatever is asked of it."""

    def __getitem__(self, key: str) -> int:
        raise RuntimeError("no")

    def __iter__(self) -> Any:
        raise RuntimeError("no")

    def __len__(self) -> int:
        return 1

    def __repr__(self) -> str:
        raise RuntimeError("no")


def test_raw_values_that_json_cannot_hold_become_placeholders() -> None:
    cyclic: list[Any] = []
    cyclic.append(cyclic)
    odd = [object(), float("nan"), 2**70, Broken(), cyclic, {1, 2}, b"\xff", uuid.UUID(int=0)]
    rendered = plain([*odd, datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC), ValueError("x")])
    msgspec.json.encode(rendered)
    assert rendered[0][codec.PLACEHOLDER] == "builtins.object"
    assert rendered[3]["repr"] == "<no repr>"
    assert rendered[5:8] == [[1, 2], {"$bytes": "/w=="}, "00000000-0000-0000-0000-000000000000"]
    assert rendered[8:] == ["2026-01-02T00:00:00+00:00", {"type": "ValueError", "message": "x"}]


def test_raw_keys_that_are_the_same_text_are_all_kept() -> None:
    assert plain({1: "a", "1": "b", 2: "c"}) == {"1 (int)": "a", "1": "b", "2": "c"}
    assert list(plain({None: 1, "None": 2, "None (NoneType)": 3}).values()) == [1, 2, 3]


def forms_in_the_reference() -> list[Any]:
    """The JSON that docs/events.md shows for what JSON cannot hold."""
    text = (Path(__file__).parents[2] / "docs/events.md").read_text()
    section = text.partition("## What JSON cannot hold\n")[2].partition("\n## ")[0]
    return [json.loads(form) for form in re.findall(r"`(\{.*?\})`", section)]


def test_the_reference_documents_the_raw_forms() -> None:
    given = (ValueError("x"), b"x", Command(goto="a"), Send("a", 1), Sized())
    found = [plain(value) for value in given]
    assert [set(form) for form in forms_in_the_reference()] == [set(form) for form in found]
    for value in (float("inf"), 2**63, -(2**63) - 1, object()):
        assert plain(value).keys() == {codec.PLACEHOLDER, "repr"}


class Sized:
    """Nothing that JSON can hold, three long."""

    def __len__(self) -> int:
        return 3


def test_the_size_of_what_json_cannot_hold_is_kept_where_it_has_one() -> None:
    assert plain(Sized())["size"] == 3
    assert "size" not in plain(object())


@pytest.mark.parametrize(
    "command",
    [
        Command(goto="a"),
        Command(graph=Command.PARENT, update={"a": [1]}, resume="yes"),
        Command(goto=[Send("a", {"b": 1}), "c"], update={}),
    ],
)
def test_a_command_can_be_made_again_from_its_plain_form(command: Command[Any]) -> None:
    form = json.loads(msgspec.json.encode(plain(command)))

    def made(value: Any) -> Any:
        match value:
            case {"$command": fields}:
                return Command(**{name: made(field) for name, field in fields.items()})
            case {"$send": fields}:
                return Send(**fields)
            case list():
                return [made(item) for item in value]
        return value

    assert made(form) == command


def test_the_timeout_of_a_send_is_kept() -> None:
    assert plain(Send("a", None)) == {"$send": {"node": "a", "arg": None}}
    assert plain(Send("a", None, timeout=2))["$send"]["timeout"]["run_timeout"] == 2


def test_raw_objects_keep_the_fields_of_subclasses() -> None:
    call = {"name": "f", "args": {"a": 1}, "id": "1", "type": "tool_call"}
    message = AIMessage("x", tool_calls=[call])
    action = AgentActionMessageLog(tool="f", tool_input={}, log="", message_log=[message])
    rendered = plain(AgentStep(action=action, observation="seen"))
    assert rendered["action"]["message_log"][0]["tool_calls"] == [call]
