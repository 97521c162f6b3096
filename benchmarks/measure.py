"""Runs a command and says what it cost: CPU time, wall time, memory, and what it wrote.

Cases of one comparison run in turn, round after round, so that a busy machine slows all of them;
what is reported is the smallest and the median of the rounds.
"""

from __future__ import annotations

import contextlib
import os
import pty
import re
import signal
import socket
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

OUT = Path(__file__).parent / "out"
TIMEOUT_S = 300.0
_LOOK_S = 0.005


@dataclass(frozen=True, slots=True)
class Cost:
    """One run. Seconds of CPU are user and system, of the process and all that it waited for.

    `first_s` is the wall time to the first output, or to a marker in it, and `first_cpu_s` the CPU
    till then (Linux only); `rss_mb` the peak resident memory; `written` counts bytes.
    """

    cpu_s: float
    wall_s: float = 0.0
    first_s: float = 0.0
    first_cpu_s: float = 0.0
    rss_mb: float = 0.0
    written: int = 0
    output: bytes = b""


class FailedError(Exception):
    """A command that was to be measured ended badly."""

    def __init__(self, argv: Sequence[str], code: int, said: bytes) -> None:
        super().__init__(
            f"{' '.join(argv)} ended with {code}: {said[-2000:].decode(errors='replace')}"
        )


Case = Callable[[], Cost]
Costs = dict[str, list[Cost]]


def rounds_of(cases: Mapping[str, Case], rounds: int, *, warm: bool = True) -> Costs:
    """Run all cases in turn, `rounds` times; before several, one round that is not counted."""
    if warm and rounds > 1:
        for case in cases.values():
            case()
    found: Costs = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            found[name].append(case())
    return found


def least(costs: Sequence[Cost], what: str = "cpu_s") -> float:
    """The smallest of a quantity: what it costs when nothing disturbs."""
    return min(float(getattr(cost, what)) for cost in costs)


def middle(costs: Sequence[Cost], what: str = "cpu_s") -> float:
    """The median of a quantity."""
    return float(median(getattr(cost, what) for cost in costs))


def ratio(costs: Costs, name: str, base: str, what: str = "cpu_s") -> float:
    """The median of this case's cost as a multiple of the base's in the same round."""
    pairs = zip(costs[name], costs[base], strict=True)
    return float(median(getattr(a, what) / (getattr(b, what) or 1e-9) for a, b in pairs))


def environment(home: Path = OUT / "home", **more: str) -> dict[str, str]:
    """Nothing of the tester's own, and bytecode compiled and kept, as an installed wheel has it."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    home.mkdir(parents=True, exist_ok=True)
    return {
        **kept,
        "HOME": str(home),
        "CATAGENT_HOME": str(home),
        "CATAGENT_HISTORY": "false",
        "PYTHONPATH": str(OUT.parents[1]),
        "PYTHONPYCACHEPREFIX": str(OUT / "pycache"),
        "LANGSMITH_TRACING": "false",
        "TERM": "xterm-256color",
        **more,
    }


def piped(argv: Sequence[str], env: Mapping[str, str], marker: bytes = b"") -> Case:
    """The command with its stdout in a pipe that is read at once."""

    def run() -> Cost:
        reader, writer = os.pipe()
        return _watch(argv, env, writer, _Drain(reader, marker))

    return run


def on_terminal(argv: Sequence[str], env: Mapping[str, str], marker: bytes = b"") -> Case:
    """The command on a pseudo-terminal of 80x24 that is read at once."""

    def run() -> Cost:
        reader, terminal = pty.openpty()
        termios.tcsetwinsize(terminal, (24, 80))
        return _watch(argv, env, terminal, _Drain(reader, marker))

    return run


def _watch(argv: Sequence[str], env: Mapping[str, str], stdout: int, output: _Drain) -> Cost:
    on_tty = os.isatty(stdout)
    with tempfile.TemporaryFile() as talk:
        began = time.perf_counter()
        process = subprocess.Popen(
            argv,
            env=dict(env),
            stdin=stdout if on_tty else subprocess.DEVNULL,
            stdout=stdout,
            stderr=stdout if on_tty else talk,
            start_new_session=True,
        )
        os.close(stdout)
        watchdog = threading.Timer(TIMEOUT_S, os.killpg, (process.pid, signal.SIGKILL))
        watchdog.start()
        output.start(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        watchdog.cancel()
        output.join()
        if process.returncode != 0:
            talk.seek(0)
            raise FailedError(argv, process.returncode, talk.read() or b"".join(output.pieces))
    whole = b"".join(output.pieces)
    return Cost(
        cpu_s=usage.ru_utime + usage.ru_stime,
        wall_s=wall,
        first_s=max(0.0, output.first - began),
        first_cpu_s=output.first_cpu_s,
        rss_mb=output.peak_mb or usage.ru_maxrss / 1024,
        written=len(whole),
        output=whole,
    )


class _Drain:
    """Reads a descriptor to its end, in a thread; notes when the marker came, and peak memory."""

    def __init__(self, reader: int, marker: bytes) -> None:
        self.first = 0.0
        self.first_cpu_s = 0.0
        self.peak_mb = 0.0
        self._looked = 0.0
        self._pid = 0
        self.pieces: list[bytes] = []
        self._reader = reader
        self._marker = marker
        self._thread = threading.Thread(target=self._read, daemon=True)

    def start(self, pid: int) -> None:
        """Begin to read, once this process no longer holds the other end."""
        self._pid = pid
        self._thread.start()

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join(10)
        os.close(self._reader)

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._reader, 1 << 16)
            except OSError:  # what a pseudo-terminal says in the place of an end
                return
            if not piece:
                return
            self.pieces.append(piece)
            self._look()
            if not self.first and self._marker in b"".join(self.pieces[-2:]):
                self.first = time.perf_counter()
                with contextlib.suppress(OSError):  # it may have ended by now
                    self.first_cpu_s = _cpu_of(self._pid)

    def _look(self) -> None:
        """Ask Linux itself: what wait4 reports begins with the memory of the parent, us."""
        now = time.perf_counter()
        if now - self._looked < _LOOK_S:
            return
        self._looked = now
        with contextlib.suppress(OSError):
            text = Path(f"/proc/{self._pid}/status").read_text()
            peak = re.search(r"VmHWM:\s+(\d+) kB", text)
            self.peak_mb = int(peak[1]) / 1024 if peak else self.peak_mb


def until_request(argv: Sequence[str], env: Mapping[str, str]) -> Case:
    """The command, measured to its first HTTP request and ended there (Linux only)."""

    def run() -> Cost:
        with socket.create_server(("127.0.0.1", 0)) as server:
            server.settimeout(TIMEOUT_S)
            url = f"http://127.0.0.1:{server.getsockname()[1]}/v1"
            process = _quietly(argv, {**env, "OPENAI_BASE_URL": url})
            began = time.perf_counter()
            connection, _ = server.accept()
            with connection:
                connection.recv(1)
                cost = Cost(cpu_s=_cpu_of(process.pid), wall_s=time.perf_counter() - began)
                process.kill()
            process.wait()
            return cost

    return run


def _quietly(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.Popen[Any]:
    nothing = subprocess.DEVNULL
    return subprocess.Popen(argv, env=dict(env), stdin=nothing, stdout=nothing, stderr=nothing)


def _cpu_of(pid: int) -> float:
    """Seconds of CPU of another process, its ended threads included: its CPU clock, by number."""
    return time.clock_gettime((~pid << 3) | 2)
