"""`catagent export`: turn a recording into a page, a picture or a text."""

from pathlib import Path
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import OneRun, Recording, shares
from catagent.cli.stderr import say


@shares()
def export(
    asked: Asked,
    recording: Recording,
    output: Annotated[
        Path,
        typer.Argument(help="Where to: a name that ends in .html, .svg, .md, .cast or .txt."),
    ],
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    title: Annotated[
        str | None, typer.Option("--title", help="Its title.", show_default="the question")
    ] = None,
    run: OneRun = None,
) -> None:
    """Export a recorded run as a page, a picture, a transcript or a terminal recording.

    A damaged or unfinished recording is exported up to the damage, with exit code 1.
    """
    from catagent.cli.recordings import recorded, run_of
    from catagent.exports import exporter, save

    render = exporter(output)
    with recorded(recording, asked.loaded) as events:
        shown = [event for event in run_of(events, run) if asked.filters.keeps(event)]
        save(output, render(shown, title), force=force)
        say(f"Wrote {output}.")
