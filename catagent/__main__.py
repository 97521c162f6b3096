"""Where the program begins: with what a Ctrl-C does until a run listens for it (`Interrupts`).

Python's own handler raises KeyboardInterrupt wherever we are. In a callback of a weakref, as every
import has one, that is dropped, and the run would go on to its end.
"""

import os
import sys

try:
    import signal
except KeyboardInterrupt:  # there is nothing yet to report it, and nothing to clean up
    os._exit(130)


def main() -> None:
    """Run the command line and leave with its exit code."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # nohup has it ignored
        signal.signal(signal.SIGINT, _leave)
    from catagent.cli.process import run_process

    run_process()


def _leave(*_: object) -> None:
    """Leave at once. All there is to clean up is a file that is half made."""
    try:
        files = sys.modules.get("catagent.sinks.atomic_file")
        for path in getattr(files, "half_made", ()):
            path.unlink(missing_ok=True)
    finally:
        os._exit(130)


if __name__ == "__main__":
    main()
