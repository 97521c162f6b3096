"""`catagent ask`: run an agent on a question and show it."""

import sys
from typing import Annotated, Any

import typer

from catagent.cli.asked import Asked
from catagent.cli.given import read_json
from catagent.cli.options import (
    AGENT,
    DETACH,
    EXPLAIN,
    FILTERS,
    INPUT,
    KEEP,
    LIVE,
    RUN,
    TURN,
    shares,
)
from catagent.cli.question import read_question, read_stdin
from catagent.cli.stderr import say
from catagent.errors import UsageError


@shares(AGENT, INPUT, RUN, TURN, DETACH, LIVE, EXPLAIN, KEEP, FILTERS)
def ask(
    asked: Asked,
    question: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="QUESTION",
            help="The question; - reads it from stdin, and a pipe is added to it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Run an agent on a question and show every step and every token of it."""
    from catagent.cli.agent import request_of, require_detachable, with_agent
    from catagent.cli.explaining import known_thread, print_script
    from catagent.cli.run_request import show  # asyncio and all: not for --help
    from catagent.cli.threads import as_before, in_thread, thread_of

    if asked.detach and not asked.explain:
        require_detachable(asked)
    thread = known_thread(asked) if asked.explain else thread_of(asked)
    asked, python = with_agent(as_before(asked, thread))
    words = " ".join(question) if question else None
    text = read_question(words, sys.stdin, say) if asked.input is None else ""
    request = request_of(asked, python, text, _input(words, asked.input))
    request = in_thread(request, asked, thread)
    if asked.explain:
        print_script(request, asked)
    elif asked.detach:
        from catagent.cli.detaching import detach  # not for a run that is shown

        detach(request, asked)
    else:
        raise typer.Exit(show(request, asked))


def _input(question: str | None, text: str | None) -> Any:
    """The agent's own input, None where a question is asked."""
    if text is None:
        return None
    if question is not None:
        raise UsageError("there is a question and an --input", "leave one of them out")
    return read_json("--input", read_stdin(sys.stdin, say) if text == "-" else text)
