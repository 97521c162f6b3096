"""`catagent runs`: list the runs that were kept; remove or locate one."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.command import Command, Group

if TYPE_CHECKING:
    from catagent.recordings.history import History, RunSummary

app = typer.Typer(cls=Group, help="List the runs that were kept; remove or locate one.")


@app.callback(invoke_without_command=True)
def runs(
    ctx: typer.Context,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line a run, as a pipe gets anyway.")
    ] = False,
) -> None:
    """List the runs that were kept, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    from catagent.cli.recordings import history

    asked = Asked.of({})
    kept = list(history(asked.loaded).runs())
    if json or not sys.stdout.isatty():
        _print_lines(kept)
    else:
        _print_table(kept, asked)


@app.command("rm", cls=Command)
def remove(
    run: Annotated[
        list[str],
        typer.Argument(metavar="ID…", help="The beginnings of their ids.", show_default=False),
    ],
) -> None:
    """Remove runs for good."""
    history = _history()
    for path in [history.find(wanted) for wanted in run]:
        path.unlink(missing_ok=True)


@app.command("path", cls=Command)
def path(
    run: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="The beginning of a run's id; last is the newest.",
            show_default=False,
        ),
    ],
) -> None:
    """Print the file that holds a run."""
    sys.stdout.write(f"{_history().find(run)}\n")


def _history() -> History:
    from catagent.cli.recordings import history

    return history(Asked.of({}).loaded)


def _print_lines(kept: list[RunSummary]) -> None:
    from catagent.events.codec import encode_plain
    from catagent.sinks.jsonl import escaped

    on_terminal = sys.stdout.isatty()
    for run in kept:
        line = encode_plain(run)
        sys.stdout.buffer.write(escaped(line) if on_terminal else line)


def _print_table(kept: list[RunSummary], asked: Asked) -> None:
    if not kept:
        sys.stderr.write("No runs are kept yet.\n")
        return
    from catagent.cli.runs_table import table
    from catagent.views.style import live_look

    look = live_look(asked.view(sys.stdout))
    width = shutil.get_terminal_size().columns
    sys.stdout.write("".join(f"{row}\n" for row in table(kept, look, width)))
