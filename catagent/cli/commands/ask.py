"""`catagent ask`: run an agent on a question and show it."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from catagent.cli import options
from catagent.cli.interpreter import interpreter
from catagent.cli.options import AGENT, FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.cli.question import read_question
from catagent.cli.settings import load_settings
from catagent.cli.stderr import say
from catagent.models.spec import choose_model
from catagent.run.request import Request


@shares(AGENT, RUN, OUTPUT, KEEP, FILTERS)
def ask(
    question: Annotated[
        str | None,
        typer.Argument(help="The question; - reads it from stdin, and a pipe is added to it."),
    ] = None,
    python: Annotated[
        str | None,
        typer.Option(
            "--python",
            metavar="PATH",
            help="The interpreter for your own agent.",
            show_default="for a file its project's: VIRTUAL_ENV, or .venv",
            rich_help_panel="How to run it",
        ),
    ] = None,
    **shared: Any,
) -> None:
    """Run an agent on a question and show every step and every token of it."""
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    loaded = load_settings(options.flags(shared))
    model = choose_model(loaded.settings.model, loaded.environ)
    tool_model = loaded.settings.tool_model
    request = Request(
        agent=loaded.settings.agent,
        question=read_question(question, sys.stdin, say),
        model=model,
        tool_model=choose_model(tool_model, loaded.environ) if tool_model else model,
        filters=options.filters(shared),
        raw=shared["raw"],
        python=interpreter(loaded, shared, python),
    )
    raise typer.Exit(show(request, loaded, options.Shown.given(shared)))
