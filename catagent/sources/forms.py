"""Messages in plain form, each made once, with an id that stands for what they say."""

from __future__ import annotations

import copy
import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.sources.kinds import langchain
from catagent.sources.messages import message_of
from catagent.sources.plain import plain

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

# What agents change in place: a mark for the cache in a block, a call that a person edited.
_CHANGED_IN_PLACE = frozenset({"content", "tool_calls", "additional_kwargs"})


class _Made(NamedTuple):
    """A message's form, and what it was made of: held, so that no other has its `id()`."""

    message: BaseMessage
    values: dict[str, Any]
    form: ev.Message


class Forms:
    """The plain form of messages. One that was seen, with the same values, costs a look-up."""

    def __init__(self) -> None:
        self._made: dict[int, _Made] = {}
        self._newest: dict[str, int] = {}

    def of(self, message: BaseMessage) -> ev.Message:
        """The message as it is now, as plain data, with an id."""
        made = self._made.get(id(message))
        if made is not None and _is_same(made.values, message.__dict__):
            return made.form
        form = _with_id(message_of(message))
        self._forget(self._newest.get(id_of(form)))
        self._made[id(message)] = _Made(message, _kept(message.__dict__), form)
        self._newest[id_of(form)] = id(message)
        return form

    def _forget(self, older: int | None) -> None:
        """Hold one object a message alone: some agents make each of them anew at every step."""
        if older is not None:
            self._made.pop(older, None)


def prompt(text: str) -> ev.Message:
    """The form of what a text-completion model is sent."""
    return _with_id(ev.Message(type="prompt", content=text))


def id_of(form: ev.Message) -> str:
    """The id of a message; every form here has one."""
    return form.id or ""


def is_shown_as(known: ev.Message, form: ev.Message) -> bool:
    """Whether `form` is what LangChain shows its callbacks in the place of a `known` message.

    A model is sent the message as it is, but images and files are in an older form there.
    """
    if known == form or not isinstance(known.blocks, list):
        return False
    shown = [plain(_shown(block)) for block in known.blocks]
    return msgspec.structs.replace(known, blocks=shown) == form


def _shown(block: Any) -> Any:
    """As `_format_for_tracing` of langchain_core.language_models.chat_models has it."""
    messages = langchain("messages")
    is_data = messages is not None and messages.is_data_content_block
    match block:
        case {"type": "image"} if is_data and is_data(block) and "file_id" not in block:
            return messages.convert_to_openai_image_block(block)
        case {"type": "file", "base64": data, **others} if is_data and is_data(block):
            return {**others, "type": "file", "data": data, "source_type": "base64"}
        case dict() if len(block) == 1 and "type" not in block:
            return {"type": next(iter(block)), **block}
    return block


def _with_id(form: ev.Message) -> ev.Message:
    if not form.id:
        form.id = f"sha256-{hashlib.sha256(encode_plain(form)).hexdigest()[:16]}"
    return form


def _kept(values: dict[str, Any]) -> dict[str, Any]:
    return {
        key: _copied(value) if key in _CHANGED_IN_PLACE else value for key, value in values.items()
    }


def _copied(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # a stranger's object in it: then it is known by what it is
        return value


def _is_same(then: dict[str, Any], now: dict[str, Any]) -> bool:
    if then.keys() != now.keys():
        return False
    try:
        return all(
            then[key] is now[key] or (key in _CHANGED_IN_PLACE and then[key] == now[key])
            for key in now
        )
    except Exception:  # a stranger's comparison
        return False
