"""`catagent batch`: ask many questions."""

from pathlib import Path
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import AGENT, ANSWERS, QUIET, RUN, shares
from catagent.errors import UsageError

_HOW, _KEEP = "How to run it", "What to keep"


@shares(AGENT, RUN, ANSWERS, QUIET)
def batch(
    asked: Asked,
    file: Annotated[
        str,
        typer.Argument(metavar="FILE", help="A question a line, or JSON with input; - for stdin."),
    ],
    concurrency: Annotated[
        int, typer.Option(metavar="N", help="Ask so many at once.", rich_help_panel=_HOW)
    ] = 4,
    retries: Annotated[
        int,
        typer.Option(
            metavar="N",
            help="Ask again where the network or a server failed.",
            rich_help_panel=_HOW,
        ),
    ] = 2,
    resume: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="The results of a batch that broke off: ask the others. Repeatable.",
            show_default=False,
            rich_help_panel=_HOW,
        ),
    ] = None,
    record_dir: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Record each run in there.", rich_help_panel=_KEEP),
    ] = None,
) -> None:
    """Ask many questions, and print a line of JSON for each."""
    from catagent.cli.batching import Wanted, ask_all  # asyncio and all: not for --help

    if concurrency < 1 or retries < 0:
        raise UsageError("--concurrency is 1 or more, and --retries 0 or more")
    wanted = Wanted(file, concurrency, retries, resume or [], record_dir)
    raise typer.Exit(ask_all(wanted, asked))
