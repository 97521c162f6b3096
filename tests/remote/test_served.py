"""A run on a server says what a local run of the same code says: event by event."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from langgraph_sdk import get_sync_client
from langgraph_sdk.errors import NotFoundError

from catagent.config import load
from catagent.events import types as ev
from catagent.models.spec import ModelSpec
from catagent.remote.address import Address
from catagent.run.request import Request, Resume
from catagent.run.served import RunServed
from tests.support.asked import Heard
from tests.support.contract import ALL, played, resolved
from tests.support.replies import failing
from tests.support.scripts import endless, saying
from tests.support.server import Script, ScriptedServer
from tests.support.shapes.base import QUESTION

# One after the other: the same events in the same order.
IN_ORDER = [
    "single",
    "nested twice",
    "retried by middleware",
    "tool in a tool",
    "tool that raises",
    "structured output",
    "dicts in a command",
    "subgraph",
    "subgraph called in a node",
    "text completion in a graph",
    "handoff",
    "node that raises",
    "pause in a tool",
    "pause in a nested agent",
    "pause in a subgraph",
    "pause by middleware",
    "pause before a node",
    "pause after a node",
    "deep agent",
]
# At once, or told beside the events: the same events.
IN_ANY_ORDER = [
    "parallel",
    "nested at once",
    "unknown tool alongside another",
    "fan out",
    "nodes at once",
    "several pauses at once",
    "talking in a nested agent",
    "talking node",
]
CATAGENT = (sys.executable, "-m", "catagent")
MODEL = ModelSpec(provider="openai", name="unused")
IDS = re.compile(r"sha256-[0-9a-f]{16}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|\b[0-9a-f]{32}\b")
# What no server tells: times of its own, where an error was raised, what a model was sent besides
# messages. What LangChain changes in place may be told as it is afterwards: the ids of messages.
UNTOLD = {"seq", "ts", "duration_s", "ttft_s", "file", "line", "source", "tools", "parameters"}


def request(agent: str, given: Any, **fields: Any) -> Request:
    address = Address.parse(agent)
    return Request(
        agent=agent,
        address=address,
        input=given,
        model=MODEL,
        tool_model=MODEL,
        filters=ALL,
        **fields,
    )


async def served(wanted: Request, **flags: Any) -> list[Any]:
    sink = Heard()
    await RunServed(wanted, load({"mode": "events", **flags}, environ={}), sinks=[sink]).drive()
    return sink.events


def told(value: Any) -> Any:
    if isinstance(value, list):
        return [told(item) for item in value]
    if not isinstance(value, dict):
        return value
    untold = UNTOLD | ({"id"} if value.keys() >= {"type", "content"} else set())
    return {key: told(item) for key, item in value.items() if key not in untold}


def comparable(events: list[Any]) -> list[str]:
    """A line for each event, in which ids are numbers in the order in which they come."""
    numbers: dict[str, int] = {}
    lines = []
    for line in map(told, resolved(events)):
        if "langsmith:hidden" in line["tags"]:  # no server streams those
            continue
        if not line["parent_ids"]:
            line["name"] = ""  # the graph has another there
        if line["type"] == "run.started":
            line["data"] = line["data"]["input"]
        text = json.dumps(line, sort_keys=True)
        lines.append(IDS.sub(lambda found: f"#{numbers.setdefault(found[0], len(numbers))}", text))
    return lines


def unordered(lines: list[str]) -> list[str]:
    return sorted(re.sub(r"#\d+", "#", line) for line in lines)


async def compared(name: str, server: str) -> tuple[list[str], list[str]]:
    local = (await asyncio.to_thread(played, name, "events")).events
    given = json.loads(json.dumps(local[0].data.input))
    there = request(f"{server}/shape", given, configurable={"shape": name})
    return comparable(local), comparable(await served(there))


def test_a_served_run_says_what_a_local_run_says(langgraph_dev: str) -> None:
    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*(compared(n, langgraph_dev) for n in IN_ORDER + IN_ANY_ORDER))

    runs = dict(zip(IN_ORDER + IN_ANY_ORDER, asyncio.run(all_of_them()), strict=True))
    for name in IN_ORDER:
        assert runs[name][1] == runs[name][0], name
    for name in IN_ANY_ORDER:
        assert unordered(runs[name][1]) == unordered(runs[name][0]), name


def run(wanted: Request, **flags: Any) -> list[Any]:
    return asyncio.run(served(wanted, **flags))


def of(events: list[Any], kind: type[Any]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


def statuses(server: str, thread_id: str) -> list[str]:
    with get_sync_client(url=server, api_key=None) as client:
        return [found["status"] for found in client.runs.list(thread_id)]


def asking(server: str, script: Script, stack: contextlib.ExitStack, **more: Any) -> Request:
    """A question for the cat agent there, whose models are a scripted server."""
    models = stack.enter_context(ScriptedServer(script))
    return request(f"{server}/cat", "where?", configurable={"model_url": models.url, **more})


def test_what_tools_at_once_write_to_a_served_graphs_stream_may_be_the_graphs(
    langgraph_dev: str,
) -> None:
    """The server does not say which of them wrote it; of what they dispatch it does."""
    shape = {"shape": "talking tools"}
    events = run(request(f"{langgraph_dev}/shape", QUESTION, configurable=shape))
    customs = [each for each in of(events, ev.Node) if each.data.kind == "custom"]
    calls = {"a": "1", "x": "2", "b": "3"}
    for each in customs:
        ((what, about),) = each.data.content.items()
        known = [calls[about]] if what == "dispatches" else [calls[about], None]
        assert each.call in known
        assert len(each.parent_ids) == (0 if each.call is None else 2)
    assert len(customs) == 6


def test_a_served_model_that_fails_is_told_as_far_as_its_server_does(langgraph_dev: str) -> None:
    shape = {"shape": "model that fails"}
    events = run(request(f"{langgraph_dev}/shape", QUESTION, configurable=shape))
    (model,) = of(events, ev.LlmFinished)
    assert model.data.error.message == "The server does not say how it ended."
    error = events[-1].data.error
    assert (error.type, error.path) == ("RuntimeError", ["model"])
    assert error.message == "The node model failed: RuntimeError: the model is gone"


def test_words_that_a_server_withholds_in_its_stream_are_asked_for(langgraph_dev: str) -> None:
    with contextlib.ExitStack() as stack:
        events = run(asking(langgraph_dev, lambda _: failing(401), stack))
    (model,) = of(events, ev.LlmFinished)
    assert model.data.error.message == events[-1].data.error.message
    assert "scripted failure" in model.data.error.message
    assert model.data.error.message.startswith("Where the agent runs: The server refused")
    assert "OPENAI_API_KEY" not in events[-1].data.error.hint
    assert events[-1].data.exit_code == 4


def test_a_limit_ends_a_served_run_there_too(langgraph_dev: str) -> None:
    with get_sync_client(url=langgraph_dev, api_key=None) as client:
        thread_id = client.threads.create()["thread_id"]
    with contextlib.ExitStack() as stack:
        wanted = asking(langgraph_dev, endless(0.1), stack, thread_id=thread_id)
        events = run(wanted, max_steps=2)
    assert (events[-1].data.status, events[-1].data.exit_code) == ("limit", 3)
    assert len(of(events, ev.ToolFinished)) == 2
    assert statuses(langgraph_dev, thread_id) == ["interrupted"]


def test_all_that_a_served_run_waits_for_is_answered_at_once(langgraph_dev: str) -> None:
    agent, shape = f"{langgraph_dev}/shape", {"shape": "several pauses at once"}
    first = run(request(agent, QUESTION, configurable=shape))
    waits, started = of(first, ev.Interrupt), first[0].data
    answers = {each.data.id: f"to {each.data.value['pay']}" for each in waits}
    thread = {**shape, "thread_id": started.thread_id}
    resumed = request(agent, QUESTION, configurable=thread, resume=Resume(first[0].run_id, answers))
    second = run(resumed)
    said = sorted(each.data.output for each in of(second, ev.Observation))
    assert (first[-1].data.status, len(waits)) == ("interrupted", 2)
    assert said == ["paid to ann", "paid to bob"]
    assert second[-1].data.output == "never "


def test_ctrl_c_cancels_a_served_run_and_the_request_of_its_model(
    langgraph_dev: str, tmp_path: Path
) -> None:
    pace = saying(*["word "] * 600, pace=0.1)
    with ScriptedServer(pace) as models:
        agent, url = f"{langgraph_dev}/cat", f"model_url={models.url}"
        command = [*CATAGENT, "ask", "--agent", agent, "--configurable", url, "-o", "jsonl", "a b"]
        environ = {**os.environ, "CATAGENT_HOME": str(tmp_path)}
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=environ) as process:
            assert process.stdout is not None
            lines = [json.loads(process.stdout.readline()) for _ in range(4)]
            process.send_signal(signal.SIGINT)
            assert process.wait() == 130
        assert models.wait_closed()
    with pytest.raises(NotFoundError):
        statuses(langgraph_dev, lines[0]["data"]["thread_id"])
