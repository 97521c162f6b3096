"""What a server sends as JSON, as the objects that LangChain had there.

A server may send anything: what is no message by its fields stays the JSON that it is.
"""

from typing import Any, Literal, TypedDict

import msgspec
from msgspec import UNSET, Struct, UnsetType

from catagent.events.codec import DEEPEST
from catagent.sources.standins import message, thing

Json = dict[str, Any]


class _Call(TypedDict):
    name: str
    args: Json
    id: str | None


class _Invalid(TypedDict):
    name: str | None
    args: str | None
    id: str | None
    error: str | None


class _Piece(TypedDict):
    name: str | None
    args: str | None
    id: str | None
    index: int | str | None


_COMMAND = frozenset({"graph", "update", "resume", "goto"})
_KINDS = ("ai", "human", "system", "tool", "function", "chat", "remove", "developer")
_TYPES = {*_KINDS, *(f"{kind}messagechunk" for kind in _KINDS)}


class _Message(Struct):
    """The fields of a message that are read, and what each may be."""

    type: str
    content: str | list[str | Json]
    id: str | None = None
    name: str | None = None
    additional_kwargs: Json = {}
    response_metadata: Json = {}
    tool_calls: list[_Call] | UnsetType = UNSET
    invalid_tool_calls: list[_Invalid] | UnsetType = UNSET
    tool_call_chunks: list[_Piece] | UnsetType = UNSET
    usage_metadata: Json | UnsetType | None = UNSET
    tool_call_id: str | UnsetType = UNSET
    status: Literal["success", "error"] | UnsetType = UNSET
    artifact: Any = UNSET
    role: str | UnsetType = UNSET


def restored(value: Any, depth: int = 0) -> Any:
    """The same value, with what stands for messages and Commands, which have the same fields."""
    if depth > DEEPEST:
        return value
    if isinstance(value, list):
        return [restored(each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    if (made := message_of(value)) is not None:
        return made
    fields = {key: restored(each, depth + 1) for key, each in value.items()}
    return thing("langgraph.types.Command", fields) if fields.keys() == _COMMAND else fields


def message_of(value: Any) -> Any:
    """What stands for the message that this is the JSON of, or None."""
    if not isinstance(value, dict) or str(value.get("type")).lower() not in _TYPES:
        return None
    try:
        fields = msgspec.convert(value, _Message)
    except msgspec.ValidationError:
        return None
    return message({k: v for k, v in msgspec.structs.asdict(fields).items() if v is not UNSET})
