"""A run without its ids and times: `normalised`."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catagent.compare.normal import normalised
from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.events.types import run_of
from catagent.recordings.reader import read
from tests.support.runs import ROOT, cat_run, finished, started

FIXTURES = sorted((Path(__file__).parents[1] / "fixtures/v1").glob("*.jsonl"))
OTHER = "3f2a9c1d-0000-7000-8000-000000000000"


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_normalised_events_name_their_ids_by_order_and_are_still_events(path: Path) -> None:
    events = list(normalised(read(path)))
    written = b"".join(map(encode, events))
    assert [*normalised(events)] == events == [*map(decode, written.splitlines())]
    assert not re.search(rb"[0-9a-f]{8}-[0-9a-f]{4}-|T\d\d:\d\d:", written)
    assert {run_of(event) for event in events} == {"id1"}


def test_runs_that_did_the_same_are_equal_and_values_that_are_called_id_count() -> None:
    def run(root: str, order: str) -> list[ev.Event]:
        said = ev.NodeData(kind="custom", phase="end", content={"id": order, "ts": "9", "of": root})
        events = [
            started(),
            ev.Node(run_id=ROOT, name="n", data=said),
            *cat_run()[1:-1],
            finished(),
        ]
        return [decode(encode(event).replace(ROOT.encode(), root.encode())) for event in events]

    first, same, other = (
        list(normalised(run(*of))) for of in ((ROOT, "17"), (OTHER, "17"), (OTHER, "18"))
    )
    assert first == same
    assert [a == b for a, b in zip(first, other, strict=True)].count(False) == 1
    assert first[1].data.content == {"id": "17", "ts": "9", "of": "id1"}  # type: ignore[union-attr]
