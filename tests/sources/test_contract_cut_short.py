"""What holds of a run that its reader leaves, or that takes too many steps, wherever it was."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from catagent.config import Mode
from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.recordings.reader import read
from tests.faults.checks import assert_whole
from tests.support.agents import MODES
from tests.support.contract import BY_NAME, played, resolved, stream
from tests.support.matrix import in_turn

LATE = [name for name, shape in BY_NAME.items() if shape.status == "success"]
NESTED = ["many steps", "many steps at once", "classic", "react in a tool", "executor in a chain"]


async def left(name: str, mode: Mode, after: int, recording: Path) -> None:
    """Read so many events of a run, and no more."""
    run = stream(BY_NAME[name], mode, record=recording)
    async with contextlib.aclosing(run):
        for _ in range(after):
            await anext(run)


@in_turn("name, mode", LATE, MODES)
@pytest.mark.parametrize("part", [0.3, 0.6, 0.9])
def test_a_run_that_is_left_is_whole_so_far(
    name: str, mode: Mode, part: float, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    asyncio.run(left(name, mode, int(part * len(played(name, mode).events)) or 1, path))
    assert_kept(list(read(path)), "cancelled")


@in_turn("name, mode", NESTED, MODES)
def test_a_run_that_takes_too_many_steps_is_whole_so_far(name: str, mode: Mode) -> None:
    async def run() -> list[ev.Event]:
        return [event async for event in stream(BY_NAME[name], mode, max_steps=1)]

    assert_kept(asyncio.run(run()), "limit")


def assert_kept(events: list[ev.Event], status: ev.RunStatus) -> None:
    """Framed, every span closed, every reference to something, every call inside its own."""
    assert_whole([json.loads(encode(event)) for event in events])
    lines = resolved(events)
    assert lines[-1]["data"]["status"] == status
    tools = {line["run_id"]: line["call"] for line in lines if line["type"] == "tool.started"}
    for line in lines:
        around = [tools[parent] for parent in line["parent_ids"] if parent in tools]
        if around and line["type"] in ("llm.started", "llm.finished", "update"):
            assert line["call"] == around[-1]
