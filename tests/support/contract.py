"""Runs of agents of every shape, and what they come to: the same in all modes."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from functools import cache
from typing import Any, get_args

import catagent
from catagent.config import Mode
from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.events.filters import Filters
from tests.support.shapes import SHAPES, Shape

Line = dict[str, Any]
ALL = Filters(include_types=("llm", "tool", *get_args(ev.NodeKind)))
BY_NAME = {shape.name: shape for shape in SHAPES}


@dataclass(frozen=True, slots=True)
class Played:
    """One run: its events, and its lines with every reference replaced by what it refers to."""

    shape: Shape
    mode: Mode
    events: list[Any]
    lines: list[Line]

    def of(self, *types: str) -> list[Line]:
        """The lines of these types."""
        return [line for line in self.lines if line["type"] in types]


@cache
def played(name: str, mode: Mode) -> Played:
    """A run of the shape with this name, once in a process."""
    shape = BY_NAME[name]
    events = asyncio.run(_events(shape, mode))
    return Played(shape, mode, events, resolved(events))


async def _events(shape: Shape, mode: Mode) -> list[ev.Event]:
    return [event async for event in stream(shape, mode)]


def stream(shape: Shape, mode: Mode, **options: Any) -> AsyncGenerator[ev.Event, None]:
    """A run of a new agent of this shape, with all of its events."""
    made = shape.make()
    agent, given = made if isinstance(made, tuple) else (made, shape.input)
    config: Any = {"configurable": {"thread_id": "a"}}
    return catagent.stream(agent, given, mode=mode, config=config, filters=ALL, **options)


def resolved(events: list[Any]) -> list[Line]:
    """The lines by the documented rule: a ref means the last whole message with its id.

    Raises KeyError for a ref to nothing.
    """
    last: dict[str, Any] = {}
    sent: dict[str, list[str]] = {}
    return [_read(json.loads(encode(event)), last, sent) for event in events]


def _read(line: Line, last: dict[str, Any], sent: dict[str, list[str]]) -> Line:
    """One line; `sent` are the ids that each message stood behind when it was last sent."""
    data = line["data"]
    if line["type"] == "llm.started":
        data["messages"] = [ref for item in data["messages"] for ref in _each(item, sent)]
    read: Line = _resolve(line, last)
    if line["type"] == "llm.started":
        ids = [message["id"] for message in read["data"]["messages"]]
        sent.update({key: ids[:place] for place, key in enumerate(ids)})
    return read


def _each(item: Line, sent: dict[str, list[str]]) -> list[Line]:
    """A reference for each message that one stands for; a whole message as it is."""
    before = item.get("before", 0)
    ids = sent[item["ref"]][-before:] if before else []
    assert len(ids) == before
    return [*({"ref": key} for key in ids), {k: v for k, v in item.items() if k != "before"}]


def _resolve(value: Any, last: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_resolve(item, last) for item in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == {"ref"}:
        return last[value["ref"]]
    whole = {key: _resolve(item, last) for key, item in value.items()}
    if _is_message(whole) or whole.keys() == {"name", "description", "parameters"}:
        last[whole.get("id") or whole["name"]] = whole
    return whole


def _is_message(value: Line) -> bool:
    return value.keys() >= {"type", "content", "tool_call_id", "tool_calls"} and bool(value["id"])


def story(run: Played) -> dict[str, list[Any]]:
    """What happened, in each kind's order, without what differs from run to run: ids, times."""
    told: dict[str, list[Any]] = {}
    for line in run.lines:
        found = _told(line)
        if found is not None:
            told.setdefault(line["type"], []).append(_without_ids(found))
    if run.shape.at_once:
        told = {kind: sorted(found, key=repr) for kind, found in told.items()}
    return told


_FIELDS = {
    "run.started": ("input",),
    "llm.started": ("model", "run_type", "messages", "tools", "parameters", "agent"),
    "llm.finished": ("model", "text", "message", "tool_calls", "finish_reason", "error"),
    "action": ("tool", "tool_input", "tool_call_id", "messages"),
    "observation": ("tool", "status", "output", "tool_call_id", "messages", "content"),
    "update": ("node", "changes", "agent"),
    "interrupt": ("node", "value", "allowed"),
    "answer": ("output", "complete", "messages"),
    "node": ("content",),
    "warning": ("code", "message"),
    "run.finished": ("status", "exit_code", "output", "state", "error", "steps", "tool_calls"),
}


def _told(line: Line) -> Line | None:
    if line["type"] not in _FIELDS or (line["type"] == "node" and line["data"]["kind"] != "custom"):
        return None
    data = {name: line["data"].get(name) for name in _FIELDS[line["type"]]}
    if line["type"] == "llm.finished" and data["error"]:
        data["text"] = None  # what had come so far, where it was streamed
    return {"call": line["call"], "name": line["name"], "inside": line["tool_call_id"], **data}


def _without_ids(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_ids(item) for item in value]
    if not isinstance(value, dict):
        return value
    skipped = {"id"} if value.keys() >= {"type", "content"} else set()
    return {key: _without_ids(item) for key, item in value.items() if key not in skipped}
