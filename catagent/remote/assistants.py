"""The assistants of a server: what can be asked there, and what each takes and gives."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from catagent.errors import UsageError, did_you_mean
from catagent.remote.address import Address

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient

_PAGE, _MOST = 100, 1000


class AssistantInfo(Struct, kw_only=True, frozen=True):
    """An assistant of a server: what `--agent` takes for it, and what the server says of it."""

    agent: str
    graph: str
    assistant: str
    name: str = ""
    description: str = ""


async def assistants(client: LangGraphClient, address: Address) -> list[AssistantInfo]:
    """Those of the server, by their graphs; of a graph, first the one that the server made."""
    found = list[Any]()
    while len(found) % _PAGE == 0 and len(found) < _MOST:
        page = await client.assistants.search(limit=_PAGE, offset=len(found))
        found += page
        if not page:
            break
    known = sorted(found, key=lambda each: (not _is_default(each), str(each.get("name"))))
    return sorted((_info(each, address) for each in known), key=lambda info: info.graph)


async def assistant(client: LangGraphClient, address: Address) -> AssistantInfo:
    """The one that an address names, by its graph or its own id. Raises UsageError for none."""
    found = await assistants(client, address)
    for each in found:
        if address.graph in (each.graph, each.assistant):
            return each
    server, graphs = replace(address, graph=""), list(dict.fromkeys(each.graph for each in found))
    raise UsageError(f"no agent {address.graph!r} on {server}", did_you_mean(address.graph, graphs))


def _is_default(found: Any) -> bool:
    """Whether the server made it of the graph itself, by whose name it is asked then."""
    return bool((found.get("metadata") or {}).get("created_by") == "system")


def _info(found: Any, address: Address) -> AssistantInfo:
    graph, own = str(found["graph_id"]), str(found["assistant_id"])
    asked = replace(address, graph=graph if _is_default(found) else own)
    more = {name: str(found.get(name) or "") for name in ("name", "description")}
    return AssistantInfo(agent=str(asked), graph=graph, assistant=own, **more)
