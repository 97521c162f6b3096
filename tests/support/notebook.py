"""What matters of a notebook's kernel: cells run in a running loop, with a stdout of its own.

As a command it runs the cells that it reads as JSON on stdin, and prints what each printed.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


class OutStream(io.TextIOBase):
    """Like ipykernel's: neither a terminal nor a file; a frontend gets what is written."""

    encoding = "UTF-8"

    def __init__(self) -> None:
        self.text = ""

    def write(self, text: str) -> int:
        """Send a piece to the frontend."""
        self.text += text
        return len(text)


async def _run(cells: Sequence[str], printed: list[str]) -> None:
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells):
        sys.stdout = stream = OutStream()
        # As IPython does it for `await` at the top of a cell.
        code = compile(cell, f"cell {number}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
        result = eval(code, names)  # noqa: S307
        if inspect.isawaitable(result):
            await result
        printed.append(stream.text)


def run_cells(folder: Path, cells: Sequence[str]) -> list[str]:
    """Run cells one after the other in `folder`, and return what each printed."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.support.notebook"],
        input=json.dumps([str(folder), *cells]),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: list[str] = json.loads(done.stdout)
    return found


def main() -> None:
    """Run the cells on stdin, on a loop that leaves Ctrl-C alone as a kernel's does."""
    folder, *cells = json.load(sys.stdin)
    sys.path.insert(0, folder)
    printed: list[str] = []
    stdout, loop = sys.stdout, asyncio.new_event_loop()
    loop.run_until_complete(_run(cells, printed))
    loop.close()
    sys.stdout = stdout
    json.dump(printed, stdout)


if __name__ == "__main__":
    main()
