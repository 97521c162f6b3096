"""The scripted model server of the tests, in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator, Sequence

from benchmarks.measure import environment


@contextlib.contextmanager
def serving(tokens: int, *, direct: bool = False, pace: float = 0.0) -> Iterator[str]:
    """Serve the cat agent's script, `tokens` of them in get_items; yields the base URL.

    `direct` answers every request with that many tokens, and calls no tool, one each `pace` s.
    """
    asked = [str(tokens), *[str(pace)] * direct]
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

    from tests.support.scripts import cat, saying, tokens_of
    from tests.support.server import ScriptedServer

    tokens = int(sys.argv[1])
    pace = [float(each) for each in sys.argv[2:]]
    script = saying(*tokens_of(0, tokens), pace=pace[0]) if pace else cat(tokens)
    with ScriptedServer(script) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
