"""`catagent runs`: list the runs that were kept; show, remove or locate one."""

import shutil
import sys
from typing import Annotated

import typer

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.cli.command import Command, Group
from catagent.cli.options import Recording, shares

app = typer.Typer(cls=Group, help="List the runs that were kept; show, remove or locate one.")

Json = Annotated[bool, typer.Option("--json", help="One JSON line a run, as a pipe gets anyway.")]


@app.callback(invoke_without_command=True)
def runs(ctx: typer.Context, json: Json = False) -> None:
    """List the runs that were kept, newest first."""
    if ctx.invoked_subcommand is not None:
        return
    from catagent.cli.listing import print_list
    from catagent.cli.recordings import history
    from catagent.cli.runs_table import table
    from catagent.views.style import live_look

    asked = Asked.of({})
    kept = list(history(asked.loaded).runs())
    rows = table(kept, live_look(asked.view(sys.stdout)), shutil.get_terminal_size().columns)
    print_list(kept, rows, json=json, none="No runs are kept yet.")


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
            metavar="ID…",
            help="The beginnings of their ids.",
            show_default=False,
            autocompletion=candidates.runs,
        ),
    ],
) -> None:
    """Remove runs for good."""
    from catagent.cli.recordings import history

    kept = history(asked.loaded)
    for path in [kept.find(wanted) for wanted in run]:
        path.unlink(missing_ok=True)


@app.command("path", cls=Command)
@shares()
def path(asked: Asked, run: Recording) -> None:
    """Print the file that holds a run."""
    from catagent.cli.recordings import locate

    sys.stdout.write(f"{locate(run, asked.loaded)}\n")
