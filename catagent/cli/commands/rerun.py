"""`catagent rerun`: ask the same again."""

import typer
from msgspec.structs import replace

from catagent.cli.asked import Asked
from catagent.cli.options import (
    AGENT,
    ANSWERS,
    BREAK,
    FILTERS,
    KEEP,
    OUTPUT,
    RUN,
    OneRun,
    Recording,
    shares,
)


@shares(AGENT, RUN, BREAK, ANSWERS, OUTPUT, KEEP, FILTERS)
def rerun(
    asked: Asked,
    recording: Recording,
    run: OneRun = None,
) -> None:
    """Ask the same again, in the same way; what is given here is asked differently."""
    from catagent.cli.rerunning import request_to_rerun, run_to_repeat
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    earlier = run_to_repeat(recording, asked, run)
    request, asked = request_to_rerun(earlier, asked, frozen=False)
    raise typer.Exit(show(request, replace(asked, earlier=earlier.name)))
