"""Runs catagent in a process of its own, a hundred times a minute: forked, with LangChain loaded.

Importing LangChain costs over a second of CPU. One warm process pays it once, and forks for
every run: arguments, environment, descriptors, signals, terminal and exit code are all real.
`tests/support/cli.py` starts it cold, as a user does.

    with Warm() as warm, ScriptedServer(cat()) as server:
        done = warm.run(["ask", QUESTION], with_server(home, server.url))
"""

from __future__ import annotations

import contextlib
import fcntl
import gc
import importlib
import io
import json
import os
import pty
import signal
import socket
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from tests.support.descriptors import drain
from tests.support.waiting import wait_until

_ROOT = Path(__file__).parents[2]
_MODULES = (
    *("catagent.__main__", "catagent.cli.main", "catagent.cli.run_request", "catagent.run.runner"),
    *("catagent.agents.cat", "catagent.agents.cat_classic", "catagent.agents.custom"),
    *(
        "catagent.sources.modes",
        "catagent.sinks.live",
        "catagent.sinks.jsonl",
        "catagent.sinks.plain",
    ),
    *("catagent.models.providers.openai", "catagent.models.openai_client.chat_model"),
    *("langchain_openai", "openai.resources.chat.completions", "openai.types.chat"),
    "langchain.agents",
    *("asyncio", "anyio._backends._asyncio", "h11", "httpcore2", "jiter", "tests.faults.agents"),
)


@dataclass
class Done:
    """How a run ended. On a terminal everything is in `out`; `before` and `after` are its modes."""

    code: int
    out: bytes
    err: bytes
    took: float
    before: list[Any] = field(default_factory=list)
    after: list[Any] = field(default_factory=list)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON lines of stdout."""
        return [json.loads(line) for line in self.out.splitlines()]


class Run:
    """A run that goes on. Whoever starts one calls `wait`, once."""

    def __init__(self, pid: int, answers: socket.socket) -> None:
        self.pid = pid
        self.began = time.monotonic()
        self._answers = answers
        self._readers: list[threading.Thread] = []
        self._read: dict[str, bytearray] = {"out": bytearray(), "err": bytearray()}
        self.terminal: int | None = None
        self._keyboard: int | None = None

    def collect(self, name: str, descriptor: int) -> None:
        """Read a pipe or a terminal to its end, in a thread of its own."""
        thread = threading.Thread(target=drain, args=(descriptor, self._read[name]), daemon=True)
        thread.start()
        self._readers.append(thread)

    @property
    def out(self) -> bytes:
        """What it has written so far."""
        return bytes(self._read["out"])

    def wait_for(self, words: bytes, timeout: float = 60) -> None:
        """Return when these bytes were written; raise TimeoutError if they never are."""
        wait_until(lambda: words in self.out, timeout, instead=lambda: self.out[-500:])

    def send(self, number: signal.Signals) -> None:
        """Send a signal to it."""
        os.kill(self.pid, number)

    def type(self, keys: bytes) -> None:
        """Press these keys at its terminal."""
        assert self._keyboard is not None
        os.write(self._keyboard, keys)

    def wait(self, timeout: float = 60) -> Done:
        """Its end. What takes longer is killed, and raises TimeoutError."""
        self._answers.settimeout(timeout)
        try:
            status = json.loads(self._answers.recv(1 << 10))
        except TimeoutError:
            os.kill(self.pid, signal.SIGKILL)
            self._answers.settimeout(60)
            self._answers.recv(1 << 10)
            raise TimeoutError(f"{self.out[-2000:]!r} {bytes(self._read['err'])!r}") from None
        took = time.monotonic() - self.began
        modes = [] if self.terminal is None else termios.tcgetattr(self.terminal)
        if self.terminal is not None:
            os.close(self.terminal)
        for thread in self._readers:
            thread.join(60)
        return Done(status, self.out, bytes(self._read["err"]), took, after=modes)


class Warm:
    """The warm process. One run at a time."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._socket = ours
        self._log: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 - closed in __exit__
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.warm", str(theirs.fileno())],
                cwd=_ROOT,
                env={**_plain_environment(), "LANGSMITH_TRACING": "false"},
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=self._log,
                stderr=self._log,
                start_new_session=True,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._socket.close()
        self._process.wait(60)
        self._log.close()

    def start(
        self,
        arguments: list[str],
        env: dict[str, str],
        *,
        descriptors: tuple[int, int, int],
        cwd: str | None = None,
        terminal: bool = False,
    ) -> Run:
        """Start a run on these three descriptors, which stay the caller's to close."""
        request = {"arguments": arguments, "env": env, "cwd": cwd or env["HOME"]}
        message = json.dumps({**request, "terminal": terminal}).encode()
        socket.send_fds(self._socket, [message], list(descriptors))
        self._socket.settimeout(60)
        answer = self._socket.recv(1 << 10)
        if not answer:
            self._log.seek(0)
            raise RuntimeError(self._log.read().decode())
        return Run(json.loads(answer), self._socket)

    def spawn(
        self,
        arguments: list[str],
        env: dict[str, str],
        *,
        stdin: bytes = b"",
        cwd: str | None = None,
    ) -> Run:
        """Start a run with pipes for stdout and stderr."""
        with _pipe() as (out_end, out), _pipe() as (err_end, err), _filled(stdin) as given:
            run = self.start(arguments, env, descriptors=(given, out, err), cwd=cwd)
            run.collect("out", os.dup(out_end))
            run.collect("err", os.dup(err_end))
        return run

    def run(
        self,
        arguments: list[str],
        env: dict[str, str],
        *,
        stdin: bytes = b"",
        cwd: str | None = None,
        timeout: float = 60,
    ) -> Done:
        """Run it to its end, with pipes for stdout and stderr."""
        return self.spawn(arguments, env, stdin=stdin, cwd=cwd).wait(timeout)

    def open_terminal(
        self, arguments: list[str], env: dict[str, str], *, size: tuple[int, int] = (24, 80)
    ) -> tuple[Run, list[Any]]:
        """Start a run on a terminal of its own; return it, and the terminal's modes before."""
        ours, theirs = pty.openpty()
        termios.tcsetwinsize(theirs, size)
        modes = termios.tcgetattr(theirs)
        env = {"TERM": "xterm-256color", **env}
        run = self.start(arguments, env, descriptors=(theirs,) * 3, terminal=True)
        # Held open here, so that its modes can be asked for after the run has let go of it.
        run.terminal, run._keyboard = theirs, ours
        run.collect("out", ours)
        return run, modes

    def run_on_terminal(
        self,
        arguments: list[str],
        env: dict[str, str],
        *,
        size: tuple[int, int] = (24, 80),
        timeout: float = 60,
        leaves: bool = False,
    ) -> Done:
        """Run it to its end on a terminal; where it `leaves`, a question is asked and left open."""
        run, modes = self.open_terminal(arguments, env, size=size)
        if leaves:
            run.wait_for(b"Ctrl-C leaves it open")
            run.type(b"\x04")
        done = run.wait(timeout)
        done.before = modes
        return done


