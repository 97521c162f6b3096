"""`catagent export`: turn a recording into a page, a picture, a text or another recording."""

import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.cli.options import OneRun, shares
from catagent.cli.stderr import say
from catagent.errors import UsageError

_Format = Literal["html", "svg", "md", "cast", "txt", "jsonl"]
_STDOUT = Path("-")
# What a browser shows, and what a person can read on a terminal.
_PAGES, _TEXTS = (".html", ".svg"), (".md", ".txt", ".jsonl")


@shares()
def export(
    asked: Asked,
    recording: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="The beginning of a run's id, last, a file, or - for stdin.",
            autocompletion=candidates.runs,
        ),
    ] = "last",
    output: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE|-",
            help="Where to: a name in .html, .svg, .md, .cast, .txt or .jsonl, or - for stdout.",
            show_default=False,
        ),
    ] = None,
    form: Annotated[
        _Format | None,
        typer.Option(
            "--format",
            metavar="NAME",
            help="What to make: html, svg, md, cast, txt or jsonl.",
            show_default="as the file's name ends",
        ),
    ] = None,
    show: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
    structure_only: Annotated[
        bool,
        typer.Option("--structure-only", help="Names, times, counts and no text, for sharing."),
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite the file.")] = False,
    title: Annotated[
        str | None,
        typer.Option("--title", metavar="TEXT", help="Its title.", show_default="the question"),
    ] = None,
    run: OneRun = None,
) -> None:
    """Export a recorded run: as a page, picture, transcript or terminal cast.

    A damaged or unfinished recording is exported up to the damage, with exit code 1.
    """
    from catagent.cli.recordings import recorded, run_of
    from catagent.exports import exporter, save
    from catagent.exports.structure import structure

    if output is None:  # one argument is where to
        recording, output = "last", _only(recording)
    render, ending = exporter(output, form), f".{form}" if form else output.suffix.lower()
    _check(output, ending, show=show)
    with recorded(recording, asked.loaded) as events:
        those = run_of(events, run)
        if ending != ".jsonl":
            those = [event for event in those if asked.filters.keeps(event)]
        text = render(list(structure(those)) if structure_only else those, title)
        if output == _STDOUT:
            _print(text)
            return
        save(output, text, force=force)
        say(f"Wrote {output}.")
        if show:
            _open(output)


def _only(argument: str) -> Path:
    """The file to write that is the only argument, which is `last` where there is none."""
    if argument in ("", "last"):
        raise UsageError("there is no file to export to", "catagent export run.html")
    return Path(argument)


def _check(output: Path, ending: str, *, show: bool) -> None:
    """Raise UsageError for what nobody could see."""
    if show and (output == _STDOUT or ending not in _PAGES):
        raise UsageError("--open shows a page or a picture", "export to a file in .html or .svg")
    if output == _STDOUT and sys.stdout.isatty() and ending not in _TEXTS:
        hint = f"catagent export --format {ending[1:]} - > run{ending}"
        raise UsageError(f"{ending[1:]} is not for a terminal to show", hint)


def _print(text: str) -> None:
    sys.stdout.buffer.write(text.encode())
    sys.stdout.buffer.flush()


def _open(page: Path) -> None:
    """Open a page in the browser, or say where it is."""
    import webbrowser

    address = page.absolute().as_uri()
    if not webbrowser.open(address):
        say(f"catagent: warning: no browser was found for {address}")
