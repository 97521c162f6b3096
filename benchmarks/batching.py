"""What a question of a batch costs, next to a bare asyncio loop; and that memory does not grow."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import Case, Cost, environment, piped, rounds_of
from benchmarks.report import Row, Table, number
from benchmarks.server import serving
from benchmarks.startup import CATAGENT, KEY, PYTHON
from benchmarks.tokens import MiscountError

AGENT = "benchmarks.baselines.batched:agent"
_TOKENS = 20
_LOOP = [PYTHON, "-W", "ignore", "-m", "benchmarks.baselines.batched"]


def tables(rounds: int, few: int = 200, many: int = 1_000) -> list[Table]:
    """The CPU of a question: what `many` take more than `few`, in both programs."""
    with serving(_TOKENS, direct=True) as url, tempfile.TemporaryDirectory() as folder:
        counts = {"": few, " (many)": many}
        cases = {f"batch{name}": batch(Path(folder), url, count) for name, count in counts.items()}
        cases |= {f"loop{name}": loop(url, count) for name, count in counts.items()}
        costs = rounds_of(cases, rounds, warm=False)
    for name, count in counts.items():
        for each in (*costs[f"batch{name}"], *costs[f"loop{name}"]):
            if (lines := len(each.output.splitlines())) != count:
                raise MiscountError(f"{lines} of {count} were answered")
    made = {
        name: [
            Cost(1000 * (b.cpu_s - a.cpu_s) / (many - few))
            for a, b in zip(costs[name], costs[f"{name} (many)"], strict=True)
        ]
        for name in ("batch", "loop")
    }
    row = Row.of(made, "batch", "loop", None, number)
    row.name = f"one of {many} questions of {_TOKENS} tokens"
    return [Table("CPU of one question of a batch, ms", "a bare asyncio loop", [row])]


def batch(folder: Path, url: str, count: int, agent: str = AGENT) -> Case:
    """`catagent batch` of so many questions, of which a file in the folder has the text."""
    questions = folder / f"{count}.txt"
    questions.write_text("".join(f"question {n}\n" for n in range(count)), encoding="utf-8")
    return piped([*CATAGENT, "batch", str(questions), "-q", "--agent", agent], _to(url))


def loop(url: str, count: int) -> Case:
    """The same asked without catagent."""
    return piped([*_LOOP, str(count)], _to(url))


def _to(url: str) -> dict[str, str]:
    return environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
