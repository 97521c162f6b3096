"""What a person is told of a server: its agents, and what each takes and gives."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from catagent.agents.json_schemas import described
from catagent.cli.listing import print_description, print_list
from catagent.config import Loaded
from catagent.redact import shortened
from catagent.remote.address import Address
from catagent.remote.answers import understood
from catagent.remote.assistants import AssistantInfo, assistant, assistants
from catagent.views.format import Row, headed, one_line, table
from catagent.views.sanitize import clean_line

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient

_T = TypeVar("_T")
_LONGEST = 60


def on_server(
    address: Address, loaded: Loaded, ask: Callable[[LangGraphClient], Awaitable[_T]]
) -> _T:
    """What a server answers, on an event loop of its own. Raises CatagentError."""

    async def asked() -> _T:
        from catagent.remote.client import open_client  # httpx and the SDK

        async with open_client(address, loaded) as client:
            with understood():
                return await ask(client)

    return asyncio.run(asked())


def print_agents(address: Address, loaded: Loaded, *, json: bool) -> None:
    """List the agents of a server; of the one that the address names print what it takes and gives.

    Raises CatagentError.
    """
    if address.graph:
        found, told = on_server(address, loaded, partial(_describe, address))
        print_description(found.agent, told, loaded.secrets, json=json)
    else:
        listed = on_server(address, loaded, partial(assistants, address=address))
        rows = table(headed([*map(_row, listed)]))
        print_list(listed, rows, json=json, none=f"{address} has no agent")


async def _describe(
    address: Address, client: LangGraphClient
) -> tuple[AssistantInfo, dict[str, Any]]:
    found = await assistant(client, address)
    told = described(dict(await client.assistants.get_schemas(found.assistant)))
    about = {name: value for name in ("name", "description") if (value := getattr(found, name))}
    lines = {"assistant": [found.assistant, *about.values()], **told["lines"]}
    return found, {**about, "assistant": found.assistant, **told, "lines": lines}


def _row(found: AssistantInfo) -> Row:
    """The row of an agent, whose texts are a stranger's."""
    about = clean_line(shortened(one_line(found.description), _LONGEST))
    return {
        "agent": clean_line(found.agent),
        "name": clean_line(found.name),
        "assistant": clean_line(found.assistant),
        "description": about,
    }
