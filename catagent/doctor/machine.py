"""The terminal, the folders, programs that can be watched, and what sends runs elsewhere."""

import os
import re
import select
import shutil
import sys
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from shlex import quote

from catagent import private, variables
from catagent.config import Loaded
from catagent.errors import OutputError
from catagent.events.report import Check, Status
from catagent.platforms import IS_UNIX
from catagent.sinks.terminal import Terminal
from catagent.stop import Interrupts, Stop
from catagent.views.options import ViewOptions, is_capable
from catagent.watch import folders

# Asks for the mode of synchronized output, then what every terminal answers: what it is.
_QUESTION, _ANSWER = b"\x1b[?2026$p\x1b[c", re.compile(rb"(?:\x1b\[\?2026;(\d)\$y)?\x1b\[\?[\d;]*c")
_PATIENCE_S = 2.0


def terminal(loaded: Loaded, view: ViewOptions) -> Iterator[Check]:
    """Yield what stdout leads to, and what can be shown there."""
    check, env, isatty = partial(Check, "terminal"), loaded.environ, sys.stdout.isatty()
    size = shutil.get_terminal_size()
    kind = f"{env.get('TERM', 'TERM is not set')}, {size.columns} by {size.lines}"
    is_drawn = is_capable(env, isatty=isatty)
    live = "-o live" if is_drawn else "-o plain: no live view"
    yield check("terminal", f"{kind}, {live}" if isatty else "none: runs are lines of JSON here")
    why = ", ".join(k for k in ("NO_COLOR", "FORCE_COLOR", "COLORTERM") if env.get(k))
    yield check("colour", view.color, why=why or f"--color {loaded.settings.color}")
    if view.ascii:
        yield check("unicode", "ASCII alone", "note", "--ascii, or LANG", "export LANG=C.UTF-8")
    else:
        yield check("unicode", "yes")
    if is_drawn:
        yield check("links", "yes, OSC 8" if view.links else "no")
        yield check("frames", _synchronized(Terminal(sys.stdout.fileno(), raw=True)))


def _synchronized(terminal: Terminal) -> str:
    """Whether it draws a frame at once. Nothing is asked where keys are typed ahead: they stay."""
    if not (terminal.has_keys() and terminal.is_also(sys.stdin.fileno())):
        return "not asked"
    interrupts = Interrupts(Stop())
    interrupts.cancel = sys.exit  # which gives it back
    with interrupts:
        try:
            terminal.take()
            return _answer(terminal)
        finally:
            terminal.give_back()


def _answer(terminal: Terminal) -> str:
    answer, until = b"", time.monotonic() + _PATIENCE_S
    if select.select([terminal.fd], [], [], 0)[0]:
        return "not asked: keys were typed ahead"
    os.write(terminal.fd, _QUESTION)
    while not (found := _ANSWER.search(answer)):
        wait = until - time.monotonic()
        if wait < 0 or not select.select([terminal.fd], [], [], wait)[0]:
            return "it does not say"
        answer += os.read(terminal.fd, 1)
    return "synchronized" if found[1] in (b"1", b"2", b"3") else "one write each, not synchronized"


def places(loaded: Loaded) -> Iterator[Check]:
    """Yield whether each folder can be written, and is its user's alone."""
    for name in ("config", "state", "cache"):
        path: Path = getattr(loaded, f"{name}_dir")
        there = next(each for each in (path, *path.parents) if os.access(each, os.F_OK))
        check = partial(Check, "folders", name)
        if not there.is_dir():
            yield check(f"{there} is no folder", "broken", remedy="export CATAGENT_HOME=FOLDER")
        elif not os.access(there, os.W_OK | os.X_OK):
            yield check(
                f"{path} cannot be written", "broken", remedy=f"chmod u+rwx {quote(str(there))}"
            )
        elif IS_UNIX and there == path and not private.is_private(path) and name == "state":
            yield check(
                f"{path} is open to others", "warning", remedy=f"chmod 700 {quote(str(path))}"
            )
        else:
            yield check(f"{path}{'' if there == path else ', not made yet'}")


def programs(loaded: Loaded) -> Iterator[Check]:
    """Yield how many programs can be watched, and what sends their runs and ours elsewhere."""
    try:
        if not IS_UNIX:
            raise OutputError(f"no program can be watched on {sys.platform}", "catagent watch URL")
        found = folders.find(loaded.environ)
        names = ", ".join(f"{each.program.pid} {each.program.program:.40}" for each in found[:3])
        why = names or "catagent watch -- COMMAND starts one"
        yield Check("watch", "programs", f"{len(found)} that can be watched", why=why)
    except OutputError as error:
        level: Status = "broken" if IS_UNIX else "note"
        yield Check("watch", "programs", error.message, level, remedy=error.hint)
    sent = [k for k, v in loaded.environ.items() if variables.sends_runs(k, v)]
    for name in sent:
        said = f"{name} has all that agents do sent elsewhere"
        yield Check("watch", "tracing", said, "warning", remedy=f"unset {name}")
    if not sent:
        yield Check("watch", "tracing", "off: runs stay here")
