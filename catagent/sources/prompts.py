"""What stands in the stream of one run already, so that a message is whole there once.

A ref means the last whole message with that id before it. Some outputs leave out the events of
quiet places, those of type `node`: what stands anywhere else is right with them and without.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.sources.invocation import tools_of
from catagent.sources.kinds import is_message
from catagent.sources.messages import message_of
from catagent.sources.plain import plain

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


# What agents change in place: a mark for the cache in a block, a call that a person edited.
_CHANGED_IN_PLACE = frozenset({"content", "tool_calls", "additional_kwargs"})


class Forms:
    """The plain form of messages. One that was seen, with the same values, costs a look-up."""

    def __init__(self) -> None:
        # By its `id()`: the message itself, so that no other gets that, its values and its form.
        self._made: dict[int, tuple[BaseMessage, dict[str, Any], ev.Message]] = {}
        self._newest: dict[str, int] = {}

    def of(self, message: BaseMessage) -> ev.Message:
        """The message as it is now, as plain data, with an id."""
        _, values, form = self._made.get(id(message), (None, {}, None))
        if form is not None and _is_same(values, message.__dict__):
            return form
        form = _with_id(message_of(message))
        # One object a message alone is held: some agents make each of them anew at every step.
        self._made.pop(self._newest.get(id_of(form), 0), None)
        self._made[id(message)] = message, _kept(message.__dict__), form
        self._newest[id_of(form)] = id(message)
        return form


def prompt(text: str) -> ev.Message:
    """The form of what a text-completion model is sent."""
    return _with_id(ev.Message(type="prompt", content=text))


def id_of(form: ev.Message) -> str:
    """The id of a message; every form here has one."""
    return form.id or ""


def _with_id(form: ev.Message) -> ev.Message:
    if not form.id:
        form.id = f"sha256-{hashlib.sha256(encode_plain(form)).hexdigest()[:16]}"
    return form


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {k: _copied(v) if k in _CHANGED_IN_PLACE else v for k, v in values.items()}


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # a stranger's object in it: then it is known by what it is
        return value


def _is_same(then: dict[str, Any], now: dict[str, Any]) -> bool:
    try:
        return then.keys() == now.keys() and all(
            then[key] is now[key] or (key in _CHANGED_IN_PLACE and then[key] == now[key])
            for key in now
        )
    except Exception:  # a stranger's comparison
        return False


class Known:
    """The messages and tools that are known whole in one run's stream.

    Ask in the order of the events, and emit what it gives. A longer run of refs than `few` has one
    for all, or prompts would take more room than all else.
    """

    def __init__(self, forms: Forms | None = None, few: int = 20) -> None:
        self._few = few
        self._forms = forms or Forms()
        self._loud: dict[str, ev.Message] = {}
        self._all: dict[str, ev.Message] = {}
        self._tools: dict[str, ev.Tool] = {}
        self._sent: dict[str, tuple[list[str], int]] = {}

    def whole(self, message: BaseMessage) -> ev.Message:
        """The message for a place that always holds the whole."""
        form = self._forms.of(message)
        self._note(form, quiet=False)
        return form

    def messages(self, messages: Sequence[BaseMessage | ev.Message]) -> ev.Messages:
        """The messages that a model is sent, each whole or as a ref; long runs have one for all."""
        forms = (m if isinstance(m, ev.Message) else self._forms.of(m) for m in messages)
        items = list(map(self._whole_or_ref, forms))
        ids = [item.ref if isinstance(item, ev.Ref) else id_of(item) for item in items]
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

        In a quiet place, known messages that begin a list have one ref, with how many are `before`.
        """
        return plain(value, own=self._quietly if quiet else self._loudly)

    def _loudly(self, value: Any, _depth: int) -> Any:
        match value:  # who reads an agent's own data takes it for a message, if it looks like one
            case {"id": str(key), "type": str(), "content": str()}:
                self._loud.pop(key, None)
        return self._plain(value, quiet=False) if is_message(value) else UNSET

    def _quietly(self, value: Any, depth: int) -> Any:
        if is_message(value):
            return self._plain(value, quiet=True)
        known = list(takewhile(self._is_known, value)) if isinstance(value, list | tuple) else []
        if len(known) < 2:
            return UNSET
        first = {"ref": self._forms.of(known[-1]).id, "before": len(known) - 1}
        rest = value[len(known) :]
        return [first, *(plain(item, depth + 1, self._quietly) for item in rest)]

    def _is_known(self, item: Any) -> bool:
        return is_message(item) and self._stands(self._forms.of(item), quiet=True)

    def _plain(self, message: BaseMessage, *, quiet: bool) -> dict[str, Any]:
        found = self._whole_or_ref(self._forms.of(message), quiet=quiet)
        told: dict[str, Any] = msgspec.to_builtins(found)
        return told

    def _whole_or_ref(self, form: ev.Message, *, quiet: bool = False) -> ev.Message | ev.Ref:
        if self._stands(form, quiet=quiet):
            return ev.Ref(id_of(form))
        self._note(form, quiet=quiet)
        return form

    def _stands(self, form: ev.Message, *, quiet: bool) -> bool:
        """Whether a ref to it is right, in either stream that the place is in."""
        key = id_of(form)
        return self._all.get(key) == form and (quiet or self._loud.get(key) == form)

    def _note(self, form: ev.Message, *, quiet: bool) -> None:
        self._all[id_of(form)] = form
        if not quiet:
            self._loud[id_of(form)] = form

    def _tool_or_ref(self, tool: ev.Tool) -> ev.Tool | ev.Ref:
        if self._tools.get(tool.name) == tool:
            return ev.Ref(tool.name)
        self._tools[tool.name] = tool
        return tool
