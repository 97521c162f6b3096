"""`catagent ask`: run an agent on a question and show it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.interpreter import interpreter
from catagent.cli.options import AGENT, FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.cli.question import read_question
from catagent.cli.stderr import say
from catagent.models.spec import choose_model
from catagent.run.request import Request


@shares(AGENT, RUN, OUTPUT, KEEP, FILTERS)
def ask(
    asked: Asked,
    question: Annotated[
        str | None,
        typer.Argument(help="The question; - reads it from stdin, and a pipe is added to it."),
    ] = None,
) -> None:
    """Run an agent on a question and show every step and every token of it."""
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    environ, tool_model = asked.loaded.environ, asked.settings.tool_model
    model = choose_model(asked.settings.model, environ)
    request = Request(
        agent=asked.settings.agent,
        question=read_question(question, sys.stdin, say),
        model=model,
        tool_model=choose_model(tool_model, environ) if tool_model else model,
        filters=asked.filters,
        raw=asked.raw,
        python=interpreter(asked),
    )
    raise typer.Exit(show(request, asked))
