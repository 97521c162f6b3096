"""`catagent replay`: play a recording as if it happened now."""

from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import FILTERS, MODE, OUTPUT, SPANS, Recording, shares
from catagent.errors import UsageError

_PACE = "At what pace"


@shares(MODE, OUTPUT, SPANS, FILTERS)
def replay(
    asked: Asked,
    recording: Recording,
    speed: Annotated[
        float,
        typer.Option(help="So many times as fast; 0 is at once.", rich_help_panel=_PACE),
    ] = 1.0,
    idle_limit: Annotated[
        float,
        typer.Option(
            help="Make no pause longer than so many seconds; 0 is no limit.",
            rich_help_panel=_PACE,
        ),
    ] = 5.0,
) -> None:
    """Play a recorded run at its own pace in any output; - is stdin.

    The exit code is 0 for a recording that was played to its end, whatever became of the run
    that it holds; 1 for one that is damaged or unfinished.
    """
    from catagent.cli.play_recording import play  # asyncio and all: not for --help

    for name, value in (("--speed", speed), ("--idle-limit", idle_limit)):
        if not value >= 0:
            raise UsageError(f"{name} is {value:g}", "it is 0 or more")
    raise typer.Exit(play(recording, speed, idle_limit, asked))
