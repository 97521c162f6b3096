"""The outermost function: whatever happens inside becomes one message and one exit code."""

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn

from catagent.errors import ExitCode


def run_process() -> NoReturn:
    """Run the command line and leave with its exit code."""
    gc.set_threshold(10_000)  # Python's 700 look for garbage a hundred times before there is any
    _open_standard_streams()
    _leave(_run(sys.argv[1:]))


def _run(args: list[str]) -> int:
    try:
        from catagent.cli.main import run

        return run(args)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        return ExitCode.BROKEN_PIPE
    except Exception as error:
        from catagent.cli.stderr import report

        return report(error, debug="--debug" in args)


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
