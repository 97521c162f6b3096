"""`catagent doctor`: what is set up and what is not, and what to do about it."""

from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import CHOSEN, DRAWING, shares


@shares(CHOSEN, DRAWING, lenient=True)
def doctor(
    asked: Asked,
    *,
    settings: Annotated[
        bool, typer.Option("--settings", help="Every setting, and where it is from, alone.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="One JSON document.")] = False,
) -> None:
    """Say what is set up and what is not, and what to do."""
    from catagent.cli.diagnosis import report

    if not report(asked, only_settings=settings, json=json):
        raise typer.Exit(1)
