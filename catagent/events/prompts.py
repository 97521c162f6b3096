"""What models were sent, whole: puts what was said before in the place of what refers to it."""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import msgspec

from catagent.events import types as ev
from catagent.events.codec import DEEPEST, encodable_data

# A longer prompt than any; nor may a recording from anywhere make one of nothing.
_MOST = 10_000


class Prompts:
    """What can be referred to in one run so far. Give it each event once, in order, with `take`.

    Ask about an event right after it was taken. What a filter or `tail` left out stays a `Ref`.
    """

    def __init__(self) -> None:
        self._messages: dict[str, ev.Message] = {}
        self._tools: dict[str, ev.Tool] = {}
        self._places: dict[str, tuple[list[str], int]] = {}
        self._sent: tuple[ev.LlmStartedData | None, list[ev.Message | ev.Ref]] = None, []

    def take(self, event: ev.Event) -> None:
        """Keep the messages and tools that stand in the event as a whole."""
        match event:
            case ev.LlmStarted(data=data):
                self._sent = data, list(self._read(data.messages, keep=True))
                ids = [m.ref if isinstance(m, ev.Ref) else m.id or "" for m in self._sent[1]]
                self._places |= {key: (ids, place) for place, key in enumerate(ids)}
                self._tools |= {tool.name: tool for tool in data.tools if isinstance(tool, ev.Tool)}
            case ev.LlmFinished(data=data):
                self._keep([data.message])
            case ev.Action() | ev.Observation() | ev.Answer():
                self._keep(event.data.messages)
            case ev.Update(data=data):
                self._keep_plain(data.changes)
            case ev.RunFinished(data=data):
                self._keep_plain(data.state)

    def messages(self, data: ev.LlmStartedData) -> list[ev.Message | ev.Ref]:
        """The messages that a model was sent."""
        return self._sent[1] if self._sent[0] is data else list(self._read(data.messages))

    def tools(self, data: ev.LlmStartedData) -> list[ev.Tool | ev.Ref]:
        """The tools that a model could call."""
        known = self._tools
        return [known.get(t.ref, t) if isinstance(t, ev.Ref) else t for t in data.tools]

    def whole(self, value: Any, depth: int = 0) -> Any:
        """Plain data (an update's changes, a state) with the messages that it refers to."""
        if depth > DEEPEST or not isinstance(value, dict | list):
            return value
        if isinstance(value, list):
            return [self.whole(item, depth + 1) for item in value]
        if value.keys() == {"ref"} and (message := self._messages.get(str(value["ref"]))):
            return encodable_data(message)
        return {key: self.whole(item, depth + 1) for key, item in value.items()}

    def _read(self, messages: ev.Messages, *, keep: bool = False) -> Iterator[ev.Message | ev.Ref]:
        """The messages of a prompt in their order, each as the last whole before it has it."""
        for message in messages:
            if isinstance(message, ev.Ref):
                yield from self._meant(message)
            else:
                self._keep([message] if keep else [])
                yield message

    def _meant(self, ref: ev.Ref) -> Iterator[ev.Message | ev.Ref]:
        ids, last = self._places.get(ref.ref, ([ref.ref], 0))
        if ref.count > min(last + 1, _MOST):
            yield ref
            return
        for key in ids[last + 1 - ref.count : last + 1]:
            yield self._messages.get(key) or ev.Ref(key)

    def _keep(self, messages: Iterable[ev.Message | ev.Ref | None]) -> None:
        found = (message for message in messages if isinstance(message, ev.Message))
        self._messages |= {message.id: message for message in found if message.id}

    def _keep_plain(self, value: Any, depth: int = 0) -> None:
        """Keep what looks like a message with an id."""
        match value:
            case {"id": str(), "type": str(), "content": str()}:
                with suppress(msgspec.ValidationError):
                    self._keep([msgspec.convert(value, ev.Message)])
            case dict() | list() if depth <= DEEPEST:
                for item in value.values() if isinstance(value, dict) else value:
                    self._keep_plain(item, depth + 1)
