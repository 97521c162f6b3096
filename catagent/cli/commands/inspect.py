"""`catagent inspect`: walk through a recorded run."""

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import DRAWING, OneRun, Recording, shares


@shares(DRAWING)
def inspect(asked: Asked, recording: Recording = "last", run: OneRun = None) -> None:
    """Walk through the last run or another: the tree of its calls, each one whole, and when it was.

    ? lists the keys. RUN may be - for a recording on stdin. A damaged or unfinished one is shown
    up to the damage, with exit code 1.
    """
    from catagent.cli.inspecting import walk_through  # Textual: not for --help

    raise typer.Exit(walk_through(asked, recording, run))
