"""Recordings made before events had keys of calls: read, replayed and exported as they were then.

`expected` was made by the last commit that made such recordings.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.events.filters import Filters
from catagent.exports import exporter
from catagent.sinks.plain import PlainSink
from catagent.views.options import ViewOptions
from tests.support.recordings import read_recording

BEFORE = Path(__file__).parents[1] / "fixtures/before"
NAMES = sorted(path.stem for path in BEFORE.glob("*.jsonl"))
EXPECTED = sorted(path.stem for path in (BEFORE / "expected").glob("*.md"))


def shown(name: str) -> list[ev.Event]:
    events, damage = read_recording(BEFORE / f"{name}.jsonl")
    assert damage is None
    return [event for event in events if Filters().keeps(event)]


def plain(events: list[ev.Event], to: Path) -> str:
    """What `-o plain` writes into a file."""
    with to.open("w", encoding="utf-8") as stream:
        sink = PlainSink(ViewOptions(), stream)
        for event in events:
            sink.write(event)
        sink.close()
    return to.read_text()


def within(old: Any, new: Any) -> bool:
    """Whether all that the old data says stands in the new."""
    match old, new:
        case dict(), dict():
            return all(key in new and within(value, new[key]) for key, value in old.items())
        case list(), list():
            return len(old) == len(new) and all(map(within, old, new))
    return bool(old == new)


@pytest.mark.parametrize("name", NAMES)
def test_a_line_of_before_is_written_again_with_what_is_new_alone_added(name: str) -> None:
    lines = (BEFORE / f"{name}.jsonl").read_bytes().splitlines()[1:]
    events, _ = read_recording(BEFORE / f"{name}.jsonl")
    for line, event in zip(lines, events, strict=True):
        assert within(json.loads(line), json.loads(encode(event)))


@pytest.mark.parametrize("name", EXPECTED)
def test_markdown_of_a_recording_of_before_is_as_it_was(name: str) -> None:
    expected = (BEFORE / f"expected/{name}.md").read_text()
    assert exporter(Path("x.md"))(shown(name), None) == expected


@pytest.mark.parametrize("name", EXPECTED)
def test_plain_output_of_a_recording_of_before_is_as_it_was(name: str, tmp_path: Path) -> None:
    assert plain(shown(name), tmp_path / "out") == (BEFORE / f"expected/{name}.txt").read_text()


def test_nested_calls_with_one_id_are_exported_each_with_its_own() -> None:
    document = exporter(Path("x.md"))(shown("nested-ids"), None)
    assert [line.split(" — ")[0] for line in document.splitlines() if line.startswith("##")] == [
        "## where\\_research()",
        "### where\\_is\\_it()",
        "#### ChatOpenAI (gpt-cat)",
        '### get\\_items(place="The Cozy Cavern")',
        "#### ChatOpenAI (gpt-cat)",
        "### ChatOpenAI (gpt-cat)",
        "## Answer",
    ]
    assert "unfinished" not in document
