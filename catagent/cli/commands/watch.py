"""`catagent watch`: see the agents of any program or server."""

from typing import Annotated, Any

import typer
from msgspec.structs import replace

from catagent.cli.asked import Asked
from catagent.cli.command import Command
from catagent.cli.mistakes import require_unix
from catagent.cli.options import FILTERS, LIVE, RECORD, WATCH, shares
from catagent.errors import UsageError
from catagent.remote.address import Address


class Watch(Command):
    """A command whose last words, all that stand behind `--`, are a program's own."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Leave the words of the program in `ctx.obj`, None where there is no `--`."""
        if "--" in args:
            at = args.index("--")
            args, ctx.obj = args[:at], args[at + 1 :]
        return super().parse_args(ctx, args)


@shares(WATCH, LIVE, RECORD, FILTERS)
def watch(
    asked: Asked,
    ctx: typer.Context,
    program: Annotated[
        str | None,
        typer.Argument(
            metavar="PID|NAME|URL|-- COMMAND ARG…",
            help="A program or server that runs, or a program to start; none lists what runs.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """See every LangChain run of a program, or on a server.

    The program need not know of it, and has its own input, output, signals and exit code.
    """
    asked = replace(asked, watches=True)
    words: list[str] | None = ctx.obj
    if words is not None and (program or asked.env or not words):
        raise UsageError("behind -- stands the one program to watch", "-- python app.py")
    address = Address.parse(program) if program else None
    if address is None:
        _require_program(asked)
    if words:
        from catagent.cli import watching  # not for --help

        raise typer.Exit(watching.launch(words, asked))
    from catagent.cli import joining

    if address is not None:
        raise typer.Exit(joining.join_server(address, asked))
    if asked.inspect and (asked.env or not program):
        raise UsageError("--inspect is for a program", "watch --inspect PID|NAME|URL|-- COMMAND")
    if asked.env:
        joining.print_environment(asked)
    elif program:
        raise typer.Exit(joining.join(program, asked))
    else:
        joining.print_programs(asked)


def _require_program(asked: Asked) -> None:
    """Raises UsageError for what only a server has, and where no program can be watched."""
    if asked.thread or asked.run:
        raise UsageError("--thread and --run are of a server", "watch URL --thread ID --run ID")
    require_unix("catagent watch", "ask it with catagent ask, or on a server: catagent watch URL")
