"""Runs Python scripts, each in a fork of one process that has imported LangChain.

As `python -m tests.support.script_runner` it reads paths from stdin, and prints exit codes.
"""

from __future__ import annotations

import gc
import importlib
import os
import runpy
import subprocess
import sys
import traceback
from pathlib import Path
from types import TracebackType
from typing import IO, Self

# What scripts import, which costs two seconds of CPU: once, instead of in every fork.
_MODULES = (
    *("langchain.agents", "langchain.chat_models", "langchain_classic.agents", "langchain_openai"),
    *("langchain_openai.chat_models.base", "langgraph.checkpoint.memory", "langgraph_sdk"),
    *("openai.resources.chat.completions", "anyio._backends._asyncio"),
)


class ScriptRunner:
    """The process. One script at a time."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] = subprocess.Popen(
            [sys.executable, "-m", __name__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "OPENAI_API_KEY": "sk-test-0123456789"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream(self._process.stdin).close()
        self._process.wait(60)
        self._stream(self._process.stdout).close()

    def run(self, script: str, folder: Path) -> tuple[int, str, str]:
        """Run it in a folder, and return its exit code, stdout and stderr."""
        path = folder / "script.py"
        path.write_text(script, encoding="utf-8", errors="surrogateescape")
        stdin = self._stream(self._process.stdin)
        stdin.write(f"{path}\n")
        stdin.flush()
        code = int(self._stream(self._process.stdout).readline())
        out, err = (path.with_suffix(end).read_text(encoding="utf-8") for end in (".out", ".err"))
        return code, out, err

    @staticmethod
    def _stream(found: IO[str] | None) -> IO[str]:
        assert found is not None
        return found


def serve() -> None:
    """Fork for every path."""
    for name in _MODULES:
        importlib.import_module(name)
    gc.freeze()
    for line in sys.stdin:
        if not (pid := os.fork()):
            _run(Path(line.strip()))
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


def _run(path: Path) -> None:
    code = 0
    for number, end in ((1, ".out"), (2, ".err")):
        os.dup2(
            os.open(path.with_suffix(end), os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600), number
        )
    os.chdir(path.parent)
    try:
        runpy.run_path(str(path), run_name="__main__")
    except BaseException:
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    serve()
