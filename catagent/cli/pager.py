"""Prints rows on a terminal, through the person's pager where they are more than fit on it."""

import shlex
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from itertools import chain, islice


def page(rows: Iterable[str], height: int, environ: Mapping[str, str]) -> None:
    """Print rows as they come; `height` is the terminal's, 0 where there is none.

    `environ` is the person's own: no `.env` names what is started. Who leaves the pager has seen
    enough, and Ctrl-C is the pager's.
    """
    coming = iter(rows)
    first = list(islice(coming, height))
    text = (f"{row}\n" for row in chain(first, coming))
    pager = _started(environ) if 0 < height == len(first) else None
    if pager is None or pager.stdin is None:
        sys.stdout.writelines(text)
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with suppress(BrokenPipeError), pager:
            pager.stdin.writelines(text)
    finally:
        signal.signal(signal.SIGINT, before)


def _started(environ: Mapping[str, str]) -> subprocess.Popen[str] | None:
    """`$PAGER`, or less; None where neither is there. Colours pass, and it starts nothing else."""
    with suppress(OSError, ValueError):  # it may be missing, or no command at all
        if command := shlex.split(environ.get("PAGER", "less")):
            return subprocess.Popen(  # noqa: S603 - what the person has set for this
                command,
                stdin=subprocess.PIPE,
                env={**environ, "LESS": f"-R {environ.get('LESS', '')}", "LESSSECURE": "1"},
                encoding=sys.stdout.encoding,
                errors=sys.stdout.errors,
            )
    return None
