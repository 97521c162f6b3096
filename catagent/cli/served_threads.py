"""The threads of a server, for the commands that know those that are kept here."""

import json
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from catagent.cli.asked import Asked
from catagent.cli.recordings import history
from catagent.cli.serving import on_server
from catagent.cli.stderr import say
from catagent.config import Loaded
from catagent.errors import UsageError, did_you_mean
from catagent.redact import redact
from catagent.remote import threads as remote
from catagent.remote.address import Address
from catagent.remote.threads import NAME, ServedThread, is_id
from catagent.threads.store import Thread, require_name
from catagent.views.sanitize import clean
from catagent.views.style import live_look

_SHORTEST_ID = 4


class ServedThreads(Struct, frozen=True):
    """The threads of a server, of the graph that the address names; its methods are `Threads`'.

    Each asks the server, on an event loop of its own, and raises CatagentError.
    """

    address: Address
    loaded: Loaded

    def list(self) -> list[Thread]:
        """The newest, the last one asked first."""
        return [
            *on_server(self.address, self.loaded, partial(remote.listed, graph=self.address.graph))
        ]

    def find(self, wanted: str) -> Thread:
        """The one of this name or id, or whose id begins so. Raises UsageError."""
        thread = on_server(self.address, self.loaded, partial(remote.found, wanted=wanted))
        if thread is not None:
            return thread
        kept = self.list()
        begun = [each for each in kept if each.id.startswith(wanted)]
        if len(begun) == 1 and len(wanted) >= _SHORTEST_ID:
            return begun[0]
        known = [each.label for each in kept]
        hint = f"catagent runs threads --agent {self.address} lists them"
        raise UsageError(f"no thread {wanted!r} on the server", did_you_mean(wanted, known, hint))

    def new(self, name: str = "") -> Thread:
        """Begin one of this name or id; where there is one, return that. Raises UsageError."""
        require_name(name)
        wanted = partial(remote.found, wanted=name)
        thread = on_server(self.address, self.loaded, wanted) if name else None
        if thread is None:
            thread = on_server(self.address, self.loaded, partial(remote.made, name=name))
            if name:
                say(f"catagent: {self.address.base} has a new thread, {name}")
        elif thread.agent and not is_id(self.address.graph) and thread.agent != self.address.graph:
            message = f"the thread {name} is a conversation with {thread.agent}"
            raise UsageError(message, "name another --thread")
        return thread

    def rename(self, thread: Thread, name: str) -> None:
        """Give it a name, none where that is empty. Raises UsageError for one that is taken."""
        require_name(name)
        if name and on_server(self.address, self.loaded, partial(remote.found, wanted=name)):
            raise UsageError(f"there is a thread {name!r} on the server already")

        async def rename(client: Any) -> None:
            await client.threads.update(thread.id, metadata={NAME: name})

        on_server(self.address, self.loaded, rename)

    def remove(self, thread: Thread) -> None:
        """Have the server delete it. Raises UsageError where a run goes on in it."""
        if isinstance(thread, ServedThread) and thread.status == "busy":
            raise UsageError(f"another run goes on in the thread {thread.label}")

        async def remove(client: Any) -> None:
            await client.threads.delete(thread.id)

        on_server(self.address, self.loaded, remove)

    def last(self) -> Thread:
        """The one that a run of one's own history was in last. Raises UsageError for none."""
        for run in history(self.loaded).runs():
            is_own = run.thread in ("", run.id) or run.resumes  # made for one run, and removed
            if run.agent == str(self.address) and not is_own:
                return self.new(run.thread)
        raise UsageError("no thread of this agent was used yet", "--thread NAME begins one")


def show_messages(kept: ServedThreads, thread: Thread, asked: Asked) -> None:
    """Print what was said in a thread of a server, as the server has it, whoever has asked."""

    async def values(client: Any) -> Any:
        return (await client.threads.get_state(thread.id)).get("values")

    found, look = on_server(kept.address, kept.loaded, values), live_look(asked.view(sys.stdout))
    for message in remote.messages_of(found):
        heading = str(message.get("name") or message.get("type"))
        sys.stdout.write(look.paint("dim", look.line(heading)) + "\n")
        text = "\n".join([remote.words_of(message), *_calls(message)]).strip()
        sys.stdout.write(clean(redact(text, kept.loaded.secrets)) + "\n")


def _calls(message: Mapping[str, Any]) -> Iterator[str]:
    """Yield the tool calls that a model wrote."""
    calls = message.get("tool_calls")
    for each in calls if isinstance(calls, list) else ():
        if isinstance(each, dict):
            yield f"{each.get('name')}({json.dumps(each.get('args'), ensure_ascii=False)})"
