"""Runs again that are answered from their recording: the events are the same but for ids, times."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from catagent.config import load
from catagent.events import types as ev
from catagent.events.codec import encodable_data
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.run.frozen import frozen_of
from catagent.run.request import Request
from catagent.run.runner import Run
from tests.support.asked import Heard
from tests.support.recordings import read_recording

FOLDER = Path(__file__).parents[1] / "fixtures/v1"
# Ctrl-C ended one: what its model would have said is nowhere.
FIXTURES = sorted(path for path in FOLDER.glob("*.jsonl") if path.stem != "cancelled")
_ID = re.compile(r"(lc_run--)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{32}")
# Times, and what was not recorded yet when the fixtures were.
_LEFT_OUT = {"duration_s", "ttft_s", "versions", "agent", "cost"}


class Kept(Heard):
    """Keeps all that is recorded."""

    required = False


def again(events: Sequence[ev.Event], *run_tools: str, **flags: Any) -> list[Any]:
    """The events of the run that was recorded, run again with the code that is there."""
    started = events[0]
    assert isinstance(started, ev.RunStarted)
    data, names = started.data, (started.data.model, started.data.tool_model)
    specs = [_spec(name or "openai:gpt-4o-mini") for name in names]
    request = Request(
        agent=data.agent,
        input=data.input,
        model=specs[0],
        tool_model=specs[1],
        filters=Filters(),
        raw=any(getattr(event, "raw", msgspec.UNSET) is not msgspec.UNSET for event in events),
        frozen=frozen_of(events, run_tools),
    )
    heard = Kept()
    loaded = load({"mode": data.mode, **flags}, environ={})
    asyncio.run(Run(request, loaded, recorders=[heard]).drive())
    return heard.events


def _spec(name: str) -> ModelSpec:
    provider, _, model = name.partition(":")
    return ModelSpec(provider=provider, name=model)


def told(events: Iterable[Any]) -> list[str]:
    """What a run said, run by run, apart from ids and times; what ran at once in one order."""
    lines: dict[str, list[str]] = {}
    for event in map(encodable_data, events):
        if event["type"] != "node" or event["data"]["kind"] != "other":  # with --raw, for nothing
            said = {key: event[key] for key in ("type", "name", "tags", "call", "data")}
            lines.setdefault(event["run_id"], []).append(
                f"{len(event['parent_ids'])} {_bare(said)}"
            )
    return sorted(map("\n".join, lines.values()))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if k not in _LEFT_OUT}
    if isinstance(value, list):
        return [_bare(each) for each in value]
    return _ID.sub("id", value) if isinstance(value, str) else value


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_frozen_run_says_what_its_recording_says(path: Path) -> None:
    events, _ = read_recording(path)
    found = again(events, max_steps=2 if path.stem == "limit" else 25)
    assert told(found) == told(events)


def test_a_frozen_run_ends_where_ctrl_c_ended_its_recording() -> None:
    events, _ = read_recording(FOLDER / "cancelled.jsonl")
    *found, last = again(events)
    assert [each for each in told(found) if "finished" not in each] == [
        each for each in told(events[:-1]) if "finished" not in each
    ]
    assert "".join(each.data.text for each in found if isinstance(each, ev.LlmFinished)) != ""
    assert last.data.error.message == "the recording ends while the model gpt-4o-mini answers"
    assert (last.data.status, last.data.exit_code, last.data.error.kind) == ("error", 1, "agent")
