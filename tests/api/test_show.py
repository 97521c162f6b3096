"""`catagent.show`: live on a real terminal, plain anywhere else, also inside a running loop."""

from __future__ import annotations

import asyncio
import contextvars
import io
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, assert_type

import pytest
from langchain_core.runnables import RunnableLambda

import catagent
from tests.support.notebook import run_cells
from tests.support.screen import Screen
from tests.support.scripts import saying
from tests.support.server import ScriptedServer

ROOT = Path(__file__).parents[2]
ECHO: RunnableLambda[Any, str] = RunnableLambda(lambda given: f"{given}!", name="echo")
AGENT = """
import signal, sys
import catagent
from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

model = ChatOpenAI(model="scripted", base_url=sys.argv[1], api_key="test", max_retries=0)
agent = create_agent(model, [])
"""
SHOWN = """
watched = signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGTSTP, signal.SIGQUIT
before = [signal.getsignal(number) for number in watched]
print("before", end="\\r\\n")
finished = catagent.show(agent, "hello")
assert [signal.getsignal(number) for number in watched] == before
print("after:", finished.data.status)
"""


def script(text: str, url: str, **how: Any) -> subprocess.Popen[str]:
    """A program of somebody's, with `show` in it."""
    environ = {k: v for k, v in os.environ.items() if k not in ("CI", "COLUMNS", "NO_COLOR")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", AGENT + text, url],
        env={**environ, "TERM": "xterm-256color", "PYTHONPATH": str(ROOT)},
        text=True,
        **how,
    )


def test_a_pipe_gets_plain_lines_in_order_with_what_the_program_prints() -> None:
    with ScriptedServer(saying("Good ", "day.")) as server:
        program = script(SHOWN, server.url, stdout=subprocess.PIPE)
        printed, _ = program.communicate(timeout=90)
    assert printed.startswith("before")
    assert "Good day." in printed
    assert printed.endswith("after: success\n")
    assert "\x1b" not in printed


@pytest.fixture
def screen() -> Any:
    made = Screen()
    yield made
    made.close()


def on(screen: Screen) -> dict[str, Any]:
    """Where a program on this terminal reads and writes, its controlling one."""
    return {
        "stdin": screen.fd,
        "stdout": screen.fd,
        "stderr": screen.fd,
        "start_new_session": True,
    }


def test_a_terminal_gets_the_live_view_and_is_given_back(screen: Screen) -> None:
    with ScriptedServer(saying("Good ", "day.")) as server:
        program = script(SHOWN, server.url, **on(screen))
        assert program.wait(90) == 0, screen.text()
    screen.until(lambda: "after: success" in screen.text())
    assert b"\x1b[?2026h" in screen.bytes
    assert screen.text().count("Good day.") == 1
    assert screen.echoes()


def test_ctrl_c_cancels_the_run_gives_the_terminal_back_and_raises(
    screen: Screen, tmp_path: Path
) -> None:
    path = tmp_path / "run.jsonl"
    text = f"""
try:
    catagent.show(agent, "hello", record={str(path)!r})
except KeyboardInterrupt:
    print("interrupted")
"""
    with ScriptedServer(saying(*"a" * 1000, pace=0.05)) as server:
        program = script(text, server.url, **on(screen))
        screen.until(lambda: "aaa" in screen.text())
        assert not screen.echoes()
        program.send_signal(signal.SIGINT)
        assert program.wait(90) == 0, screen.text()
        assert server.wait_closed()
    screen.until(lambda: "interrupted" in screen.text())
    assert screen.echoes()
    *_, last = catagent.read(path)
    assert isinstance(last, catagent.RunFinished)
    assert last.data.status == "cancelled"


def test_stdout_may_be_any_stream(monkeypatch: pytest.MonkeyPatch) -> None:
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    finished = catagent.show(ECHO, "hello", quiet=True)
    assert_type(finished, catagent.RunFinished)
    assert (finished.data.output, out.getvalue()) == ("hello!", "hello!\n")


def test_inside_a_running_loop_it_runs_on_a_thread_in_the_same_context(
    capsys: pytest.CaptureFixture[str],
) -> None:
    mine = contextvars.ContextVar("mine", default="")
    seen: list[Any] = []

    def see(_: Any) -> str:
        seen.append((threading.current_thread() is threading.main_thread(), mine.get()))
        return "seen"

    async def cell() -> catagent.RunFinished:
        mine.set("here")
        return catagent.show(RunnableLambda(see), "hello")

    assert asyncio.run(cell()).data.status == "success"
    assert seen == [(False, "here")]
    assert "seen" in capsys.readouterr().out


def test_what_cannot_be_run_raises_inside_a_loop_too() -> None:
    async def cell() -> None:
        catagent.show("not an agent", "hello")  # type: ignore[arg-type]

    with pytest.raises(catagent.UsageError):
        asyncio.run(cell())


def test_the_kernels_interrupt_cancels_the_run_of_a_cell(tmp_path: Path) -> None:
    with ScriptedServer(saying(*["a" * 20] * 500, pace=0.05)) as server:
        cells = [
            f"import sys; sys.argv = ['', {server.url!r}]\n{AGENT}",
            """
import os, threading, time
def interrupt():
    while "aaa" not in sys.stdout.text:
        time.sleep(0.01)
    os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt).start()
try:
    catagent.show(agent, "hello")
except KeyboardInterrupt:
    print("interrupted")
""",
        ]
        printed = run_cells(tmp_path, cells)
        assert server.wait_closed()
    assert printed[1].endswith("interrupted\n")
    assert "The run was cancelled." in printed[1] or "run: " in printed[1]
