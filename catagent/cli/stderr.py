"""Messages to the person, on stderr: clean, and without secrets."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import sys
import traceback
from typing import TYPE_CHECKING

from catagent.config import secrets_of
from catagent.errors import CatagentError, ExitCode, OutputError
from catagent.redact import redact, shortened
from catagent.views.sanitize import clean
from catagent.views.wrap import wrap

if TYPE_CHECKING:
    from catagent.events.state import RunState
    from catagent.events.types import ErrorInfo

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)
_LOOK_S = 0.1
# How far in the rest of a line that is broken begins, and the least room for it.
_HANGING, _NARROWEST = 4, 20
# Of a question to a person, which may be of any size.
_MOST_SAID, _MOST_LINES = 2000, 20


def say(message: str, hint: str = "") -> None:
    """Print a message and what to do next. Both may quote untrusted text."""
    text = _safe(message) + (f"\n  hint: {_safe(hint)}" if hint else "")
    width = _width()
    write("".join(f"{row}\n" for line in text.split("\n") for row in _rows(line, width)))


def _rows(line: str, width: int | None) -> list[str]:
    """A line, broken between words where a terminal has no room, with the rest further in."""
    margin = " " * (len(line) - len(line.lstrip(" ")) + _HANGING)
    first, *more = wrap(line, width and max(width - len(margin), _NARROWEST))
    return [first, *(margin + row for row in more)]


def _width() -> int | None:
    """How wide the terminal is that stderr leads to; None where it leads to none."""
    try:
        return os.get_terminal_size(sys.stderr.fileno()).columns or None
    except (OSError, ValueError):  # closed, or not a terminal
        return None


def say_error(said: str, error: ErrorInfo) -> None:
    """Print what went wrong, where, what to do next, and what else did."""
    from catagent.views.notes import where

    for each in (error, *error.others):
        say("\n  ".join([f"{said}: {each.message}", *where(each)]), each.hint)


def say_questions(said: str, state: RunState, again: str = "") -> None:
    """Print what a run that waits for a person asks them, and what they may answer.

    And with which command, where one is known that shows it `again`, with `{run}` for its id.
    """
    from catagent.views.graph import answers, questions, resuming
    from catagent.views.notes import short

    if state.started is None or state.finished is None:
        return
    if state.finished.data.status == "interrupted":
        for event in state.interrupts:
            asked = [f"{said}: {question}" for question in questions(event.data)]
            for text in (*asked, *(f"  {answer}" for answer in answers(event.data))):
                say(_clipped(text).replace("\n", "\n  "))
        if "{run}" in again and not any(each.code == "unresumable" for each in state.warnings):
            shown = again.replace("{run}", short(state.started.run_id))
            say(f"  hint: {resuming(shown, [event.data for event in state.interrupts])}")


def _clipped(text: str) -> str:
    """Its first lines: all of it is in the events, and in the views."""
    lines = text.splitlines()
    more = [f"… {len(lines) - _MOST_LINES} more lines"] if len(lines) > _MOST_LINES else []
    return "\n".join([shortened("\n".join(lines[:_MOST_LINES]), _MOST_SAID), *more])


def say_traceback(raised: BaseException) -> None:
    """Print the traceback of an error, for `--debug`."""
    write(_safe("".join(traceback.format_exception(raised))))


def report(error: Exception, *, debug: bool) -> ExitCode:
    """Say what went wrong, and return its exit code. What nobody has foreseen is a defect."""
    known = _of_machine(error) if isinstance(error, OSError) else error
    if isinstance(known, CatagentError):
        say(f"catagent: error: {known.message}", known.hint)
        return known.exit_code
    if debug:
        say_traceback(error)
    say(
        f"catagent: error: this is a defect of catagent's: {type(error).__name__}: {error}",
        "report it" if debug else "run it again with --debug, and report what that prints",
    )
    return ExitCode.FAILED


def _of_machine(error: OSError) -> OutputError | None:
    """What the machine has no more of, if that is it."""
    from catagent.failures.connections import TOO_MANY_FILES
    from catagent.failures.exceptions import FILES_USED_UP

    if error.errno in _FULL:
        return OutputError(f"Cannot write the output: {error.strerror}.")
    return OutputError(*TOO_MANY_FILES) if error.errno in FILES_USED_UP else None


def _safe(text: str) -> str:
    """Without secrets first: in what is made visible some could not be recognised."""
    return clean(redact(text, secrets_of()))


def is_stalled() -> bool:
    """Whether the reader of stderr takes nothing: writing there would wait without an end."""
    try:
        return not select.select([], [sys.stderr], [], _LOOK_S)[1]
    except (OSError, ValueError):  # closed, or not a file
        return False


def write(text: str) -> None:
    """Print trusted text, without the secrets that may have got into it."""
    with contextlib.suppress(OSError):  # where stderr is closed, the exit code has to do
        sys.stderr.write(redact(text, secrets_of()))
        sys.stderr.flush()
