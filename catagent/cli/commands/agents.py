"""`catagent agents`: what can be asked here."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer
from msgspec import Struct

from catagent.loading.registry import AGENTS


class AgentInfo(Struct, kw_only=True, frozen=True):
    """An agent: what `--agent` takes, where it stands, and the file that says so, if any does."""

    agent: str
    path: str
    file: str | None = None


def agents(
    *,
    json: Annotated[
        bool, typer.Option("--json", help="One JSON line an agent, as a pipe gets anyway.")
    ] = False,
) -> None:
    """List the agents that can be asked here: built-in ones, and those of langgraph.json."""
    from catagent.cli.listing import print_list

    found = list(_found())
    print_list(found, _table(found), json=json, none="")


def _found() -> Iterator[AgentInfo]:
    """Yield them. Nothing of theirs is imported."""
    from catagent.agents.langgraph_json import NAME, Project

    for name, path in AGENTS.items():
        yield AgentInfo(agent=name, path=path)
    project = Project.of(Path())
    for name, path in project.paths.items() if project else ():
        is_bare = name not in AGENTS and ":" not in name
        yield AgentInfo(agent=name if is_bare else f"./{NAME}:{name}", path=path, file=NAME)


def _table(found: Sequence[AgentInfo]) -> Iterator[str]:
    """A row for each, of text that may be a stranger's."""
    from catagent.views.format import line, widths
    from catagent.views.sanitize import clean_line

    rows = [{"agent": clean_line(each.agent), "path": clean_line(each.path)} for each in found]
    columns = widths(rows)
    return (line(row, columns, ()) for row in rows)
