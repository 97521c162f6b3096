"""Takes secrets out of events: out of whole ones at once, out of streamed text as it comes.

A secret that a model writes token by token is in none of the tokens. So the end of every stream
is watched, and what may be the beginning of a secret is held back until it is clear.
"""

import os
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any, Literal, get_origin

from msgspec import UNSET, Struct
from msgspec.structs import fields

from catagent.events import types as ev
from catagent.events.codec import DEEPEST, encodable, map_leaves
from catagent.redact import LONGEST, MASK, Redactor

# How much of what was shown is looked at again; longer than whatever announces a secret. More,
# where a character may be written as many.
_TAIL, _LONG_TAIL = 16, 96
# So many characters of a secret give something of it away.
_TELLING = 4
# Where LangChain's objects hold no text of a model.
_NO_TEXT = frozenset({"op", "path", "type", "event", "id", "run_id", "parent_ids", "name", "tags"})
_NO_TEXT |= {"metadata", "response_metadata", "usage_metadata"}


# One stream of a model run: its text, its reasoning, or the arguments of a call, by number.
_Key = tuple[ev.Channel, int]


class _Stream(Struct):
    """The end of one stream: `text`, of which the first `shown` characters are out already.

    `begun` holds, mask by mask, what of the secret was out before it was known for one.
    """

    text: str = ""
    shown: int = 0
    begun: list[str] = []

    def take(self, clean: str, shown: str) -> str:
        """What is new in `clean`, where `shown` of the text that it was made of is out already."""
        same = len(os.path.commonprefix([clean, shown]))  # noqa: RUF071 - of any two texts
        fresh = clean[same:]
        masks = fresh.count(MASK)
        if masks:
            self.begun += [shown[same:], *[""] * (masks - 1)]
        return fresh

    def as_shown(self, clean: str) -> str:
        """The whole text of the stream, without secrets, as its pieces put together say it."""
        parts = clean.split(MASK)
        if len(parts) != len(self.begun) + 1:
            return clean
        return MASK.join([*map(str.__add__, parts, self.begun), parts[-1]])


class EventMask:
    """Masks the secrets of one run in its events. Call it with each of them, in order."""

    def __init__(self, secrets: Iterable[str]) -> None:
        self._secrets = frozenset(secrets)
        self._redactor = Redactor(self._secrets)
        self._streams: defaultdict[str, defaultdict[_Key, _Stream]]
        self._streams = defaultdict(lambda: defaultdict(_Stream))

    def learn(self, secrets: Iterable[str]) -> None:
        """Mask these as well, from here on."""
        self._secrets = self._secrets.union(secrets)
        self._redactor = Redactor(self._secrets)

    def __call__(self, event: ev.Event) -> Sequence[ev.Event]:
        """The event without secrets: none while it is held back, two where that comes first."""
        if isinstance(event, ev.LlmToken):
            return self._token(event)
        self._mask(event)
        return self._finish(event) if isinstance(event, ev.LlmFinished) else (event,)

    def _token(self, event: ev.LlmToken) -> Sequence[ev.Event]:
        data = event.data
        if data.channel == "block":  # whole as it is
            self._mask(event)
            return (event,)
        delta, index = data.delta, data.index
        key = (data.channel, 0 if index is UNSET else index)
        stream = self._streams[event.run_id][key]
        if event.raw is UNSET and data.tool is UNSET and stream.shown == len(stream.text):
            # The road of nearly every token.
            text = stream.text + delta
            if not self._redactor.is_suspect(text, len(delta)) and not _is_half(text[-1:]):
                text = stream.text = _tail(text)
                stream.shown = len(text)
                return (event,)
        return self._carefully(event, stream)

    def _carefully(self, event: ev.LlmToken, stream: _Stream) -> Sequence[ev.Event]:
        delta = event.data.delta
        shown = event.data.delta = self._advance(stream, delta)
        if shown != delta and event.raw is not UNSET:
            event.raw = _replaced(event.raw, delta, shown)
        self._mask(event)
        said = shown or not delta or event.data.tool is not UNSET or event.raw is not UNSET
        return (event,) if said else ()

    def _advance(self, stream: _Stream, delta: str) -> str:
        """Take in `delta`; return what of the stream can be shown now."""
        text = stream.text + delta
        held = self._redactor.begins_at(text) if self._redactor.is_suspect(text) else len(text)
        held -= _is_half(text[held - 1 : held])
        if len(text) - held > LONGEST:
            held = len(text)
        clean = self._redactor.text(text[:held])
        fresh = stream.take(clean, text[: min(stream.shown, held)])
        stream.text, stream.shown = text[held:], max(0, stream.shown - held)
        if not stream.text:
            stream.text = _tail(clean)
            stream.shown = len(stream.text)
        return encodable(fresh)

    def _finish(self, event: ev.LlmFinished) -> Sequence[ev.Event]:
        """What is still held back of the model's streams, and then their end."""
        found: list[ev.Event] = []
        for key, stream in self._streams.pop(event.run_id, {}).items():
            channel = key[0]
            fresh = stream.take(self._redactor.text(stream.text), stream.text[: stream.shown])
            if fresh:
                found.append(_last_token(event, key, encodable(fresh)))
            if channel == "text":
                event.data.text = stream.as_shown(event.data.text)
            elif channel == "reasoning":
                event.data.reasoning = stream.as_shown(event.data.reasoning)
        return (*found, event)

    def _mask(self, struct: Struct) -> None:
        for name in _free_fields(type(struct)):
            setattr(struct, name, map_leaves(getattr(struct, name), self._masked))

    def _masked(self, leaf: Any) -> Any:
        if isinstance(leaf, str):
            return self._redactor.text(leaf)
        if isinstance(leaf, Struct):
            self._mask(leaf)
        return leaf


def _tail(text: str) -> str:
    escapes = "\\" in text or "%" in text or "&" in text
    return text[-_LONG_TAIL:] if escapes else text[-_TAIL:]


def _is_half(end: str) -> bool:
    """Whether it is the first half of a character, of which the other is to come."""
    return "\ud800" <= end <= "\udbff"


def _replaced(value: Any, delta: str, shown: str, depth: int = 0) -> Any:
    """The object that a token came in, with what is shown; what was made of the text is masked."""
    match value:
        case str() if value == delta:
            return shown
        case list() | dict() if depth > DEEPEST:
            return MASK
        case str() if _overlap(value, delta):
            return MASK
        case list():
            return [_replaced(item, delta, shown, depth + 1) for item in value]
        case dict():
            return {k: _replaced_at(k, v, delta, shown, depth + 1) for k, v in value.items()}
    return value


def _replaced_at(key: str, value: Any, delta: str, shown: str, depth: int) -> Any:
    if key == "args" and isinstance(value, dict):
        return MASK if value else value
    return value if key in _NO_TEXT else _replaced(value, delta, shown, depth)


def _overlap(one: str, other: str) -> bool:
    return min(len(one), len(other)) >= _TELLING and (one in other or other in one)


@cache
def _free_fields(kind: type[Struct]) -> tuple[str, ...]:
    """Those that anything can be in. A word of a closed set is not a secret."""
    return tuple(field.name for field in fields(kind) if get_origin(field.type) is not Literal)


def _last_token(event: ev.LlmFinished, key: _Key, delta: str) -> ev.LlmToken:
    channel, call = key
    index = call if channel == "tool_args" else UNSET
    data = ev.LlmTokenData(channel=channel, delta=delta, index=index)
    return ev.LlmToken(data=data, **ev.about(event))
