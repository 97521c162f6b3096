"""`catagent ask`: run an agent on a question and show it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from catagent.cli.asked import Asked
from catagent.cli.given import pairs, read_json, read_object
from catagent.cli.options import AGENT, FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.cli.question import read_question, read_stdin
from catagent.cli.stderr import say
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS
from catagent.models.spec import choose_model
from catagent.run.request import Request

_HINT = "leave it out, or install catagent in that environment"


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
        question=read_question(question, sys.stdin, say) if asked.input is None else "",
        input=_input(question, asked.input),
        context=read_object("--context", asked.context),
        configurable=pairs(asked.configurable or [], "configurable", "--configurable user=ann"),
        model=model,
        tool_model=choose_model(tool_model, environ) if tool_model else model,
        filters=asked.filters,
        raw=asked.raw,
        python=_interpreter(asked),
    )
    raise typer.Exit(show(request, asked))


def _input(question: str | None, text: str | None) -> Any:
    """The agent's own input, None where a question is asked."""
    if text is None:
        return None
    if question is not None:
        raise UsageError("there is a question and an --input", "leave one of them out")
    return read_json("--input", read_stdin(sys.stdin, say) if text == "-" else text)


def _interpreter(asked: Asked) -> Path | None:
    """The agent's interpreter, None for ours. Raises UsageError where it cannot do as asked."""
    agent, named = asked.settings.agent, asked.python
    if agent in AGENTS or ":" not in agent:
        if named is None:
            return None
        raise UsageError(
            "--python is for an agent of your own", "--agent path/to/file.py:attribute"
        )
    from catagent.agents.code import Code
    from catagent.agents.interpreter import interpreter_of

    code = Code.named(agent)
    if code is None or (code.file is None and named is None):
        return None
    found = interpreter_of(code.file or code.folder, asked.loaded.environ, named)
    if found is not None:
        for option in _unheld(asked):
            raise UsageError(f"{option} cannot hold in {found}, where the agent runs", _HINT)
    return found


def _unheld(asked: Asked) -> list[str]:
    """The options that need the agent in our process. A limit counts wherever it was set."""
    given = [name for name in ("model", "tool_model", "max_steps", "raw") if asked.given[name]]
    given += ["mode"] * (asked.given["mode"] not in (None, "events"))
    given += [name for name in ("max_tokens", "max_cost") if getattr(asked.settings, name)]
    return ["--" + name.replace("_", "-") for name in given]
