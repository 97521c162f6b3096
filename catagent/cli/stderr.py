"""Messages to the person, on stderr: clean, and without secrets."""

from __future__ import annotations

import contextlib
import select
import sys
import traceback

from catagent.config import secrets_of
from catagent.redact import redact
from catagent.views.sanitize import clean

_LOOK_S = 0.1


def say(message: str, hint: str = "") -> None:
    """Print a message and what to do next. Both may quote untrusted text."""
    write(clean(message) + "\n" + (f"  hint: {clean(hint)}\n" if hint else ""))


def say_traceback(raised: BaseException) -> None:
    """Print the traceback of an error, for `--debug`."""
    write(clean("".join(traceback.format_exception(raised))))


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
