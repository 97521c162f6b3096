"""What starting costs: light commands against a bare Typer program, `ask` against a script."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measure import OUT, environment, on_terminal, piped, rounds_of, until_request
from benchmarks.report import Row, Table, ms
from benchmarks.server import serving

PYTHON = sys.executable
CATAGENT = [PYTHON, "-m", "catagent"]
SCRIPT = str(Path(PYTHON).with_name("catagent"))
BARE = [PYTHON, str(Path(__file__).parent / "baselines" / "bare_typer.py")]
QUESTION = "what items are located where the cat is hiding?"
KEY = "sk-bench-0123456789"

_LIGHT = {
    "--version": ("--help", 1.5),
    "--help": ("--help", 1.5),
    "schema": ("schema", 1.5),
    "completion": ("completion", 1.5),
    "replay, to its end": ("replay", 2.0),
}


def light(rounds: int) -> Table:
    """Commands that run no agent, each against the same of a program that does nothing."""
    env = environment()
    recording = _recording()
    cases = {
        "--version": piped([*CATAGENT, "--version"], env),
        "--help": piped([*CATAGENT, "--help"], env),
        "schema": piped([*CATAGENT, "schema"], env),
        "completion": piped([SCRIPT], {**env, **_completing("CATAGENT")}),
        "replay, to its end": piped(
            [*CATAGENT, "replay", str(recording), "--speed", "0", "-o", "plain"], env
        ),
        "bare --help": piped([*BARE, "--help"], env),
        "bare schema": piped([*BARE, "schema"], env),
        "bare completion": piped(BARE, {**env, **_completing("BARE")}),
        "bare replay": piped([*BARE, "replay"], env),
    }
    costs = rounds_of(cases, rounds)
    table = Table("Start-up of the commands that run no agent, CPU ms", "bare Typer program")
    for name, (base, target) in _LIGHT.items():
        table.rows.append(Row.of(costs, name, f"bare {base}", target, ms))
    return table


def _completing(program: str) -> dict[str, str]:
    """What a shell sets to ask for completions, for bash."""
    words = {"COMP_WORDS": "it re", "COMP_CWORD": "1"}
    return {f"_{program}_COMPLETE": "complete_bash", **words}


def _recording() -> Path:
    path = OUT / "run.jsonl"
    with serving(20) as url:
        keep = ["--record", str(path), "--force"]
        piped([*CATAGENT, "ask", "-o", "jsonl", *keep, QUESTION], to(url))()
    return path


def to(url: str) -> dict[str, str]:
    """An environment in which OpenAI is at this address."""
    return environment(OPENAI_API_KEY=KEY, OPENAI_BASE_URL=url)


def first_request(rounds: int) -> Table:
    """CPU from nothing to the agent's first HTTP request."""
    env = environment(OPENAI_API_KEY=KEY)
    costs = rounds_of(
        {
            "ask -o jsonl": until_request([*CATAGENT, "ask", "-o", "jsonl", QUESTION], env),
            "script": until_request([PYTHON, "-m", "benchmarks.baselines.loop", "events"], env),
        },
        rounds,
    )
    table = Table("CPU to the first HTTP request, ms", "create_agent and ChatOpenAI, imported")
    table.rows.append(Row.of(costs, "ask -o jsonl", "script", 0.6, ms))
    return table


def first_frame(rounds: int) -> Table:
    """Wall time from the command to its first frame on a terminal."""
    with serving(20) as url:
        costs = rounds_of(
            {
                "first frame": on_terminal([*CATAGENT, "ask", "-o", "live", QUESTION], to(url)),
                "bare --help": on_terminal([*BARE, "--help"], to(url)),
            },
            rounds,
        )
    table = Table(
        "Wall time to the first frame of ask, ms (150 at most, undisturbed)", "bare Typer --help"
    )
    table.rows.append(Row.of(costs, "first frame", "bare --help", None, ms, what="first_s"))
    return table


def tables(rounds: int) -> list[Table]:
    """All of them."""
    return [light(rounds), first_request(rounds), first_frame(rounds)]
