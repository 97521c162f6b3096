"""The scripted model server of the tests, in a process of its own."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator

from benchmarks.measure import environment


@contextlib.contextmanager
def serving(tokens: int, *, direct: bool = False) -> Iterator[str]:
    """Serve the cat agent's script, `tokens` of them in get_items; yields the base URL.

    `direct` answers every request with that many tokens, and calls no tool.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.server", str(tokens), *["direct"] * direct],
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
    script = saying(*tokens_of(0, tokens)) if "direct" in sys.argv else cat(tokens)
    with ScriptedServer(script) as server:
        print(server.url, flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
