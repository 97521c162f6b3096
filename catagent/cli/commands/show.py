"""`catagent show`: show a recorded run again, settled."""

from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import LOOK, OneRun, Recording, shares


@shares(LOOK)
def show(
    asked: Asked,
    recording: Recording = "last",
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show what each model was sent, whole.")
    ] = False,
    run: OneRun = None,
) -> None:
    """Show a recorded run again; on a terminal as it was seen live, in a pipe as plain text.

    What is longer than the screen goes through $PAGER, or less. A recording of several runs shows
    all of them. A damaged or unfinished one is shown up to the damage, with exit code 1.
    """
    from catagent.cli.show_recording import show_runs  # all that reads one: not for --help

    show_runs(asked, recording, run, prompts=prompts)
