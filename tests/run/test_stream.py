"""The contract of the stream over real runs: every script and fault, mode, engine, with --raw too.

Each is a real agent on a real server, driven by the session into the sink of `--json`.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
from pathlib import Path
from typing import Any

import jsonpatch
from ag_ui.core import Event as AguiEvent
from jsonschema import Draft202012Validator
from pydantic import TypeAdapter

from catagent.agents.cat import make_tools
from catagent.config import Mode
from catagent.events import types as ev
from catagent.events.codec import decode, encode, encode_plain
from catagent.events.filters import Filters
from catagent.recordings.schema import schema
from catagent.run.broadcast import Broadcast
from catagent.run.session import Session
from catagent.sinks.agui_events import Translator
from catagent.sinks.jsonl import JsonlSink
from catagent.sources.base import AgentShape
from catagent.sources.modes import open_source
from tests.support.agents import MODES, QUESTION, SHAPES, build, chat_model
from tests.support.matrix import pairwise
from tests.support.scripts import SCRIPTS
from tests.support.server import ScriptedServer

VALIDATOR = Draft202012Validator(schema())
PROTOCOL: TypeAdapter[Any] = TypeAdapter(AguiEvent)
# A stalled stream only ends by a timeout, which is the session's and has tests of its own.
NAMES = sorted(set(SCRIPTS) - {"stall"})
RAW_NAMES = ("cat", "parallel", "cut", "truncated_args")
CASES = [
    (name, mode, shape, raw)
    for raw, names in (("plain", NAMES), ("raw", RAW_NAMES))
    for name in names
    for mode in MODES
    for shape in SHAPES
]
ALL = ("chat_model", "tool", "chain", "prompt", "retriever", "parser", "custom", "other")


def run(name: str, mode: Mode, shape: AgentShape, stream: io.FileIO, *, raw: bool) -> None:
    """Write all lines of one run."""
    started = ev.RunStarted(
        run_id="root",
        data=ev.RunStartedData(agent="cat", model="scripted", mode=mode, input=QUESTION),
    )

    async def drive(url: str) -> None:
        async with chat_model(url) as model:
            agent = build(shape, model, make_tools(model), raw=raw, max_steps=3)
            session = Session(Broadcast([JsonlSink(stream)], filters=Filters(include_types=ALL)))
            await session.drive(started, open_source(mode, agent))

    with ScriptedServer(SCRIPTS[name](tokens=4)) as server:
        asyncio.run(drive(server.url))


@pairwise("name, mode, shape, raw", CASES)
def test_every_run_keeps_the_contract(
    tmp_path: Path, name: str, mode: Mode, shape: AgentShape, raw: str
) -> None:
    path = tmp_path / "run.jsonl"
    with path.open("wb", buffering=0) as stream:
        run(name, mode, shape, stream, raw=raw == "raw")
    lines = path.read_bytes().splitlines(keepends=True)
    check(lines, name)
    if raw == "raw" and mode == "log":
        check_run_log(lines)


def check(lines: list[bytes], name: str) -> None:
    """All that docs/events.md promises of every stream."""
    events = [decode(line) for line in lines]
    known = [event for event in events if not isinstance(event, ev.Unknown)]
    assert [encode(event) for event in events] == lines, name
    assert known == events, name
    for line in lines:
        VALIDATOR.validate(json.loads(line))
    assert isinstance(events[0], ev.RunStarted), name
    assert isinstance(events[-1], ev.RunFinished), name
    assert [event.seq for event in events] == list(range(len(events))), name
    assert all(a.ts <= b.ts for a, b in itertools.pairwise(events)), name
    check_spans(known, name)
    check_tokens(known, name)
    translator = Translator()
    for event in events:
        for translated in translator.translate(event):
            PROTOCOL.validate_python(json.loads(encode_plain(translated)))


def check_run_log(lines: list[bytes]) -> None:
    """The operations are a JSON Patch each, and together the state of the run."""
    document: Any = {}
    for operations in (json.loads(line).get("raw") for line in lines):
        if operations is not None:
            document = jsonpatch.apply_patch(document, operations)
    assert {"id", "logs", "streamed_output", "final_output"} <= document.keys()


def check_spans(events: list[Any], name: str) -> None:
    """What started finishes, once, and nothing happens in between after its end."""
    for start, end in ((ev.LlmStarted, ev.LlmFinished), (ev.ToolStarted, ev.ToolFinished)):
        started = [event.run_id for event in events if isinstance(event, start)]
        ended = [event.run_id for event in events if isinstance(event, end)]
        assert len(set(started)) == len(started), name
        assert len(set(ended)) == len(ended), name
        assert set(started) <= set(ended), name
    over: set[str] = set()
    for event in events:
        if isinstance(event, ev.LlmToken):
            assert event.run_id not in over, name
        if isinstance(event, ev.LlmFinished):
            over.add(event.run_id)


def check_tokens(events: list[Any], name: str) -> None:
    """Deltas add up to the whole, and a tool's tokens name a call that the agent decided on."""
    calls = {event.data.tool_call_id for event in events if isinstance(event, ev.Action)}
    deltas: dict[str, str] = {}
    for event in events:
        if isinstance(event, ev.LlmToken) and event.data.channel == "text":
            deltas[event.run_id] = deltas.get(event.run_id, "") + event.data.delta
            assert event.tool_call_id is None or event.tool_call_id in calls, name
        elif isinstance(event, ev.LlmFinished) and event.run_id in deltas:
            assert deltas[event.run_id] == event.data.text, name
