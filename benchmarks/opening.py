"""What it takes to open a recording in `inspect`, against reading it alone, and how that grows.

`python -m benchmarks.opening read|open FILE` is one case; it prints how many events there were.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.measure import OUT, Costs, environment, piped, rounds_of
from benchmarks.report import Row, Table, number
from benchmarks.startup import PYTHON
from benchmarks.tokens import MiscountError
from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.events.timestamps import stamp
from catagent.inspect.details import Details
from catagent.inspect.spans import Index
from catagent.recordings.reader import read
from catagent.views.options import ViewOptions
from catagent.views.style import live_look

_MORE = 6  # events beside the tokens


def tables(rounds: int, few: int = 10_000, many: int = 100_000) -> list[Table]:
    """One model's call of so many tokens."""
    cases = {}
    for name, tokens in (("few", few), ("many", many)):
        path = _recording(tokens)
        for how in ("read", "open"):
            argv = [PYTHON, "-m", "benchmarks.opening", how, str(path)]
            cases[f"{how} {name}"] = piped(argv, environment())
    costs = rounds_of(cases, rounds, warm=False)
    _check(costs, {"few": few, "many": many})
    alone = Table(f"A recording of {many:,} tokens, opened in inspect", "reading it alone")
    grown = Table(f"A recording of {many:,} tokens against {few:,}, in inspect", f"{few:,} tokens")
    for title, what, most, more in (("CPU s", "cpu_s", 2.0, 11.0), ("peak MB", "rss_mb", 1.5, 2.0)):
        alone.rows.append(Row.of(costs, "open many", "read many", most, number, what))
        grown.rows.append(Row.of(costs, "open many", "open few", more, number, what))
        alone.rows[-1].name = grown.rows[-1].name = title
    return [alone, grown]


def _check(costs: Costs, tokens: dict[str, int]) -> None:
    for case, found in costs.items():
        wanted = tokens[case.rpartition(" ")[2]] + _MORE
        if any(int(cost.output) != wanted for cost in found):
            raise MiscountError(case)


def _recording(tokens: int) -> Path:
    path = OUT / f"inspect-{tokens}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    began = datetime(2026, 11, 26, tzinfo=UTC)
    with path.open("wb") as file:
        for seq, event in enumerate(_events(tokens)):
            event.seq, event.ts = seq, stamp(began + timedelta(milliseconds=5 * seq))
            file.write(encode(event))
    return path


def _events(tokens: int) -> Iterator[ev.KnownEvent]:
    model: dict[str, Any] = {
        "run_id": "m" * 36,
        "parent_ids": ["r" * 36, "n" * 36],
        "name": "ChatOpenAI",
    }
    node: dict[str, Any] = {
        "run_id": "n" * 36,
        "parent_ids": ["r" * 36],
        "name": "model",
        "tags": ["graph:step:1"],
    }
    words = [f"t{number}\n" if number % 12 == 0 else f"t{number} " for number in range(tokens)]
    question = ev.Message(type="human", content="?", id="q")
    started = ev.RunStartedData(agent="cat", mode="events", input="?")
    yield ev.RunStarted(run_id="r" * 36, name="cat", data=started)
    yield ev.Node(**node, data=ev.NodeData(kind="chain", phase="start"))
    yield ev.LlmStarted(**model, data=ev.LlmStartedData(model="scripted", messages=[question]))
    for word in words:
        yield ev.LlmToken(**model, data=ev.LlmTokenData(channel="text", delta=word))
    yield ev.LlmFinished(**model, data=ev.LlmFinishedData(model="scripted", text="".join(words)))
    yield ev.Node(**node, data=ev.NodeData(kind="chain", phase="end"))
    yield ev.RunFinished(run_id="r" * 36, data=ev.RunFinishedData(status="success", exit_code=0))


def _opened(path: Path) -> int:
    """How many events there are, once the tree and the first details could be shown."""
    index = Index()
    for event in read(path):
        index.take(event)
    details = Details(index, live_look(ViewOptions()))
    for span in index.spans_at(len(index)):
        details.of(span, len(index))
    return len(index)


if __name__ == "__main__":
    _, how, file = sys.argv
    print(_opened(Path(file)) if how == "open" else sum(1 for _ in read(file)))
