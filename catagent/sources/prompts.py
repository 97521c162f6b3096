"""What stands in the stream of one run already, so that a message is whole there once.

A ref means the last whole message with that id before its place in the stream. Some outputs leave
out the events of quiet places, those of type `node`. So there are two streams, and what stands
anywhere but in a quiet place is right in both.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from itertools import takewhile
from operator import is_
from typing import Any, NamedTuple

import msgspec
from langchain_core.messages import BaseMessage
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.sources.invocation import tools_of
from catagent.sources.messages import message_of
from catagent.sources.plain import plain

# So many refs stand each for itself; what is a longer run of them has one, or the prompts of a long
# run would take more room than all else.
_FEW = 20


class Known:
    """The messages and tools that are known whole in one run's stream.

    Ask in the order of the events, and emit what it gives: it has noted that. Messages without an
    id have one here that is a hash of what they say. What it gives is its own: do not change it.
    A longer run of refs than `few` has one for all.
    """

    def __init__(self, few: int = _FEW) -> None:
        self._few = few
        self._forms = _Forms()
        self._loud: dict[str, ev.Message] = {}
        self._all: dict[str, ev.Message] = {}
        self._tools: dict[str, ev.Tool] = {}
        self._sent: dict[str, tuple[list[str], int]] = {}

    def whole(self, message: BaseMessage) -> ev.Message:
        """The message for a place that always holds the whole."""
        form = self._forms.of(message)
        self._note(form, quiet=False)
        return form

    def messages(self, messages: Sequence[BaseMessage]) -> ev.Messages:
        """The messages that a model is sent, each whole or as a ref; long runs have one for all."""
        items = [self._whole_or_ref(message, quiet=False) for message in messages]
        ids = [item.ref if isinstance(item, ev.Ref) else _id(item) for item in items]
        found = list(self._shortened(items, ids))
        self._sent.update((key, (ids, place)) for place, key in enumerate(ids))
        return found[::-1]

    def _shortened(
        self, items: Sequence[ev.Message | ev.Ref], ids: Sequence[str]
    ) -> Iterator[ev.Message | ev.Ref]:
        """The items, the last one first."""
        place = len(items) - 1
        while place >= 0:
            same = self._as_before(items, ids, place)
            yield ev.Ref(ids[place], before=same - 1) if same > self._few else items[place]
            place -= same if same > self._few else 1

    def _as_before(
        self, items: Sequence[ev.Message | ev.Ref], ids: Sequence[str], place: int
    ) -> int:
        """How many refs, up to this one, stand as they did where this one was last sent."""
        sent, last = self._sent.get(ids[place], ([], -1))
        pairs = zip(range(place, -1, -1), range(last, -1, -1), strict=False)
        same = (isinstance(items[now], ev.Ref) and ids[now] == sent[then] for now, then in pairs)
        return sum(takewhile(bool, same))

    def tools(self, tools: Sequence[Any]) -> ev.Tools:
        """The tools that a model may call, in any provider's form, each whole or as a ref."""
        return [self._tool_or_ref(tool) for given in tools for tool in tools_of(given)]

    def data(self, value: Any, *, quiet: bool = False) -> Any:
        """Plain data of a state, or of anything: messages in it are whole, or `{"ref": id}`.

        In a quiet place, a list that begins with several known messages has one ref for them, to
        the last; `before` is how many are before that.
        """
        return plain(value, own=self._quietly if quiet else self._loudly)

    def _loudly(self, value: Any, _depth: int) -> Any:
        return self._plain(value, quiet=False) if isinstance(value, BaseMessage) else UNSET

    def _quietly(self, value: Any, depth: int) -> Any:
        if isinstance(value, BaseMessage):
            return self._plain(value, quiet=True)
        known = list(takewhile(self._is_known, value)) if isinstance(value, list | tuple) else []
        if len(known) < 2:
            return UNSET
        first = {"ref": self._forms.of(known[-1]).id, "before": len(known) - 1}
        rest = value[len(known) :]
        return [first, *(plain(item, depth + 1, self._quietly) for item in rest)]

    def _is_known(self, item: Any) -> bool:
        return isinstance(item, BaseMessage) and self._stands(self._forms.of(item), quiet=True)

    def _plain(self, message: BaseMessage, *, quiet: bool) -> dict[str, Any]:
        told: dict[str, Any] = msgspec.to_builtins(self._whole_or_ref(message, quiet=quiet))
        return told

    def _whole_or_ref(self, message: BaseMessage, *, quiet: bool) -> ev.Message | ev.Ref:
        form = self._forms.of(message)
        if self._stands(form, quiet=quiet):
            return ev.Ref(_id(form))
        self._note(form, quiet=quiet)
        return form

    def _stands(self, form: ev.Message, *, quiet: bool) -> bool:
        """Whether a ref to it is right, in either stream that the place is in."""
        key = _id(form)
        return self._all.get(key) == form and (quiet or self._loud.get(key) == form)

    def _note(self, form: ev.Message, *, quiet: bool) -> None:
        self._all[_id(form)] = form
        if not quiet:
            self._loud[_id(form)] = form

    def _tool_or_ref(self, tool: ev.Tool) -> ev.Tool | ev.Ref:
        if self._tools.get(tool.name) == tool:
            return ev.Ref(tool.name)
        self._tools[tool.name] = tool
        return tool


class _Form(NamedTuple):
    """A message's form, and what it was made of: held, so that no other has its `id()`."""

    message: BaseMessage
    values: tuple[Any, ...]
    form: ev.Message


class _Forms:
    """The plain form of messages. One that was seen, with the same values, costs a look-up."""

    def __init__(self) -> None:
        self._made: dict[int, _Form] = {}
        self._newest: dict[str, int] = {}

    def of(self, message: BaseMessage) -> ev.Message:
        """The message as plain data, with an id."""
        made = self._made.get(id(message))
        if made is not None and all(map(is_, made.values, message.__dict__.values())):
            return made.form
        form = _with_id(message_of(message))
        self._forget(self._newest.get(_id(form)))
        self._made[id(message)] = _Form(message, tuple(message.__dict__.values()), form)
        self._newest[_id(form)] = id(message)
        return form

    def _forget(self, older: int | None) -> None:
        """Hold one object a message alone: some agents make each of them anew at every step."""
        if older is not None:
            self._made.pop(older, None)


def _with_id(form: ev.Message) -> ev.Message:
    if not form.id:
        form.id = f"sha256-{hashlib.sha256(encode_plain(form)).hexdigest()[:16]}"
    return form


def _id(form: ev.Message) -> str:
    return form.id or ""
