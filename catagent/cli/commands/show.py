"""`catagent show`: show a recorded run again, settled."""

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.options import OneRun, Recording, shares
from catagent.events.filters import Filters
from catagent.events.types import Event, LlmStarted


@shares()
def show(
    asked: Asked,
    recording: Recording = "last",
    prompts: Annotated[
        bool, typer.Option("--prompts", help="Show what each model was sent, whole.")
    ] = False,
    run: OneRun = None,
) -> None:
    """Show a recorded run again: what it was, each of its steps, and what it cost.

    A recording of several runs shows all of them. A damaged or unfinished one is shown up to the
    damage, with exit code 1.
    """
    print_runs(asked, recording, run, prompts=prompts)


def print_runs(
    asked: Asked, recording: str, run: str | None = None, *, prompts: bool = False
) -> None:
    """Print the runs of a recording, or the one whose id begins so. Raises RecordingError."""
    from catagent.cli.recordings import recorded, runs_of

    with recorded(recording, asked.loaded) as events:
        shown = (_shown(of_run, asked.filters, prompts) for of_run in runs_of(events, run))
        sys.stdout.write("\n".join(shown))


def _shown(events: Sequence[Event], filters: Filters, prompts: bool) -> str:
    """One run: its transcript, and the table of what it cost."""
    from catagent.exports.facts import final_state
    from catagent.exports.text import document
    from catagent.views.stats import table

    costs = table(final_state(events))
    if prompts:
        _resolve(events)
    kept = [event for event in events if filters.keeps(event)]
    return f"{document(kept, prompts=prompts)}\n{costs}"


def _resolve(events: Sequence[Event]) -> None:
    """Put messages and tools in the place of what refers to them."""
    from catagent.events.prompts import Prompts

    known = Prompts()
    for event in events:
        known.take(event)
        if isinstance(event, LlmStarted):
            event.data.messages = known.messages(event.data)
            event.data.tools = known.tools(event.data)
