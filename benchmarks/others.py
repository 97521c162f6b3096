"""Side by side with what one would use instead: the same server, the same answer, no tools.

Each program lives in a virtual environment of its own under benchmarks/out, made when first
needed; one that cannot be installed is left out, with a note.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import (
    OUT,
    Case,
    Costs,
    environment,
    least,
    middle,
    on_terminal,
    piped,
    rounds_of,
)
from benchmarks.report import Row, Sheet, Table, ms, number
from benchmarks.server import serving
from benchmarks.startup import CATAGENT, KEY, PYTHON, QUESTION, SCRIPT, to

_PACKAGES = {"llm": "llm", "gptme": "gptme"}
_HEAD = [
    "",
    "--version, CPU ms",
    "first token, ms",
    "CPU s in all",
    "bytes written a token",
    "peak MB",
]


def sheets(rounds: int, tokens: int = 2_000) -> list[Sheet]:
    """The comparison: medians, but the CPU, which is the least of the rounds."""
    installed = [name for name in _PACKAGES if _install(name)]
    with serving(tokens, direct=True) as many, serving(20, direct=True) as few:
        versions = _versions(installed)
        big, small = _cases(installed, many), _cases(installed, few)
        costs = rounds_of(
            {
                **{f"version {name}": case for name, case in versions.items()},
                **{f"many {name}": case for name, case in big.items()},
                **{f"few {name}": case for name, case in small.items()},
            },
            rounds,
        )
    missing = [name for name in _PACKAGES if name not in installed]
    note = f"Not installable here: {', '.join(missing)}." if missing else ""
    sheet = Sheet(f"Side by side: one answer of {tokens:,} tokens, no tools", _HEAD, note=note)
    sheet.lines = [_line(name, costs, tokens - 20) for name in big]
    return [sheet]


def first_token(rounds: int) -> list[Table]:
    """From the command to the first token of an answer, in turn with `llm`; nothing without it."""
    if not _install("llm"):
        print("llm cannot be installed here: the first token is not compared with its.")
        return []
    with serving(20, direct=True) as url:
        ask = [SCRIPT, "ask", "-o", "jsonl", "--model", "openai:scripted", QUESTION]
        cases = {
            "ask": piped(ask, to(url), b'"llm.token"'),
            "llm": _llm(url, _foreign(OPENAI_API_KEY=KEY)),
        }
        costs = rounds_of(cases, rounds)
    table = Table("First token of ask -o jsonl, ms", "llm")
    for name, what in (("wall", "first_s"), ("CPU", "first_cpu_s")):
        row = Row.of(costs, "ask", "llm", 1.0, ms, what)
        row.name = f"first token, {name}"
        table.rows.append(row)
    return [table]


def _line(name: str, costs: Costs, tokens: int) -> list[str]:
    many, few = costs[f"many {name}"], costs[f"few {name}"]
    version = costs.get(f"version {name}")
    return [
        name,
        ms(middle(version)) if version else "",
        ms(middle(few, "first_s")),
        number(least(many)),
        number((least(many, "written") - least(few, "written")) / tokens),
        number(middle(many, "rss_mb")),
    ]


def _versions(installed: list[str]) -> dict[str, Case]:
    found = {"catagent -o jsonl": piped([*CATAGENT, "--version"], environment())}
    for name in installed:
        found[name] = piped([str(_program(name)), "--version"], _foreign())
    return found


def _cases(installed: list[str], url: str) -> dict[str, Case]:
    env = environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    ask = [*CATAGENT, "ask", QUESTION]
    found = {
        "catagent -o jsonl": piped([*ask, "-o", "jsonl"], env, b'"llm.token"'),
        "catagent -o live": on_terminal([*ask, "-o", "live"], env, b"t0 "),
        "LangChain script": piped(
            [PYTHON, "-u", "-m", "benchmarks.baselines.printer"], env, b"t0 "
        ),
    }
    foreign = _foreign(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)
    if "llm" in installed:
        found["llm"] = _llm(url, foreign)
    if "gptme" in installed:
        flags = ["--non-interactive", "--tools", "none", "-m", "local/scripted", QUESTION]
        found["gptme"] = piped([str(_program("gptme")), *flags], foreign, b"t0")
    return found


def _llm(url: str, env: dict[str, str]) -> Case:
    home = OUT / f"llm-{url.rsplit(':', 1)[1].split('/')[0]}"
    home.mkdir(parents=True, exist_ok=True)
    model = f'- model_id: scripted\n  model_name: scripted\n  api_base: "{url}"\n'
    (home / "extra-openai-models.yaml").write_text(model, encoding="utf-8")
    command = [str(_program("llm")), "-m", "scripted", "--no-log", QUESTION]
    return piped(command, {**env, "LLM_USER_PATH": str(home)}, b"t0 ")


def _foreign(**more: str) -> dict[str, str]:
    """An environment without this repository in it."""
    env = environment(OUT / "others-home", **more)
    return {name: value for name, value in env.items() if name != "PYTHONPATH"}


def _program(name: str) -> Path:
    return OUT / "venvs" / name / "bin" / name


def _install(name: str) -> bool:
    """Make the program's environment. Whether that went well."""
    if _program(name).exists():
        return True
    folder = OUT / "venvs" / name
    make = [sys.executable, "-m", "venv", str(folder)]
    fill = [str(folder / "bin" / "python"), "-m", "pip", "install", "--quiet", _PACKAGES[name]]
    return all(subprocess.run(command, check=False).returncode == 0 for command in (make, fill))
