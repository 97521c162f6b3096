"""What watching costs a program, alongside two tracers: a token, a step, a Python start; and lag.

Each case is the same program in a process of its own, which measures its own CPU, threads of the
tracer included. What the tracers send goes to a server on loopback that throws it away.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from benchmarks.measure import OUT, Case, Cost, Costs, least, piped, rounds_of
from benchmarks.report import Sheet, number, times
from benchmarks.server import printing_address, serving
from benchmarks.startup import CATAGENT, KEY, PYTHON, to
from benchmarks.tokens import MiscountError
from catagent.watch.program import variables
from catagent.watch.segments import Reader, segments

TITLE = "Watching a program: CPU, the least of the rounds"
DOCUMENT = Path(__file__).parents[1] / "docs" / "watch.md"
STEPS = (25, 50, 100, 200)
_PROGRAM = [PYTHON, "-W", "ignore", "-m", "benchmarks.baselines.watched"]
_COLLECTOR = [PYTHON, "-m", "benchmarks.baselines.collector"]
_TRACERS = {"watch": "catagent watch", "langsmith": "LangSmith", "openinference": "OpenInference"}
_PACKAGES = (
    "openinference-instrumentation-langchain",
    "opentelemetry-sdk",
    "opentelemetry-exporter-otlp-proto-http",
)
_TOKEN = re.compile(rb'\["(?:token|chunk)",.*"t[0-9]+ "')
_PACE_S = 0.01


def sheets(
    rounds: int, tokens: int = 20_000, steps: Sequence[int] = STEPS, *, install: bool = True
) -> list[Sheet]:
    """The comparison. `install` is whether a tracer may be installed for it."""
    works = [f"stream:{tokens // 2}", f"tokens:{tokens}", *(f"steps:{count}" for count in steps)]
    with ExitStack() as stack:
        model = stack.enter_context(serving(tokens // 2, direct=True))
        collector = stack.enter_context(printing_address(_COLLECTOR))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="catagent-"))
        environs = _environs(model, collector, Path(folder), install=install)
        costs = rounds_of(_cases(environs, works), rounds, warm=False)
        kept = _bytes_kept(Path(folder), [tokens // 2, tokens])
    sheet = Sheet(TITLE, ["", "unwatched", *_TRACERS.values()], note=_lag(min(300, tokens)))
    sheet.lines = _lines(costs, kept, tokens, steps)
    return [sheet]


def _lines(costs: Costs, kept: list[int], tokens: int, steps: Sequence[int]) -> list[list[str]]:
    lines = [
        _row("a token of ChatOpenAI's, µs", costs, 0, tokens // 2 / 1e6),
        _row("a token without a network, µs", costs, 1, tokens / 1e6),
    ]
    for index, count in enumerate(steps, start=2):
        lines.append(_row(f"a step in a run of {count}, ms", costs, index, count / 1e3))
        lines[-1][2] += f", {kept[index] / count:,.0f} bytes"
    starts = {
        name: [Cost(cost.cpu_s * 1e3) for cost in costs[f"start {name}"]]
        for name in ("none", "watch")
    }
    return [*lines, _line("a Python start, ms", starts)]


def _environs(
    model: str, collector: str, folder: Path, *, install: bool
) -> dict[str, dict[str, str]]:
    """The environment of each case: that of a person's program, and what its tracer needs."""
    plain = to(model)
    found = {
        "none": plain,
        "watch": plain | variables(plain, folder, tokens=False),
        "langsmith": plain
        | {"LANGSMITH_TRACING": "true", "LANGSMITH_API_KEY": KEY, "LANGSMITH_ENDPOINT": collector},
    }
    packages = _installed() if install else None
    if packages is not None:
        path = f"{plain['PYTHONPATH']}:{packages}"
        found["openinference"] = plain | {
            "PYTHONPATH": path,
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector,
        }
    return found


def _installed() -> Path | None:
    """Where OpenInference is, in an environment of its own; None where it cannot be installed."""
    folder = OUT / "venvs" / "openinference"
    python = folder / "bin" / "python"
    make = [sys.executable, "-m", "venv", str(folder)]
    fill = [str(python), "-m", "pip", "install", "--quiet", *_PACKAGES]
    there = python.exists() or all(
        subprocess.run(command, check=False).returncode == 0 for command in (make, fill)
    )
    return next(folder.glob("lib/*/site-packages")) if there else None


def _cases(environs: dict[str, dict[str, str]], works: Sequence[str]) -> dict[str, Case]:
    nothing = [PYTHON, "-c", "pass"]
    return {
        **{name: piped([*_PROGRAM, name, *works], env) for name, env in environs.items()},
        **{f"start {name}": piped(nothing, environs[name]) for name in ("none", "watch")},
    }


def _row(name: str, costs: Costs, index: int, units: float) -> list[str]:
    """What a unit of one work costs: bare, and what each tracer adds to that."""
    spent = {
        case: [Cost(float(cost.output.split()[index]) / units) for cost in costs[case]]
        for case in ("none", *_TRACERS)
        if case in costs
    }
    return _line(name, spent)


def _line(name: str, spent: Costs) -> list[str]:
    bare = least(spent["none"])
    cells = [name, number(bare)]
    for case in _TRACERS:
        more = least(spent[case]) - bare if case in spent else None
        cells.append("" if more is None else f"{more:+.3g} ({times(1 + more / bare)})")
    return cells


def _bytes_kept(folder: Path, tokens: Sequence[int]) -> list[int]:
    """The bytes of records of each work. Raises MiscountError where a token is not there."""
    sizes: list[int] = []
    counts: list[int] = []
    for record in Reader(folder, max(segments(folder))).records():
        if record.startswith(b'["start"') and json.loads(record)[4]["parent"] is None:
            sizes.append(0)
            counts.append(0)
        if sizes:
            sizes[-1] += len(record) + 4
            counts[-1] += _TOKEN.match(record) is not None
    if counts[1:4:2] != list(tokens):  # each work is done once small before
        raise MiscountError(f"watch: {counts}")
    return sizes[1::2]


def _lag(tokens: int) -> str:
    """How long a token takes from LangChain's callback to whoever reads the viewer's output."""
    watch = [*CATAGENT, "watch", "-o", "jsonl", "--", *_PROGRAM, "none", f"stream:{tokens}"]
    lags: list[float] = []
    with (
        serving(tokens, direct=True, pace=_PACE_S) as url,
        subprocess.Popen(watch, env=to(url), stdout=subprocess.PIPE, stderr=-3) as process,
    ):
        for line in process.stdout or ():
            now = time.time()
            if b'"llm.token"' in line:
                lags.append(now - datetime.fromisoformat(json.loads(line)["ts"]).timestamp())
    lags.sort()
    half, most = (lags[int(len(lags) * part)] * 1e3 for part in (0.5, 0.95))
    return (
        f"Lag of a token, from LangChain's callback to the reader of `watch -o jsonl`, at one each "
        f"{_PACE_S * 1e3:.0f} ms: median {half:.1f} ms, 95 % within {most:.1f} ms (wall time)."
    )
