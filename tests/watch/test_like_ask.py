"""What is watched of a run is what `ask` says of it: the events of both, one by one."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import decode
from tests.fixtures.record import reacting, repeating, researching
from tests.support.agents import QUESTION
from tests.support.replies import Call, Reply, failing
from tests.support.scripts import cat, saying
from tests.support.server import Script, ScriptedServer
from tests.support.watched import run_watched

PROGRAM = Path(__file__).parent / "programs/asking.py"
SCRIPTS: Mapping[str, Script] = {
    "cat": cat(tokens=4, parallel=2, joke=True),
    "nested": repeating(researching),
    "structured": lambda _: Reply(calls=[Call.of("Found", "call_found", place="the sofa")]),
    "raising": cat(),
    "refused": lambda _: failing(401),
    "classic": cat(tokens=4),
    "react": reacting,
    "approved": cat(tokens=2),
    "reasoning": saying("The ", "sofa.", reasoning=("Cats ", "like ", "sofas.")),
    **dict.fromkeys(
        ["chain", "completion", "fan_out", "handing_over", "waiting", "failing", "bare"],
        saying("a ", "cat"),
    ),
}
TIMES = {"seq", "ts", "duration_s", "ttft_s"}
# What drives a run has its options, what watches it its process. Callbacks carry the thread of a
# graph alone, and not what a chain gets that is streamed.
OF_ONE = {"filters", "versions", "pid", "program", "thread_id", "input"}
# Those whose input is there when they begin: graphs, executors, models.
ASKED = set(SCRIPTS) - {"chain", "completion", "failing"}


def plain(value: Any) -> Any:
    """Events without times."""
    if isinstance(value, list):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items() if key not in TIMES}
    return value


def comparable(events: list[ev.Event]) -> list[Any]:
    """Without what callbacks do not carry: what chains stream, and what those in between get."""
    found = []
    for event in events:
        form = plain(msgspec.to_builtins(event))
        data = form["data"]
        if isinstance(event, ev.Node) and event.data.kind != "custom":
            if event.data.phase == "stream":
                continue
            del data["content"]
        if isinstance(event, ev.RunStarted):
            form["data"] = {key: data[key] for key in data.keys() - OF_ONE}
        found.append(form)
    return found


def recorded(path: Path) -> list[ev.Event]:
    return [decode(line) for line in path.read_bytes().splitlines()[1:]]


def test_what_is_watched_is_what_ask_says(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        servers = {
            name: stack.enter_context(ScriptedServer(script)) for name, script in SCRIPTS.items()
        }
        asked = [part for name, server in servers.items() for part in (name, server.url)]
        seen = run_watched([str(PROGRAM), str(tmp_path), *asked], tmp_path)
    watched = list(seen.runs().values())
    assert len(watched) == len(SCRIPTS)
    for name, events in zip(SCRIPTS, watched, strict=True):
        assert comparable(events) == comparable(recorded(tmp_path / f"{name}.jsonl")), name
    starts = [events[0] for events in watched]
    inputs = {
        name: start.data.input
        for name, start in zip(SCRIPTS, starts, strict=True)
        if isinstance(start, ev.RunStarted)
    }
    assert {name for name in inputs if inputs[name] == QUESTION} == ASKED
