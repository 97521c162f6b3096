"""`catagent ask`: run an agent on a question and show it."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from catagent.cli import options
from catagent.cli.options import FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.cli.question import read_question
from catagent.cli.settings import load
from catagent.cli.stderr import say
from catagent.models.spec import choose_model
from catagent.run.request import Request


@shares(RUN, OUTPUT, KEEP, FILTERS)
def ask(
    ctx: typer.Context,
    question: Annotated[
        str | None,
        typer.Argument(help="The question; - reads it from stdin, and a pipe is added to it."),
    ] = None,
    agent: Annotated[
        str | None,
        typer.Option(
            "--agent",
            "-a",
            help="cat, cat-classic, or your own as package.module:attribute.",
            rich_help_panel="How to run it",
            show_default="cat",
        ),
    ] = None,
) -> None:
    """Run an agent on a question and show every step and every token of it."""
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    loaded = load({**options.flags(ctx.params), "agent": agent})
    model = choose_model(loaded.settings.model, loaded.environ)
    tool_model = loaded.settings.tool_model
    request = Request(
        agent=loaded.settings.agent,
        question=read_question(question, sys.stdin, say),
        model=model,
        tool_model=choose_model(tool_model, loaded.environ) if tool_model else model,
        filters=options.filters(ctx.params),
        raw=ctx.params["raw"],
    )
    raise typer.Exit(show(request, loaded, options.Shown.given(ctx.params)))
