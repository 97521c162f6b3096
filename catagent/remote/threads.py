"""The threads of a server: found by their ids there, or by the names that catagent gave them."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from catagent.errors import UsageError
from catagent.threads.store import Thread

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient

# What the metadata of a thread has its name under.
NAME = "catagent_thread"
_MOST = 100


class ServedThread(Thread, kw_only=True):
    """A thread of a server: `status` is the server's word for what goes on in it.

    `agent` is the graph that was asked in it, `first` the first question, and `begun` are the turns
    that were asked from here.
    """

    path: Path = Path()
    status: str = ""
    first: str = ""

    @property
    def question(self) -> str:
        """The first one, as far as the server tells it."""
        return self.first

    @property
    def size(self) -> int:
        """Nothing here."""
        return 0


async def listed(client: LangGraphClient, graph: str = "") -> list[ServedThread]:
    """The newest threads of the server, of one graph or of all, the last one asked first."""
    metadata: Any = {"graph_id": graph} if graph else None
    found = await client.threads.search(
        metadata=metadata, sort_by="updated_at", sort_order="desc", limit=_MOST
    )
    return [_thread(each) for each in found if _is_addressable(each)]


async def found(client: LangGraphClient, wanted: str) -> ServedThread | None:
    """The thread of this id there, else the oldest of this name; None for none."""
    if is_id(wanted):
        from langgraph_sdk.errors import NotFoundError

        try:
            return _thread(await client.threads.get(wanted))
        except NotFoundError:
            return None
    named: Any = {NAME: wanted}
    threads = await client.threads.search(
        metadata=named, sort_by="created_at", sort_order="asc", limit=1
    )
    return _thread(threads[0]) if threads and _is_addressable(threads[0]) else None


async def made(client: LangGraphClient, name: str) -> ServedThread:
    """A new thread, of this id or name."""
    if is_id(name):
        return _thread(await client.threads.create(thread_id=name, if_exists="do_nothing"))
    return _thread(await client.threads.create(metadata={NAME: name} if name else None))


async def require_waiting(client: LangGraphClient, thread_id: str, ids: set[str]) -> None:
    """Raise UsageError where none of these interrupts waits in a thread: it was answered by now."""
    from langgraph_sdk.errors import NotFoundError

    state: Any = {}
    with contextlib.suppress(NotFoundError):  # a thread of one run is removed after it
        state = await client.threads.get_state(thread_id)
    tasks = [each.get("interrupts") or [] for each in state.get("tasks") or []]
    waiting = {str(one.get("id") or one.get("interrupt_id")) for each in tasks for one in each}
    if not state.get("next") or (waiting and "" not in ids and not waiting & ids):
        message = f"the thread {thread_id} was answered, or removed, meanwhile"
        raise UsageError(message, "catagent runs threads --agent URL says what goes on there")


def is_id(name: str) -> bool:
    """Whether a name is the id that a server gives, which people write in one form alone."""
    try:
        return str(uuid.UUID(name)) == name.lower()
    except ValueError:
        return False


def messages_of(values: Any) -> list[dict[str, Any]]:
    """The messages of a state, as the server has them; none where it has no such list."""
    those = values.get("messages") if isinstance(values, Mapping) else None
    return [each for each in those if isinstance(each, dict)] if isinstance(those, list) else []


def words_of(message: Mapping[str, Any]) -> str:
    """What a message says."""
    content = message.get("content")
    blocks = content if isinstance(content, list) else [content]
    texts = [each.get("text") if isinstance(each, dict) else each for each in blocks]
    return "\n".join(each for each in texts if isinstance(each, str))


def _is_addressable(found: Any) -> bool:
    """Whether its id leads to it: others choose ids too, and each stands in paths, for removal."""
    own = str(found["thread_id"])
    return own.isprintable() and not own.startswith(".") and not set(own) & set("/\\?#%")


def _thread(found: Any) -> ServedThread:
    """A thread of what the server says of it, which may lack anything but the id."""
    known = found.get("metadata") or {}
    asked = [each for each in messages_of(found.get("values")) if each.get("type") == "human"]
    first = words_of(asked[0]) if asked else str(known.get("thread_name") or "")
    return ServedThread(
        id=str(found["thread_id"]),
        name=str(known.get(NAME) or ""),
        agent=str(known.get("graph_id") or ""),
        ts=str(found.get("updated_at") or ""),
        status=str(found.get("status") or ""),
        first=first,
    )
