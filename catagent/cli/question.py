"""Reads the question from the command line, from stdin, or from both."""

import sys
import threading
from collections.abc import Callable
from typing import TextIO

from catagent.errors import UsageError

_EXAMPLE = 'ask like this: catagent ask "what items are located where the cat is hiding?"'
_WAITING = "catagent: waiting for stdin to end (Ctrl-D, or start with </dev/null)"
_PATIENCE_S = 1.0


def read_question(argument: str | None, stdin: TextIO | None, notice: Callable[[str], None]) -> str:
    """Return the argument, all of stdin, or the argument with stdin below it as a marked block.

    `notice` is called when stdin stays open and silent. Raises UsageError for no question.
    """
    piped = stdin is not None and not stdin.isatty()
    if argument not in (None, "-") and not piped:
        return _required(argument)
    if not piped and argument is None:
        raise UsageError("there is no question", _EXAMPLE)
    text = read_stdin(stdin or sys.stdin, notice)
    if argument in (None, "-"):
        return _required(text.strip())
    if not text.strip():
        return _required(argument)
    return f"{argument}\n\n<stdin>\n{text.rstrip()}\n</stdin>"


def _required(text: str | None) -> str:
    if not text or not text.strip():
        raise UsageError("the question is empty", _EXAMPLE)
    return text


def read_stdin(stdin: TextIO, notice: Callable[[str], None]) -> str:
    """All of it; with a notice after a second: a pipe that nobody writes to looks like a hang."""
    timer = threading.Timer(_PATIENCE_S, notice, (_WAITING,))
    timer.daemon = True
    timer.start()
    try:
        return stdin.read()
    except UnicodeDecodeError as error:
        raise UsageError(f"stdin is not {error.encoding} text", _EXAMPLE) from None
    except OSError as error:
        raise UsageError(f"cannot read stdin: {error.strerror}", _EXAMPLE) from None
    finally:
        timer.cancel()
