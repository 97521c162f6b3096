"""`catagent runs threads`: list the conversations that are kept; show, name or remove one."""

from typing import TYPE_CHECKING, Annotated

import typer

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.cli.command import Command, Group
from catagent.cli.options import LOOK, shares
from catagent.errors import UsageError
from catagent.remote.address import Address

if TYPE_CHECKING:
    from catagent.cli.served_threads import ServedThreads
    from catagent.threads.store import Threads

Agent = Annotated[
    str | None,
    typer.Option("-a", "--agent", metavar="URL", help="Those of this server, or of its agent."),
]
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
def list_all(ctx: typer.Context, json: Json = False, agent: Agent = None) -> None:
    """List the threads that are kept: newest last on a terminal, and first in a pipe."""
    if ctx.invoked_subcommand is None:
        from catagent.cli.threads_table import list_threads

        asked = Asked.of({})
        list_threads(_kept(asked, agent).list(), asked, json=json)
    elif agent is not None:
        raise UsageError("--agent stands behind the command", "threads show THREAD --agent URL")


def _kept(asked: Asked, agent: str | None) -> "Threads | ServedThreads":
    """The threads that are kept here, or on the server. Raises UsageError."""
    from catagent.cli.threads import threads_of

    if agent is not None and Address.parse(agent) is None:
        raise UsageError(f"{agent} is not the address of a server", "--agent https://HOST")
    return threads_of(agent or "", asked.loaded)


@app.command("show", cls=Command)
@shares(LOOK)
def show(asked: Asked, thread: Wanted, agent: Agent = None) -> None:
    """Show a conversation: its runs, as far as the history has them; a server's messages."""
    from catagent.cli.served_threads import ServedThreads, show_messages
    from catagent.cli.show_recording import show_thread

    kept = _kept(asked, agent)
    if isinstance(kept, ServedThreads):
        show_messages(kept, kept.find(thread), asked)
    else:
        show_thread(kept.find(thread), asked)


@app.command("rename", cls=Command)
@shares()
def rename(
    asked: Asked,
    thread: Wanted,
    name: Annotated[str, typer.Argument(help="What to call it.", show_default=False)],
    agent: Agent = None,
) -> None:
    """Give a thread a name, or with an empty one none."""
    kept = _kept(asked, agent)
    kept.rename(kept.find(thread), name)


@app.command("rm", cls=Command)
@shares()
def remove(
    asked: Asked, thread: Annotated[list[str], *Wanted.__metadata__], agent: Agent = None
) -> None:
    """Remove threads for good; the recordings of their runs stay."""
    kept = _kept(asked, agent)
    for each in [kept.find(wanted) for wanted in thread]:
        kept.remove(each)
