"""Messages to the person, on stderr: clean, and without secrets."""

from __future__ import annotations

import contextlib
import sys
import traceback

from catagent.config import secrets_of
from catagent.redact import redact
from catagent.views.sanitize import clean


def say(message: str, hint: str = "") -> None:
    """Print a message and what to do next. Both may quote untrusted text."""
    write(clean(message) + "\n" + (f"  hint: {clean(hint)}\n" if hint else ""))


def say_traceback(raised: BaseException) -> None:
    """Print the traceback of an error, for `--debug`."""
    write(clean("".join(traceback.format_exception(raised))))


def write(text: str) -> None:
    """Print trusted text, without the secrets that may have got into it."""
    with contextlib.suppress(OSError):  # where stderr is closed, the exit code has to do
        sys.stderr.write(redact(text, secrets_of()))
        sys.stderr.flush()
