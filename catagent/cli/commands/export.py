"""`catagent export`: turn a recording into a page, a picture, a text or another recording."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import OneRun, Recording, shares
from catagent.cli.stderr import say
from catagent.errors import UsageError

_Format = Literal["html", "svg", "md", "cast", "txt", "jsonl"]


@shares()
def export(
    asked: Asked,
    recording: Recording = "last",
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE|-",
            help="Where to: a name in .html, .svg, .md, .cast, .txt or .jsonl, or - for stdout.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        _Format | None,
        typer.Option("--format", help="What to make.", show_default="as the file's name ends"),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    bare: Annotated[
        bool,
        typer.Option("--structure-only", help="Names, times, counts and no text, for sharing."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    title: Annotated[
        str | None,
        typer.Option(help="Its title.", show_default="the question"),
    ] = None,
    run: OneRun = None,
) -> None:
    """Export a recorded run: as a page, picture, transcript or terminal cast.

    One argument is FILE, of the last run; RUN may be - for a recording on stdin. A damaged or
    unfinished recording is exported up to the damage, with exit code 1.
    """
    from catagent.cli.recordings import recorded, run_of
    from catagent.exports import STDOUT, exporter, save
    from catagent.exports.structure import structure

    if file is None:  # one argument is where to
        if recording in ("", "last"):
            raise UsageError("there is no file to export to", "catagent export run.html")
        recording, file = "last", Path(recording)
    render, kind = exporter(file, form), form or file.suffix.lower()[1:]
    if show and (file == STDOUT or kind not in ("html", "svg")):
        raise UsageError("--open shows a page or a picture", "export to a file in .html or .svg")
    if file == STDOUT and sys.stdout.isatty() and kind in ("html", "svg", "cast"):
        raise UsageError(f"{kind} is not for a terminal to show", f"redirect it: - > run.{kind}")
    with recorded(recording, asked.loaded) as events:
        those = run_of(list(events), run)
        if kind != "jsonl":
            those = [event for event in those if asked.filters.keeps(event)]
        save(file, render([*structure(those)] if bare else those, title), force=force)
        if file != STDOUT:
            say(f"catagent: wrote {file}")
        if show:
            _open(file.absolute().as_uri())


def _open(address: str) -> None:
    """Show a page in the browser, or say where it is."""
    import webbrowser

    if not webbrowser.open(address):
        say(f"catagent: warning: no browser was found for {address}")
