"""The tool calls of a run on the wire of AG-UI, where each has an id of its own alone."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Call:
    """One call. `subagent` is the id of the latest invocation of what runs inside it, if any."""

    id: str
    tool: str = ""
    shown: bool = False
    subagent: str = ""


class Calls:
    """The calls by key. The ids that providers give repeat, or are missing."""

    def __init__(self) -> None:
        self._calls: dict[str, Call] = {}
        self._taken: set[str] = set()

    def named(self, key: str, given: str | None = None, tool: str = "") -> Call:
        """Return a call; its id is the one that was `given` where no other call has that."""
        call = self._calls.get(key)
        if call is None:
            call = self._calls[key] = Call(self._unique(given or key, key))
        call.tool = tool or call.tool
        return call

    def invoked(self, key: str) -> Call:
        """Return a call whose inside begins: each attempt at it is an invocation of its own."""
        call = self.named(key)
        call.subagent = self._unique(call.id, key) if call.subagent else call.id
        return call

    def _unique(self, name: str, key: str) -> str:
        while name in self._taken:
            name = f"{name}#{key}"
        self._taken.add(name)
        return name
