"""`catagent agents`: what can be asked here, and what each takes and gives."""

import contextlib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct

from catagent.cli import candidates
from catagent.cli.asked import Asked
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS
from catagent.models.spec import choose_model
from catagent.remote.address import Address
from catagent.run.request import Request


class AgentInfo(Struct, kw_only=True, frozen=True):
    """An agent: what `--agent` takes, where it stands, and the file that says so, if any does."""

    agent: str
    path: str
    file: str | None = None


def agents(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME|URL",
            help="What --agent takes: say what it takes and gives; or a server: list what it has.",
            autocompletion=candidates.agents,
        ),
    ] = None,
    *,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line an agent; of one its JSON Schemas.")
    ] = False,
    python: Annotated[
        str | None, typer.Option(metavar="PATH", help="The interpreter for your own agent.")
    ] = None,
    env_file: Annotated[
        Path | None,
        typer.Option(help="Variables for your own agent, from a file."),
    ] = None,
) -> None:
    """List the agents here, or on a server; say what one takes and gives."""
    if (address := Address.parse(name or "")) is not None:
        from catagent.cli.serving import print_agents  # not for what is here

        if python or env_file:
            raise UsageError("--python and --env-file are for an agent that runs here")
        print_agents(address, Asked.of({}).loaded, json=json)
        return
    if name is not None:
        _describe(name, json=json, python=python, env_file=env_file)
        return
    from catagent.cli.listing import print_list

    found = list(_found())
    print_list(found, _table(found), json=json, none="")


def _found() -> Iterator[AgentInfo]:
    """Yield them. Nothing of theirs is imported."""
    from catagent.agents.langgraph_json import NAME, Project

    for name, path in AGENTS.items():
        yield AgentInfo(agent=name, path=path)
    project = Project.of(Path())
    for name, path in project.named.items() if project else ():
        yield AgentInfo(agent=name, path=path, file=NAME)


def _table(found: Sequence[AgentInfo]) -> Iterator[str]:
    """A row for each, of text that may be a stranger's."""
    from catagent.views.format import table
    from catagent.views.sanitize import clean_line

    rows = [{"agent": clean_line(each.agent), "path": clean_line(each.path)} for each in found]
    return table(rows)


def _describe(name: str, *, json: bool, **given: Any) -> None:
    """Load the agent, and print what it takes and gives; of what it prints, nothing on stdout."""
    import asyncio

    from catagent.cli.agent import with_agent
    from catagent.cli.stderr import say_error
    from catagent.failures.classify import classify, error_info
    from catagent.run.turns import kind_of_run

    of_a_run = dict.fromkeys(("model", "tool_model", "max_steps", "raw", "mode"))
    of_a_run |= {"agent": name, "max_tokens": 0, "max_cost": 0.0}  # no limit is to hold
    asked, python = with_agent(Asked.of({**of_a_run, **given}))
    model = choose_model(asked.settings.model, asked.loaded.environ)
    request = Request(
        agent=name, model=model, tool_model=model, filters=asked.filters, python=python
    )
    with contextlib.redirect_stdout(sys.stderr):
        try:
            found = asyncio.run(kind_of_run(request)(request, asked.loaded).describe())
        except Exception as error:
            say_error("catagent: error", error_info(error))
            raise typer.Exit(classify(error).exit_code) from error
    from catagent.cli.listing import print_description

    print_description(name, found, asked.loaded.secrets, json=json)
