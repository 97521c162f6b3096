"""Runs catagent as a user does: another process, real pipes, its own home folder."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, get_args

from catagent.config import Output
from tests.support.descriptors import drain
from tests.support.server import ScriptedServer

# Every output there is, and those that need no terminal.
OUTPUTS = tuple(name for name in get_args(Output) if name != "auto")
PIPED = tuple(name for name in OUTPUTS if name != "live")
COMMAND = [sys.executable, "-m", "catagent"]
# The last one is set where coverage is measured: a process of its own measures as well then.
_KEPT = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT", "VIRTUAL_ENV", "COVERAGE_PROCESS_CONFIG")


def environment(home: Path, **more: str) -> dict[str, str]:
    """An environment with nothing of the tester's own in it: no keys, no settings, no proxy."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    root = str(Path(__file__).parents[2])
    return {
        **kept,
        "PYTHONPATH": root,
        "HOME": str(home),
        "CATAGENT_HOME": str(home),
        "LANGSMITH_TRACING": "false",
        **more,
    }


def with_server(home: Path, url: str, **more: str) -> dict[str, str]:
    """The same, with a model server in the place of OpenAI's."""
    return environment(home, OPENAI_API_KEY="sk-test-0123456789", OPENAI_BASE_URL=url, **more)


def with_command(home: Path, env: dict[str, str]) -> dict[str, str]:
    """The same, with `catagent` on the PATH, as a shell finds it."""
    command = home / "bin" / "catagent"
    command.parent.mkdir()
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m catagent "$@"\n')
    command.chmod(0o755)
    return {**env, "PATH": f"{command.parent}:{Path(sys.executable).parent}:{env['PATH']}"}


def quiet(home: Path, server: ScriptedServer) -> dict[str, str]:
    """With this server, and no history kept."""
    return with_server(home, server.url, CATAGENT_HISTORY="false")


def catagent(
    *arguments: str, env: dict[str, str], stdin: str | None = None, timeout: float = 60
) -> subprocess.CompletedProcess[str]:
    """Run it to the end; stdin is empty unless given."""
    return subprocess.run(
        [*COMMAND, *arguments],
        env=env,
        input=stdin or "",
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
        cwd=env["HOME"],
    )


def on_terminal(
    *arguments: str, env: dict[str, str], command: Sequence[str] = COMMAND
) -> tuple[int, str]:
    """Run it on a pseudo-terminal: its exit code, and all that got there, stderr included."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*command, *arguments],
        env={"TERM": "xterm-256color", **env},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
        cwd=env["HOME"],
    )
    os.close(theirs)
    shown = bytearray()
    drain(ours, shown)
    return process.wait(60), shown.decode()


def lines(text: str) -> list[dict[str, Any]]:
    """The JSON lines of an output."""
    return [json.loads(line) for line in text.splitlines()]


def text_of(events: list[dict[str, Any]], call_id: str | None) -> str:
    """All the text that models wrote inside this tool call, in order."""
    return "".join(
        event["data"]["delta"]
        for event in events
        if event["type"] == "llm.token"
        and event["tool_call_id"] == call_id
        and event["data"]["channel"] == "text"
    )
