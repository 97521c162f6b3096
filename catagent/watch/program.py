"""A command with the observer in it: its environment, its start, its signals and its exit code."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType
from typing import NamedTuple

from catagent.platforms import numbers
from catagent.stop import Signals

OBSERVER = Path(__file__).parent / "observer"
NOT_EXECUTABLE, NOT_FOUND = 126, 127
# What Python ignores, and the programs that it starts must not.
IGNORED = numbers("SIGPIPE", "SIGXFSZ")
FORWARDED = numbers("SIGINT", "SIGQUIT", "SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2")
_FROM_KEYS = numbers("SIGINT", "SIGQUIT")


def variables(environ: Mapping[str, str], folder: Path, *, tokens: bool) -> dict[str, str]:
    """Return the variables that let the observer into every Python started with them."""
    others = [path for path in environ.get("PYTHONPATH", "").split(os.pathsep) if path]
    path = os.pathsep.join([str(OBSERVER), *(each for each in others if each != str(OBSERVER))])
    more = {"CATAGENT_WATCH_TOKENS": "1"} if tokens else {}
    return {"PYTHONPATH": path, "CATAGENT_WATCH": str(folder), **more}


class NotStartedError(Exception):
    """A command cannot be started; `exit_code` is what a shell says to that."""

    def __init__(self, reason: str, exit_code: int = NOT_EXECUTABLE) -> None:
        super().__init__(reason)
        self.exit_code = exit_code


class Command(NamedTuple):
    """A command: the file that is to run, its words and its environment."""

    path: str
    words: list[str]
    environ: Mapping[str, str]

    @classmethod
    def found(cls, words: list[str], environ: Mapping[str, str]) -> Command:
        """Look for the command as a shell would. Raises NotStartedError."""
        name, folders = words[0], environ.get("PATH")
        if (path := shutil.which(name, path=folders)) is not None:
            return cls(path, words, environ)
        if shutil.which(name, os.F_OK, folders) is not None:
            raise NotStartedError("it is not executable")
        if "/" in name and Path(name).is_dir():
            raise NotStartedError("it is a folder")
        raise NotStartedError("command not found", NOT_FOUND)

    def start(self) -> Program:
        """Start it with our own descriptors, terminal and all. Raises NotStartedError."""
        try:
            return Program(os.posix_spawn(*self, setsigdef=IGNORED))
        except FileNotFoundError as error:  # what its first line names to run it
            raise NotStartedError("its interpreter is not there", NOT_FOUND) from error
        except OSError as error:
            raise NotStartedError(error.strerror or str(error)) from error


class Program:
    """A command that was started. Where `shares_keys`, it is in our own group on the terminal.

    `pid` is the process that we wait for, `number` that of the command, where it is another.
    `ended_by` says how it ended: "killed by SIGKILL", "exit 5"; `on_end` is called then.
    """

    def __init__(self, pid: int, number: int = 0, *, shares_keys: bool = True) -> None:
        self.pid, self.number = pid, number or pid
        self.ended_by = ""
        self.shares_keys = shares_keys
        self.on_end: Callable[[], object] = lambda: None

    def wait(self) -> int:
        """Return the exit code once it has ended; 128 + N where signal N has ended it.

        Stops us whenever it is stopped. It does not go on before `send(SIGCONT)`.
        """
        while True:
            _, status = os.waitpid(self.pid, 0 if self.shares_keys else os.WUNTRACED)
            if not os.WIFSTOPPED(status):
                self.ended_by = _how(status)
                with contextlib.suppress(OSError):  # a terminal that has hung up
                    self.on_end()
                return exit_code(status)
            os.kill(os.getpid(), signal.SIGTSTP)

    def send(self, number: int) -> None:
        """Send it a signal, unless it has ended."""
        if not self.ended_by:
            with contextlib.suppress(OSError):
                os.kill(self.pid, number)


class Forwarding(Signals):
    """Inside the block, what ends other processes is sent on to `program`, and does not end us.

    A key that sends a signal reaches a program in our group on the terminal by itself. While there
    is no program, before and after, a signal calls `leave`.
    """

    def __init__(self, leave: Callable[[int], object]) -> None:
        self.program: Program | None = None
        super().__init__(FORWARDED)
        self._leave = leave

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.program is None or self.program.ended_by:
            self._leave(number)
        elif not (number in _FROM_KEYS and self.program.shares_keys and _has_keyboard()):
            self.program.send(number)


def exit_code(status: int) -> int:
    """Return the exit code, as a shell has it, of what `waitpid` returned."""
    code = os.waitstatus_to_exitcode(status)
    return code if code >= 0 else 128 - code


def _how(status: int) -> str:
    """Say how a process ended, from what `waitpid` returned."""
    if not os.WIFSIGNALED(status):
        return f"exit {exit_code(status)}"
    number, names = os.WTERMSIG(status), {each.value: each.name for each in signal.Signals}
    return f"killed by {names.get(number, f'signal {number}')}"  # not all have a name


def _has_keyboard() -> bool:
    """Whether the terminal that we run on sends its keys to our group."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
