"""`catagent runs threads`: list the conversations that are kept; show, name or remove one."""

from typing import Annotated

import typer

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.cli.command import Command, Group
from catagent.cli.options import LOOK, shares

app = typer.Typer(cls=Group, help="List the threads that are kept; show, rename or remove one.")

Json = Annotated[bool, typer.Option("--json", help="One JSON line a thread, as a pipe gets.")]
Wanted = Annotated[
    str,
    typer.Argument(
        metavar="THREAD",
        help="Its name, or the beginning of its id.",
        show_default=False,
        autocompletion=candidates.threads,
    ),
]


@app.callback(invoke_without_command=True)
def list_all(ctx: typer.Context, json: Json = False) -> None:
    """List the threads that are kept: newest last on a terminal, and first in a pipe."""
    if ctx.invoked_subcommand is None:
        from catagent.cli.recordings import threads
        from catagent.cli.threads_table import list_threads

        asked = Asked.of({})
        list_threads(threads(asked.loaded).list(), asked, json=json)


@app.command("show", cls=Command)
@shares(LOOK)
def show(asked: Asked, thread: Wanted) -> None:
    """Show a conversation: its runs one after the other, as far as the history has them."""
    from catagent.cli.recordings import threads
    from catagent.cli.show_recording import show_thread

    show_thread(threads(asked.loaded).find(thread), asked)


@app.command("rename", cls=Command)
@shares()
def rename(
    asked: Asked,
    thread: Wanted,
    name: Annotated[str, typer.Argument(help="What to call it.", show_default=False)],
) -> None:
    """Give a thread a name, or with an empty one none."""
    from catagent.cli.recordings import threads

    kept = threads(asked.loaded)
    kept.rename(kept.find(thread), name)


@app.command("rm", cls=Command)
@shares()
def remove(asked: Asked, thread: Annotated[list[str], *Wanted.__metadata__]) -> None:
    """Remove threads for good; the recordings of their runs stay."""
    from catagent.cli.recordings import threads

    kept = threads(asked.loaded)
    for each in [kept.find(wanted) for wanted in thread]:
        kept.remove(each)
