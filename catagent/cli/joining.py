"""Joins a program that runs and is watched, and lists those that there are."""

from __future__ import annotations

import asyncio
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence

from catagent.cli.outputs import opened
from catagent.cli.viewer import Viewer
from catagent.cli.watching import Asked
from catagent.errors import ExitCode, UsageError
from catagent.events.codec import encode_plain
from catagent.events.timestamps import moment
from catagent.run.recorders import Keep, recorders
from catagent.stop import Interrupts, Stop
from catagent.views.format import line, widths
from catagent.watch import folders
from catagent.watch.folders import Found, find
from catagent.watch.program import variables
from catagent.watch.segments import is_alive

_HEADINGS = ("pid", "started", "runs", "program")


def join(name: str, environ: Mapping[str, str], asked: Asked) -> int:
    """Show the runs of a program that runs, from what is still kept of it, until it ends.

    Raises UsageError where there is none of this name, or it is not clear which one.
    """
    found = _named(name, environ)
    stop, shown, keys = Stop(), asked.shown, {each.key for each in found}
    with (
        recorders(Keep(record=shown.record, force=shown.force), "", stop) as recording,
        Interrupts(stop) as signals,
        opened(asked.loaded, shown, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        outputs.status("no run yet")
        viewer = Viewer(asked, outputs, stop)
        followed = viewer.watch(found[0].folder, recording, keys)
        asyncio.run(followed.follow(lambda: not any(map(is_alive, keys))))
    return viewer.close(int(stop.why) if isinstance(stop.why, ExitCode) else 0)


def _named(name: str, environ: Mapping[str, str]) -> list[Found]:
    """The processes of this number or name, all of one launch."""
    programs = find(environ)
    found = [each for each in programs if each.is_called(name)]
    if len({each.folder for each in found}) == 1:
        return found
    rows = "\n".join(f"  {row}" for row in table(found or programs))
    if found:
        raise UsageError(f"{name!r} are several programs:\n{rows}", "choose one by its PID")
    listed = f" Those that are:\n{rows}" if programs else ""
    started = "COMMAND" if name.isdecimal() else name
    raise UsageError(
        f"no program {name!r} is watched.{listed}",
        f"start one so: catagent watch -- {started}, or in a shell after "
        'eval "$(catagent watch --env)"',
    )


def print_environment(environ: Mapping[str, str], *, tokens: bool) -> None:
    """Print what lets the observer into what a shell starts, as its commands."""
    folder = folders.new_folder(environ, folders.SHELL)
    for name, value in variables(environ, folder, tokens=tokens).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def print_programs(environ: Mapping[str, str], *, json: bool) -> None:
    """List the programs that run and are watched: on a terminal as a table."""
    folders.sweep(environ)
    programs = find(environ)
    if json or not sys.stdout.isatty():
        for each in programs:
            sys.stdout.buffer.write(encode_plain(each.program))
    elif programs:
        sys.stdout.write("".join(f"{row}\n" for row in table(programs)))
    else:
        sys.stderr.write("No program is watched now.\n")


def table(programs: Sequence[Found]) -> Iterator[str]:
    """Yield the heading and a row for each program."""
    rows = [dict(zip(_HEADINGS, _HEADINGS, strict=True)), *map(_row, programs)]
    columns = widths(rows)
    return (line(row, columns, {"pid", "runs"}) for row in rows)


def _row(found: Found) -> dict[str, str]:
    program, when = found.program, moment(found.program.started)
    return {
        "pid": str(program.pid),
        "started": "" if when is None else f"{when:%m-%d %H:%M:%S}",
        "runs": str(program.runs),
        "program": program.program,
    }
