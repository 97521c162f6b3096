"""The outermost function: whatever happens inside becomes one message and one exit code."""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
import threading
from typing import NoReturn

from catagent.errors import CatagentError, ExitCode

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run_process() -> NoReturn:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(10_000)  # Python's 700 look for garbage a hundred times before there is any
    _open_standard_streams()
    _leave(_run(sys.argv[1:]))


def _run(args: list[str]) -> int:
    try:
        from catagent.cli.main import run

        return run(args)
    except CatagentError as error:
        _say(f"catagent: error: {error.message}", error.hint)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        return int(ExitCode.BROKEN_PIPE)
    except OSError as error:
        return int(_system(error) or _defect(error, debug="--debug" in args))
    except Exception as error:
        return _defect(error, debug="--debug" in args)


def _system(error: OSError) -> ExitCode | None:
    """Tell of what the machine has no more of; None for anything else."""
    from catagent.failures.connections import TOO_MANY_FILES
    from catagent.failures.exceptions import FILES_USED_UP

    if error.errno in _FULL:
        _say(f"catagent: error: Cannot write the output: {error.strerror}.", "")
    elif error.errno in FILES_USED_UP:
        message, hint = TOO_MANY_FILES
        _say(f"catagent: error: {message}", hint)
    else:
        return None
    return ExitCode.FAILED


def _defect(error: Exception, *, debug: bool) -> int:
    if debug:
        from catagent.cli.stderr import say_traceback

        say_traceback(error)
    _say(
        f"catagent: this is a defect of catagent's: {type(error).__name__}: {error}",
        "report it" if debug else "run it again with --debug, and report what that prints",
    )
    return int(ExitCode.FAILED)


def _say(message: str, hint: str) -> None:
    from catagent.cli.stderr import say

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
    """Exit, and wait for no thread: a tool that hangs in one would keep us forever.

    Nor is a thread left to run while Python takes itself apart, an import half done.
    """
    if remain := _remain():
        atexit._run_exitfuncs()  # noqa: SLF001 - os._exit would run none of them
    code = _flushed(code)
    if remain:
        os._exit(code)
    sys.exit(code)


def _flushed(code: int) -> int:
    """The exit code, once all is written. Nobody reads it: Python would complain at its end."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError as error:
            os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
            if stream is sys.stdout and code == ExitCode.OK:
                left = isinstance(error, BrokenPipeError)
                code = int(ExitCode.BROKEN_PIPE if left else ExitCode.FAILED)
    return code


def _remain() -> bool:
    """Whether threads or tasks do, for which a run has waited as long as it may."""
    loop = sys.modules.get("catagent.run.event_loop")
    return threading.active_count() > 1 or bool(loop and loop.left_behind)
