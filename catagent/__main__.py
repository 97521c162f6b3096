"""The outermost function: whatever happens inside becomes one message and one exit code."""

from __future__ import annotations

import os
import sys

from catagent.errors import CatagentError, ExitCode


def main() -> None:
    """Run the command line and leave with its exit code."""
    sys.exit(_run(sys.argv[1:]))


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
        if "--debug" in args:
            raise
        _tell(
            f"catagent: this is a defect of catagent's: {type(error).__name__}: {error}",
            "run it again with --debug, and report what that prints",
        )
        return int(ExitCode.FAILED)


def _flushed(code: int) -> int:
    sys.stdout.flush()
    return code


def _reader_left() -> int:
    """`| head -1` is no error: but Python would complain once more when it closes stdout."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(ExitCode.BROKEN_PIPE)


def _tell(message: str, hint: str) -> None:
    from catagent.cli.talk import say

    say(message, hint)


if __name__ == "__main__":
    main()
