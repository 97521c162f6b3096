"""`catagent tool`: run one tool on its own, or list the tools there are."""

import sys
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.given import pairs
from catagent.cli.options import FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.loading import lazy_imports
from catagent.loading.registry import TOOLS
from catagent.models.spec import choose_model
from catagent.run.request import Request

_EXAMPLE = 'catagent tool get_items place="on a table"'


@shares(RUN, OUTPUT, KEEP, FILTERS)
def tool(
    asked: Asked,
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="NAME",
            help="The tool, or your own as package.module:attribute; none lists the tools.",
            autocompletion=lambda: [*TOOLS],
        ),
    ] = None,
    arguments: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME=VALUE", help="Its arguments.", show_default=False),
    ] = None,
) -> None:
    """Run one tool on its own and show what the models inside it write."""
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    if name is None:
        _list()
        return
    wanted = asked.settings.tool_model or asked.settings.model
    model = choose_model(wanted, asked.loaded.environ)
    request = Request(
        agent=asked.settings.agent,
        question=" ".join([name, *(arguments or [])]),
        model=model,
        tool_model=model,
        filters=asked.filters,
        raw=asked.raw,
        tool=name,
        tool_input=pairs(arguments or [], "an argument of a tool", _EXAMPLE),
    )
    raise typer.Exit(show(request, asked))


def _list() -> None:
    lazy_imports.install()
    from catagent.agents.single_tool import list_tools

    for info in list_tools():
        words = " ".join(f"{name}=<{kind}>" for name, kind in info.args.items())
        sys.stdout.write(f"{info.name} {words}".rstrip() + f"\n    {info.description}\n")
