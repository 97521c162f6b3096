"""`catagent runs`: list the runs that were kept; show, remove or locate one."""

import sys
from itertools import islice
from typing import Annotated, Literal

import typer

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.cli.command import Command, Group
from catagent.cli.commands import threads
from catagent.cli.options import Recording, shares
from catagent.errors import UsageError

app = typer.Typer(cls=Group, help="List the runs that were kept; show, remove or locate one.")
app.add_typer(threads.app, name="threads")

Json = Annotated[bool, typer.Option("--json", help="One JSON line a run, as a pipe gets anyway.")]


@app.callback(invoke_without_command=True)
def runs(
    ctx: typer.Context,
    limit: Annotated[
        int | None,
        typer.Option(help="The newest so many; 0 for all.", show_default="20, in a pipe all"),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            "-a",
            "--agent",
            metavar="NAME",
            help="Runs of this agent.",
            autocompletion=candidates.asked,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Runs that failed.")] = False,
    search: Annotated[
        str | None, typer.Option(help="Runs with this in a text or name, newest first.")
    ] = None,
    stats: Annotated[
        bool, typer.Option("--stats", help="Failures, tokens, cost and times of all together.")
    ] = False,
    by: Annotated[
        Literal["model", "agent", "day"] | None, typer.Option(help="The same for each.")
    ] = None,
    json: Json = False,
) -> None:
    """List the runs that were kept: newest last on a terminal, and first in a pipe."""
    if ctx.invoked_subcommand is not None:
        return
    from catagent.cli.recordings import history
    from catagent.cli.runs_table import having, list_runs
    from catagent.recordings.history import FAILED

    if limit is not None and limit < 0:
        raise UsageError(f"--limit is {limit}", "it is 0 or more")
    asked = Asked.of({})
    kept = [
        run
        for run in history(asked.loaded).runs()
        if agent in (None, run.agent) and (not failed or run.status in FAILED)
    ]
    if not (stats or by):
        list_runs(kept, asked, limit=limit, search=search, json=json)
        return
    from catagent.cli.stats_table import list_stats

    found = having(kept, search) if search else kept
    list_stats(islice(found, limit or None), asked, by=by, json=json)


@app.command("show", cls=Command)
@shares()
def show(asked: Asked, run: Recording, json: Json = False) -> None:
    """Show one run as `catagent show` does; in a pipe, its line of the list."""
    if json or not sys.stdout.isatty():
        from catagent.cli.listing import print_list
        from catagent.cli.recordings import locate
        from catagent.recordings.history import summarise

        print_list([summarise(locate(run, asked.loaded))], (), json=True, none="")
    else:
        from catagent.cli.show_recording import show_runs

        show_runs(asked, run)


@app.command("rm", cls=Command)
@shares()
def remove(
    asked: Asked,
    run: Annotated[
        list[str],
        typer.Argument(
            metavar="ID",
            help="The beginnings of their ids.",
            show_default=False,
            autocompletion=candidates.kept,
        ),
    ],
) -> None:
    """Remove runs for good."""
    from catagent.cli.recordings import history

    kept = history(asked.loaded)
    for path in [kept.find(wanted) for wanted in run]:
        kept.remove(path)


@app.command("path", cls=Command)
@shares()
def path(asked: Asked, run: Recording) -> None:
    """Print the file that holds a run."""
    from catagent.cli.recordings import locate

    sys.stdout.write(f"{locate(run, asked.loaded)}\n")