@contextlib.contextmanager
def _pipe() -> Iterator[tuple[int, int]]:
    ends = os.pipe()
    try:
        yield ends
    finally:
        for end in ends:
            os.close(end)


@contextlib.contextmanager
def _filled(text: bytes) -> Iterator[int]:
    """A file to read from: a pipe would need somebody to fill it."""
    with tempfile.TemporaryFile() as file:
        file.write(text)
        file.seek(0)
        yield file.fileno()


def _plain_environment() -> dict[str, str]:
    kept = ("PATH", "LANG", "LC_ALL", "VIRTUAL_ENV", "HOME", "COVERAGE_PROCESS_CONFIG")
    return {name: os.environ[name] for name in kept if name in os.environ}


def serve(channel: socket.socket) -> None:
    """Fork for every request; in the child this raises what `main` leaves with."""
    for module in _MODULES:
        importlib.import_module(module)
    gc.collect()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, 1 << 18, 3)
        if not message:
            return
        pid = os.fork()
        if pid == 0:
            channel.close()
            _become(json.loads(message), descriptors)
            from catagent.__main__ import main

            main()
        for descriptor in descriptors:
            os.close(descriptor)
        channel.send(json.dumps(pid).encode())
        _, status = os.waitpid(pid, 0)
        channel.send(json.dumps(os.waitstatus_to_exitcode(status)).encode())


def _become(request: dict[str, Any], descriptors: list[int]) -> None:
    os.setsid()
    for number, descriptor in enumerate(descriptors):
        os.dup2(descriptor, number)
        os.close(descriptor)
    if request["terminal"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    os.chdir(request["cwd"])
    os.environ.clear()
    os.environ.update(request["env"])
    sys.argv = ["catagent", *request["arguments"]]
    sys.path[:] = [entry for entry in sys.path if entry]
    for descriptor, name in enumerate(("stdin", "stdout", "stderr")):
        stream = _stream(descriptor, "w" if descriptor else "r")
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _stream(descriptor: int, mode: str) -> io.TextIOWrapper:
    binary = open(descriptor, mode + "b", closefd=False)  # noqa: SIM115 - a descriptor
    errors = "backslashreplace" if descriptor == 2 else "strict"
    lines = descriptor == 2 or binary.isatty()
    return io.TextIOWrapper(binary, "utf-8", errors, line_buffering=lines)


if __name__ == "__main__":
    # Not as __main__: what a run pickles or prints is to have real names.
    from tests.support import warm as _warm

    with socket.socket(fileno=int(sys.argv[1])) as _channel:
        _warm.serve(_channel)
