"""`python -m benchmarks`: measures what docs/performance.md promises, as ratios within one run."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib import metadata

from benchmarks import batching, inspecting, opening, others, startup, tokens, watching
from benchmarks.report import Sheet, Table, draw, sheet_of, write

SECTIONS = (
    "startup",
    "first",
    "tokens",
    "markdown",
    "growth",
    "inspect",
    "watching",
    "others",
    "batch",
)


def main() -> None:
    """Measure, print, and with --write put it into the documents."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("sections", nargs="*", help=f"of {', '.join(SECTIONS)}; all of them")
    parser.add_argument("--rounds", type=int, default=5, help="how often each case runs")
    parser.add_argument("--write", action="store_true", help="into docs/performance.md")
    parser.add_argument("--smoke", action="store_true", help="that it runs and counts are right")
    given = parser.parse_args()
    if given.smoke:
        smoke()
        return
    found = measured(given.sections or SECTIONS, given.rounds)
    if given.write:
        write(found, _where(given.rounds))
        watched = [each for each in found if each.title == watching.TITLE]
        write(watched, _where(given.rounds), watching.DOCUMENT)
        if not given.sections:
            draw(found)


def measured(sections: Sequence[str], rounds: int) -> list[Table | Sheet]:
    """Run the sections, printing each as it is done."""
    several = rounds // 2 + 1
    made: dict[str, Callable[[], list[Table] | list[Sheet]]] = {
        "startup": lambda: startup.tables(rounds),
        "first": lambda: others.first_token(2 * rounds),
        "tokens": lambda: tokens.per_token(several),
        "markdown": lambda: [tokens.in_markdown(several)],
        "growth": lambda: [tokens.growth(several)],
        "inspect": lambda: opening.tables(several),
        "watching": lambda: watching.sheets(rounds),
        "others": lambda: others.sheets(rounds),
        "batch": lambda: batching.tables(several),
    }
    found: list[Table | Sheet] = []
    for name in SECTIONS:
        found += _shown(made[name]()) if name in sections else []
    return found


def _shown(sections: list[Table] | list[Sheet]) -> list[Table | Sheet]:
    for section in sections:
        print(sheet_of(section).text(), flush=True)
    return list(sections)


def smoke() -> None:
    """Every benchmark once and small. Counts are checked, times are not."""
    sections = [
        *startup.tables(rounds=1),
        *tokens.per_token(1, 200),
        tokens.in_markdown(1, 2_000),
        tokens.growth(1, 100, 500),
        *opening.tables(1, 100, 500),
        *batching.tables(1, 5, 20),
        *watching.sheets(1, 200, (2, 4), install=False),
    ]
    inspecting.smoke()
    print(f"{len(sections)} benchmarks run, and every token was counted.")


def _where(rounds: int) -> str:
    """What it was measured on."""
    packages = ("langchain", "langchain-core", "langgraph", "langchain-openai", "openai")
    versions = ", ".join(f"{name} {metadata.version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, --rounds {rounds}; Python {platform.python_version()}, "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, load "
        f"{os.getloadavg()[0]:.1f}; {versions}."
    )


if __name__ == "__main__":
    main()
