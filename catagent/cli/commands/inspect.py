"""`catagent inspect`: walk through a recorded run."""

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import DRAWING, OneRun, Recording, shares


@shares(DRAWING)
def inspect(asked: Asked, recording: Recording = "last", run: OneRun = None) -> None:
    """Walk through a recorded run: the tree of its calls, each one whole, and when it was.

    ? lists the keys. A damaged or unfinished recording is shown up to the damage, with exit code 1.
    """
    from catagent.cli.inspecting import walk_through  # Textual: not for --help

    raise typer.Exit(walk_through(asked, recording, run))
