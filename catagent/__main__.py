"""The outermost function: whatever happens inside becomes one message and one exit code."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
from typing import NoReturn

from catagent.errors import CatagentError, ExitCode

_GRACE_S = 0.2


def main() -> None:
    """Run the command line and leave with its exit code."""
    _open_standard_streams()
    _leave(_run(sys.argv[1:]))


def _run(args: list[str]) -> int:
    from catagent.cli.main import run

    try:
        return _flushed(run(args))
    except CatagentError as error:
        _tell(f"catagent: error: {error.message}", error.hint)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        return _reader_left()
    except Exception as error:
        return _defect(error, debug="--debug" in args)


def _flushed(code: int) -> int:
    sys.stdout.flush()
    return code


def _reader_left() -> int:
    """`| head -1` is no error: but Python would complain once more when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.BROKEN_PIPE)


def _defect(error: Exception, *, debug: bool) -> int:
    if debug:
        from catagent.cli.talk import say_traceback

        say_traceback(error)
    _tell(
        f"catagent: this is a defect of catagent's: {type(error).__name__}: {error}",
        "report it" if debug else "run it again with --debug, and report what that prints",
    )
    return int(ExitCode.FAILED)


def _tell(message: str, hint: str) -> None:
    from catagent.cli.talk import say

    say(message, hint)


def _open_standard_streams() -> None:
    """A stream that is closed leaves its number to the next file opened, and what is printed too.

    The lowest free number is the one that is taken, so that order matters.
    """
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
    sys.stdin = sys.stdin or os.fdopen(0, closefd=False)
    sys.stdout = sys.stdout or os.fdopen(1, "w", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", closefd=False)


def _leave(code: int) -> NoReturn:
    """Exit, and wait for no thread: a tool that hangs in one would keep us for ever."""
    if _threads_remain():
        atexit._run_exitfuncs()  # noqa: SLF001 - os._exit would run none of them
        sys.stdout.flush()
        os._exit(code)
    sys.exit(code)


def _threads_remain() -> bool:
    deadline = time.monotonic() + _GRACE_S
    others = [thread for thread in threading.enumerate() if not thread.daemon]
    others.remove(threading.main_thread())
    for thread in others:
        thread.join(max(0.0, deadline - time.monotonic()))
    return any(thread.is_alive() for thread in others)


if __name__ == "__main__":
    main()
