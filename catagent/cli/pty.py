"""A program on a terminal of its own inside ours: what it prints goes to the live view in rows.

Its terminal does what ours did: echo, line editing, the keys that send signals. A process between
it and us leads its session, as a shell would: without such a parent Ctrl-Z stops nothing.
"""

import contextlib
import os
import pty
import re
import resource
import select
import signal
import termios
import threading
from collections.abc import Callable
from typing import NoReturn

from catagent.sinks.live import LiveSink
from catagent.sinks.terminal import Terminal
from catagent.watch.program import FORWARDED, IGNORED, NOT_EXECUTABLE, Command, Program, exit_code

_LOOK_S = 0.1
_CHUNK = 1 << 16
_ALTERNATE = re.compile(rb"\x1b\[\?(?:47|1047|1049)([hl])")
_LEAVE = re.compile(rb"\x1b\[\?(?:47|1047|1049)l")
_MOVES = re.compile(rb"\x1b(?:\[[\d;]*[A-JLMSTdfr]|[78M])")
# Of no consequence in a row that stands by itself: clearing all of the screen, erasing the end of
# the row, titles, links, modes, the bell.
_IN_ROW = re.compile(
    rb"(?:\x1b\[[\d;]*H|\x1b\[[23]?J){2,}"
    rb"|\x1b\[[0-2]?K|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b\[\?\d+[hl]|\x07"
)
_UNFINISHED = re.compile(rb"\x1b(?:\[[\d;?]*|\][^\x07\x1b]{0,999}\x1b?)?\Z")


def start(command: Command, terminal: Terminal) -> tuple[Program, int]:
    """Start the command on a new terminal like ours; return it and our end of that terminal.

    Its descriptors that are not on our terminal stay what they are. Only while there is no thread.
    """
    kept = {fd: os.dup(fd) for fd in (0, 1, 2) if not terminal.is_also(fd)}
    modes, size = termios.tcgetattr(terminal.fd), termios.tcgetwinsize(terminal.fd)
    known, telling = os.pipe()  # the number of the command's own process
    pid, ours = pty.fork()
    if pid == 0:
        try:
            os.close(known)
            tty = os.dup(0)
            termios.tcsetattr(tty, termios.TCSANOW, modes)
            termios.tcsetwinsize(tty, size)
            for fd, original in kept.items():
                os.dup2(original, fd)
            _lead(tty, telling, lambda: os.execve(*command))  # noqa: S606 - it is the person's
        finally:
            os._exit(NOT_EXECUTABLE)
    for original in (*kept.values(), telling):
        os.close(original)
    number = int(os.read(known, 20) or 0)
    os.close(known)
    return Program(pid, number, shares_keys=False), ours


def _lead(tty: int, telling: int, execute: Callable[[], NoReturn]) -> NoReturn:
    """Lead the session: stop when the program stops, and end when it ends, as it does."""
    program = os.fork()
    if program == 0:
        _become(tty, execute)
    os.write(telling, b"%d" % program)
    os.close(telling)
    for number in FORWARDED:
        signal.signal(number, lambda number, _: os.kill(program, number))
    while os.WIFSTOPPED(status := os.waitpid(program, os.WUNTRACED)[1]):
        os.kill(os.getpid(), signal.SIGSTOP)
        os.killpg(program, signal.SIGCONT)
    _to_foreground(tty)  # when a session's leader ends, what is there is hung up
    if os.WIFSIGNALED(status):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the program has written its own
        with contextlib.suppress(OSError):  # SIGKILL has no handler
            signal.signal(os.WTERMSIG(status), signal.SIG_DFL)
        os.kill(os.getpid(), os.WTERMSIG(status))
    os._exit(exit_code(status))


def _become(tty: int, execute: Callable[[], NoReturn]) -> NoReturn:
    os.setpgid(0, 0)
    _to_foreground(tty)
    for number in IGNORED:
        signal.signal(number, signal.SIG_DFL)
    try:
        execute()
    except OSError as error:
        os.write(2, f"catagent: error: {error.strerror}\n".encode())
    os._exit(NOT_EXECUTABLE)


def _to_foreground(tty: int) -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTTOU})
    with contextlib.suppress(OSError):
        os.tcsetpgrp(tty, os.getpgrp())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTTOU})


class Relay(threading.Thread):
    """Carries keys to the program and its output to the screen.

    While the program reads single keys or draws on all of the screen, its bytes pass untouched.
    """

    def __init__(self, ours: int, screen: LiveSink) -> None:
        super().__init__(name="catagent-pty", daemon=True)
        self._ours, self._terminal, self._screen = ours, screen.terminal, screen
        self._unfinished = b""
        self._aside = self._alternate = self._moves = False
        self._keys = [screen.terminal.fd]
        self._ended = threading.Event()

    def finish(self) -> None:
        """Show what the program has written until it ended."""
        self._ended.set()
        self.join()
        if self._alternate:
            self._screen.pass_on(b"\x1b[?1049l")
        os.close(self._ours)

    def run(self) -> None:
        """Carry all that there is, until the program has ended."""
        with contextlib.suppress(OSError):  # nobody has the other end open any more
            while self._turn():
                pass

    def _turn(self) -> bool:
        """Carry what there is; whether more may come."""
        ended = self._ended.is_set()  # asked first: what it has written until then is waited for
        ready, _, _ = select.select([self._ours, *self._keyboard()], [], [], _LOOK_S)
        with contextlib.suppress(OSError, termios.error):
            self._resize()
        if self._terminal.fd in ready:
            self._type()
        data = os.read(self._ours, _CHUNK) if self._ours in ready else b""
        if data or self._aside:
            self._show(data)
        return bool(data) or not (ended or self._ours in ready)

    def _keyboard(self) -> list[int]:
        """The terminal, while there are keys for us and room for them at the program."""
        if self._ended.is_set() or not self._terminal.is_ours():
            return []
        return self._keys if select.select([], [self._ours], [], 0)[1] else []

    def _type(self) -> None:
        try:
            data = os.read(self._terminal.fd, 1 << 10)
        except OSError:
            data = b""
        if data:
            os.write(self._ours, data)
        else:  # the terminal has hung up
            self._keys = []

    def _resize(self) -> None:
        size = termios.tcgetwinsize(self._terminal.fd)
        if size != termios.tcgetwinsize(self._ours):
            termios.tcsetwinsize(self._ours, size)

    def _show(self, data: bytes) -> None:
        seen = self._unfinished + data
        found = _UNFINISHED.search(seen)
        self._unfinished = found[0] if found else b""
        if self._takes_all(seen):
            if not self._aside:
                self._screen.stand_back()
            row = b"" if self._alternate else _IN_ROW.sub(b"", _LEAVE.split(data)[-1])
            self._screen.pass_on(data if self._aside else seen, row)
            self._aside = True
            return
        whole = seen[: len(seen) - len(self._unfinished)]
        self._screen.passed(_IN_ROW.sub(b"", whole))
        if self._aside:
            self._aside = False
            self._screen.come_back()

    def _takes_all(self, seen: bytes) -> bool:
        """Whether the program reads single keys, or draws anywhere but on the row it is on."""
        before, switches = self._alternate, _ALTERNATE.findall(seen)
        if switches:
            self._alternate = switches[-1] == b"h"
        if before or b"h" in switches or not self._edits_lines():
            return True
        self._moves = self._moves or bool(_MOVES.search(_IN_ROW.sub(b"", seen)))
        return self._moves

    def _edits_lines(self) -> bool:
        try:
            return bool(termios.tcgetattr(self._ours)[3] & termios.ICANON)
        except termios.error:
            return True
