"""Joins a program that runs and is watched, and lists those that there are."""

import asyncio
import shlex
import sys
from collections.abc import Iterator, Mapping, Sequence

from catagent.cli.asked import Asked
from catagent.cli.listing import print_list
from catagent.cli.outputs import opened
from catagent.cli.viewer import Viewer
from catagent.errors import ExitCode, UsageError
from catagent.events.codec import Program
from catagent.events.timestamps import moment
from catagent.run.recorders import recorders
from catagent.stop import Interrupts, Stop
from catagent.views.format import Row, headed, table
from catagent.views.sanitize import clean_line
from catagent.watch import folders
from catagent.watch.folders import Found, find
from catagent.watch.program import variables
from catagent.watch.segments import is_alive


def join(name: str, asked: Asked) -> int:
    """Show the runs of a program that runs, from what is still kept of it, until it ends.

    Raises UsageError where there is none of this name, or it is not clear which one.
    """
    found = _named(name, asked.loaded.process)
    stop, keys = Stop(), {each.key for each in found}
    with (
        recorders("", stop, record=asked.record, force=asked.force) as recording,
        Interrupts(stop) as signals,
        opened(asked, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        outputs.status("no run yet")
        viewer = Viewer(asked, outputs, stop, keys)
        followed = viewer.watch(found[0].folder, recording)
        asyncio.run(followed.follow(lambda: not any(map(is_alive, keys))))
    return viewer.close(int(stop.why) if isinstance(stop.why, ExitCode) else 0)


def _named(name: str, environ: Mapping[str, str]) -> list[Found]:
    """The processes of this number or name, all of one launch."""
    programs = find(environ)
    found = [each for each in programs if each.is_called(name)]
    if len({each.folder for each in found}) == 1:
        return found
    rows = "\n".join(f"  {row}" for row in listed([each.program for each in found or programs]))
    if found:
        raise UsageError(f"{name!r} are several programs:\n{rows}", "choose one by its PID")
    others = f" Those that are:\n{rows}" if programs else ""
    started = "COMMAND" if name.isdecimal() else name
    raise UsageError(
        f"no program {name!r} is watched.{others}",
        f"start one so: catagent watch -- {started}, or in a shell after "
        'eval "$(catagent watch --env)"',
    )


def print_environment(asked: Asked) -> None:
    """Print what lets the observer into what a shell starts, as its commands."""
    environ = asked.loaded.process
    folder = folders.new_folder(environ, folders.SHELL)
    for name, value in variables(environ, folder, tokens=asked.tokens).items():
        sys.stdout.write(f"export {name}={shlex.quote(value)}\n")


def print_programs(asked: Asked) -> None:
    """List the programs that run and are watched: on a terminal as a table."""
    folders.sweep(asked.loaded.process)
    programs = [each.program for each in find(asked.loaded.process)]
    print_list(programs, listed(programs), json=asked.json, none="no program is watched now")


def listed(programs: Sequence[Program]) -> Iterator[str]:
    """Yield the heading and a row for each program."""
    return table(headed([*map(_row, programs)]), {"pid", "runs"})


def _row(program: Program) -> Row:
    when = moment(program.started)
    return {
        "pid": str(program.pid),
        "started": "" if when is None else f"{when:%m-%d %H:%M:%S}",
        "runs": str(program.runs),
        "program": clean_line(program.program),
    }
