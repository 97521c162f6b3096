"""`catagent resume`: go on with a run that waits for an answer."""

from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.candidates import runs
from catagent.cli.options import AGENT, ANSWERS, BREAK, FILTERS, KEEP, LIVE, RUN, OneRun, shares


@shares(AGENT, RUN, BREAK, ANSWERS, LIVE, KEEP, FILTERS)
def resume(
    asked: Asked,
    waiting: Annotated[
        str,
        typer.Argument(
            metavar="RUN",
            help="The beginning of its id, last, or a file; none is the last that waits.",
            show_default=False,
            autocompletion=runs,
        ),
    ] = "",
    answer: Annotated[
        list[str] | None,
        typer.Option(
            "--answer",
            metavar="TEXT",
            help="approve, reject:REASON, edit:JSON, respond:TEXT. "
            "Where no tool call waits, a text or JSON; ID=TEXT where several do. Repeatable.",
            rich_help_panel="What to answer",
        ),
    ] = None,
    run: OneRun = None,
) -> None:
    """Go on with a run that waits for a person, with what they answer."""
    from catagent.cli.resuming import answers_of, request_to_resume, waiting_run
    from catagent.cli.run_request import show  # asyncio and all: not for --help
    from catagent.exports.facts import final_state
    from catagent.run.answers import CONTINUE, STEP

    found = waiting_run(waiting, asked.loaded, run)
    state = final_state(found.events)
    answers = answers_of(answer or [], state.interrupts, STEP if asked.step else CONTINUE)
    request, asked = request_to_resume(found, asked)
    raise typer.Exit(show(request, asked, state, answers))
