"""`catagent rerun`: ask the same again."""

from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import (
    AGENT,
    ANSWERS,
    BREAK,
    FILTERS,
    KEEP,
    LIVE,
    RUN,
    OneRun,
    Recording,
    shares,
)
from catagent.errors import UsageError

_HOW = "How to run it"


@shares(AGENT, RUN, BREAK, ANSWERS, LIVE, KEEP, FILTERS)
def rerun(
    asked: Asked,
    recording: Recording,
    run: OneRun = None,
    frozen: Annotated[
        bool,
        typer.Option(
            "--frozen",
            help="Let the recording answer in the place of every model, and of tools without one. "
            "The code is that of now; no key and no network is needed.",
            rich_help_panel=_HOW,
        ),
    ] = False,
    run_tools: Annotated[
        str | None,
        typer.Option(
            metavar="all|TOOL,…",
            help="With --frozen, run these tools all the same.",
            rich_help_panel=_HOW,
        ),
    ] = None,
) -> None:
    """Ask the same again; --frozen without a model, a key or a network."""
    from catagent.cli.rerunning import request_to_rerun, run_to_repeat
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    earlier, asked = run_to_repeat(recording, asked, run)
    tools = [*filter(None, map(str.strip, (run_tools or "").split(",")))]
    if tools and not frozen:
        raise UsageError("--run-tools is for a run that is --frozen", "elsewhere, all tools run")
    request, asked = request_to_rerun(earlier, asked, tools if frozen else None)
    raise typer.Exit(show(request, asked))
