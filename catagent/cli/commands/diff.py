"""`catagent diff`: where two runs part, and all that differs."""

from typing import Annotated, get_args

import typer

from catagent.cli.asked import Asked
from catagent.cli.candidates import runs
from catagent.cli.options import shares
from catagent.compare.steps import What
from catagent.errors import CatagentError, UsageError, did_you_mean

_RUN = "The beginning of a run's id, last, or a file."


@shares()
def diff(
    asked: Asked,
    a: Annotated[str, typer.Argument(metavar="A", help=_RUN, autocompletion=runs)],
    b: Annotated[str, typer.Argument(metavar="B", help=_RUN, autocompletion=runs)],
    only: Annotated[
        list[str] | None,
        typer.Option(metavar="WHAT", help="Only this: call, answer, message, … Repeatable."),
    ] = None,
    times: Annotated[bool, typer.Option("--times", help="Ids and times too.")] = False,
    run: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ID", help="Of several runs in a recording, this one; a second is for B."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object.")] = False,
) -> None:
    """Show where two runs part, and all that differs in what they were sent, decided and answered.

    Ids and times differ with --times alone, tokens always count. Exit code 0 is alike, 1 is
    different; of a damaged or unfinished recording what there is is compared, with exit code 2.
    """
    for what in only or ():
        if what not in get_args(What):
            raise UsageError(f"--only is {what!r}", did_you_mean(what, get_args(What)))
    from catagent.cli.comparing import compare  # all that reads one: not for --help

    try:
        differs = compare(asked, (a, b), run or [None], only or (), times=times, json=json)
    except CatagentError as error:  # whose exit code may be that of a difference
        raise UsageError(error.message, error.hint) from None
    raise typer.Exit(int(differs))
