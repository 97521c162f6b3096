"""What is said to the person beside the product: one clean message at a time, on stderr."""

from __future__ import annotations

import contextlib
import sys
import traceback

from catagent.config import secrets_of
from catagent.redact import redact
from catagent.views.sanitize import clean


def say(message: str, hint: str = "") -> None:
    """Print a message and what to do next. Both may quote text that is not ours."""
    write(clean(message) + "\n" + (f"  hint: {clean(hint)}\n" if hint else ""))


def say_traceback(raised: BaseException) -> None:
    """Print where an error came from, for whoever asked with `--debug`."""
    write(clean("".join(traceback.format_exception(raised))))


def write(text: str) -> None:
    """Print text of our own making, without the secrets that may have got into it."""
    with contextlib.suppress(OSError):  # a closed stderr leaves the exit code to tell
        sys.stderr.write(redact(text, secrets_of()))
        sys.stderr.flush()
