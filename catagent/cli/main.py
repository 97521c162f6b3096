"""The Typer app, with every command. Imports nothing heavy."""

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.completion import get_completion_inspect_parameters

from catagent import __version__
from catagent.cli.command import Command, Root
from catagent.cli.commands import (
    agents,
    ask,
    batch,
    chat,
    diff,
    doctor,
    export,
    inspect,
    replay,
    rerun,
    resume,
    runs,
    schema,
    show,
    tool,
    watch,
)
from catagent.cli.mistakes import Refused, refused
from catagent.config import process_environ
from catagent.errors import ExitCode

app = typer.Typer(
    name="catagent",
    cls=Root,
    help="Look inside a LangChain agent while it runs: every step and every token, live.\n\n"
    "Two words or more are a question; catagent COMMAND --help says what one takes.",
    rich_markup_mode=None,
    add_completion=False,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
)
app.command("ask", cls=Command)(ask.ask)
app.command("chat", cls=Command)(chat.chat)
app.command("resume", cls=Command)(resume.resume)
app.command("batch", cls=Command)(batch.batch)
app.command("rerun", cls=Command)(rerun.rerun)
app.command("tool", cls=Command)(tool.tool)
app.command("watch", cls=watch.Watch)(watch.watch)
app.command("agents", cls=Command)(agents.agents)
app.command("replay", cls=Command)(replay.replay)
app.command("show", cls=Command)(show.show)
app.command("inspect", cls=Command)(inspect.inspect)
app.add_typer(runs.app, name="runs")
app.command("diff", cls=Command)(diff.diff)
app.command("export", cls=Command)(export.export)
app.command("doctor", cls=Command)(doctor.doctor)
app.command("schema", cls=Command)(schema.schema)


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"catagent {__version__}")
        raise typer.Exit


def _show_completion(shell: str | None) -> None:
    if shell:
        script = Path(__file__).with_name(f"complete.{shell}")
        typer.echo(script.read_text(encoding="utf-8"), nl=False)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _root(
    ctx: typer.Context,
    version: Annotated[
        bool,
        typer.Option("-V", "--version", callback=_version, is_eager=True, help="Show the version."),
    ] = False,
    show_completion: Annotated[
        Literal["bash", "zsh", "fish"] | None,
        typer.Option(
            metavar="SHELL",
            callback=_show_completion,
            is_eager=True,
            help="Print what makes bash, zsh or fish complete.",
        ),
    ] = None,
) -> None:
    if ctx.invoked_subcommand is None:
        from catagent.cli.welcome import welcome

        welcome(ctx.command)


def run(args: list[str]) -> int:
    """Run the command line and return its exit code. Raises CatagentError."""
    command = typer.main.get_command(app)
    get_completion_inspect_parameters()  # has Typer know shells: our scripts ask as its own do
    if args == ["--show-completion"]:
        args = [*args, Path(process_environ().get("SHELL", "")).name]
    try:
        return int(command(args, prog_name="catagent", standalone_mode=False) or 0)
    except Refused as error:
        raise refused(error, args) from None
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(ExitCode.USAGE)
