"""The scripted model server of the tests, in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benchmarks.measure import environment


@contextlib.contextmanager
def serving(
    tokens: int, *, direct: bool = False, markdown: bool = False, pace: float = 0.0
) -> Iterator[str]:
    """Serve the cat agent's script, `tokens` of them in get_items; yields the base URL.

    `direct` answers every request with that many tokens, and calls no tool, one each `pace` s;
    `markdown` with as many of an answer in Markdown.
    """
    asked = [str(tokens), "markdown" if markdown else "direct" if direct else "tool", str(pace)]
    with printing_address([sys.executable, "-m", "benchmarks.server", *asked]) as address:
        yield address


@contextlib.contextmanager
def printing_address(argv: Sequence[str]) -> Iterator[str]:
    """Run a server that prints its address first; yields that."""
    process = subprocess.Popen(
        argv,
        stdout=subprocess.PIPE,
        text=True,
        env=environment(),
    )
    address = process.stdout.readline().strip() if process.stdout else ""
    try:
        yield address
    finally:
        process.terminate()
        process.communicate()


def main() -> None:
    """Serve until ended; print the address first."""
    import threading

    from benchmarks.answers import answer
    from tests.support.scripts import cat, saying, tokens_of
    from tests.support.server import ScriptedServer

    tokens, kind, pace = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    said = answer(tokens) if kind == "markdown" else tokens_of(0, tokens)
    script = cat(tokens) if kind == "tool" else saying(*said, pace=pace)
    with ScriptedServer(script) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
