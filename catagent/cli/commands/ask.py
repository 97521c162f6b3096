"""`catagent ask`: run an agent on a question and show it."""

import sys
from typing import Annotated, Any

import typer

from catagent.cli.asked import Asked
from catagent.cli.given import pairs, read_json, read_object
from catagent.cli.options import AGENT, FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.cli.question import read_question, read_stdin
from catagent.cli.stderr import say
from catagent.errors import UsageError
from catagent.models.spec import choose_model
from catagent.run.request import Request


@shares(AGENT, RUN, OUTPUT, KEEP, FILTERS)
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
    from catagent.cli.agent import with_agent
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    asked, python = with_agent(asked)
    words = " ".join(question) if question else None
    environ, tool_model = asked.loaded.environ, asked.settings.tool_model
    model = choose_model(asked.settings.model, environ)
    request = Request(
        agent=asked.settings.agent,
        question=read_question(words, sys.stdin, say) if asked.input is None else "",
        input=_input(words, asked.input),
        context=read_object("--context", asked.context),
        configurable=pairs(asked.configurable or [], "configurable", "--configurable user=ann"),
        model=model,
        tool_model=choose_model(tool_model, environ) if tool_model else model,
        filters=asked.filters,
        raw=asked.raw,
        python=python,
    )
    raise typer.Exit(show(request, asked))


def _input(question: str | None, text: str | None) -> Any:
    """The agent's own input, None where a question is asked."""
    if text is None:
        return None
    if question is not None:
        raise UsageError("there is a question and an --input", "leave one of them out")
    return read_json("--input", read_stdin(sys.stdin, say) if text == "-" else text)
