"""`catagent tool`: run one tool on its own, or list the tools there are."""

import sys
from typing import Annotated

import typer

from catagent.cli.asked import Asked
from catagent.cli.given import pairs
from catagent.cli.options import EXPLAIN, FILTERS, KEEP, OUTPUT, RUN, shares
from catagent.loading import lazy_imports
from catagent.loading.registry import TOOLS

_EXAMPLE = 'catagent tool get_items place="on a table"'


@shares(RUN, OUTPUT, EXPLAIN, KEEP, FILTERS)
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
    from catagent.cli.agent import tool_request_of
    from catagent.cli.explaining import print_script
    from catagent.cli.run_request import show  # asyncio and all: not for --help

    if name is None:
        _list()
        return
    given = pairs(arguments or [], "an argument of a tool", _EXAMPLE)
    request = tool_request_of(asked, name, given, " ".join([name, *(arguments or [])]))
    if asked.explain:
        print_script(request, asked)
    else:
        raise typer.Exit(show(request, asked))


def _list() -> None:
    lazy_imports.install()
    from catagent.agents.single_tool import list_tools

    for info in list_tools():
        words = " ".join(f"{name}=<{kind}>" for name, kind in info.args.items())
        sys.stdout.write(f"{info.name} {words}".rstrip() + f"\n    {info.description}\n")
