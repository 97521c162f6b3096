"""Event <-> JSON line. Encoding and decoding are each other's inverse, for every event.

What JSON cannot hold is written as near as it can be: a lone surrogate as U+FFFD, NaN as null, an
object without a JSON form as a placeholder.
"""

import contextlib
from collections.abc import Callable
from typing import Any

import msgspec

from catagent.errors import RecordingError
from catagent.events.types import SCHEMA, Event, KnownEvent, Unknown
from catagent.redact import shortened

PLACEHOLDER = "$unserialisable"
# No data is nested deeper than this: what is becomes a placeholder.
DEEPEST = 100
_NESTED = (list, tuple, dict)
_REPR_LIMIT = 1000


class Header(msgspec.Struct, kw_only=True, tag_field="type", tag="recording"):
    """First line of a recording. A stream on stdout has none, and a reader does not insist."""

    v: int = 1
    schema: str
    catagent: str = ""
    created: str = ""


class Program(msgspec.Struct, kw_only=True, tag_field="type", tag="program"):
    """One process that runs and has imported LangChain, and how many runs of its are still kept.

    `program` is its command in one line, `started` when it imported LangChain.
    """

    v: int = 1
    pid: int
    program: str = ""
    started: str = ""
    runs: int = 0


def decode_header(line: bytes) -> Header | None:
    """Return a recording's header; None for an event. Raises RecordingError for a newer format."""
    try:
        header = _header.decode(line)
    except _UNDECODABLE:
        return None
    if header.v != 1 or header.schema != SCHEMA:
        raise RecordingError(
            f"this recording is of the format {header.schema!r}, version {header.v}, "
            f"and {SCHEMA!r}, version 1, is what I read",
            "A newer catagent made it: upgrade with pip install --upgrade catagent",
        )
    return header


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON in UTF-8, newline included."""
    return encode_plain(event.fields if isinstance(event, Unknown) else event)


def encode_plain(value: Any) -> bytes:
    """Return any value as one line of JSON, with `encode`'s indulgence."""
    try:
        return _encoder.encode(value) + b"\n"
    except (TypeError, ValueError, OverflowError, RecursionError):
        return _encoder.encode(encodable_data(value)) + b"\n"


def decode(line: bytes | str) -> Event:
    """Return the event that a line holds; a type that we do not know becomes `Unknown`.

    Raises RecordingError for what is neither: no JSON object, a field of the wrong type.
    """
    try:
        return _decoder.decode(line)
    except _UNDECODABLE as error:
        return _decode_unknown(line, error)


def placeholder(value: Any) -> dict[str, Any]:
    """What stands for a value without a JSON form: its type, cut `repr`, and size if it has one."""
    kind = type(value)
    text, size = "<no repr>", dict[str, int]()
    with contextlib.suppress(Exception):  # it is a stranger's
        text = repr(value)
    with contextlib.suppress(Exception):  # nor need it have a length
        size = {"size": len(value)}
    return {
        PLACEHOLDER: f"{kind.__module__}.{kind.__qualname__}",
        "repr": encodable(text if len(text) <= _REPR_LIMIT else shortened(text, _REPR_LIMIT - 1)),
    } | size


def encodable(text: str) -> str:
    """The text with U+FFFD for lone surrogates; halves that met again are one character."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def encodable_data(value: Any) -> Any:
    """Data with `encodable` texts; of an event, its nearest plain form. It takes its time."""
    return map_leaves(value, _encodable_leaf)


def map_leaves(value: Any, change: Callable[[Any], Any], depth: int = 0) -> Any:
    """JSON-like data with `change` made to whatever is neither list nor dict, keys among it.

    What is nested deeper than `DEEPEST` becomes a placeholder: Python's stack ends somewhere.
    """
    if not isinstance(value, _NESTED):
        return change(value)
    if depth > DEEPEST and not _is_placeholder(value):
        return map_leaves(placeholder(value), change)
    if isinstance(value, dict):
        items = value.items()
        return {change(str(key)): map_leaves(item, change, depth + 1) for key, item in items}
    return [map_leaves(item, change, depth + 1) for item in value]


def _is_placeholder(value: Any) -> bool:
    flat = isinstance(value, dict) and not any(isinstance(v, _NESTED) for v in value.values())
    return flat and PLACEHOLDER in value


def _encodable_leaf(value: Any) -> Any:
    if isinstance(value, str):
        return encodable(value)
    return encodable_data(_fields(value)) if isinstance(value, msgspec.Struct) else value


def _strange(value: Any) -> str | dict[str, str]:
    """What the encoder does not know by itself. Text of a subclass is text."""
    return str.__str__(value) if isinstance(value, str) else placeholder(value)


_encoder = msgspec.json.Encoder(enc_hook=_strange)
_decoder: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)
_header: msgspec.json.Decoder[Header] = msgspec.json.Decoder(Header)
_any: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_UNDECODABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
KNOWN_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in KnownEvent.__args__)


def _decode_unknown(line: bytes | str, error: Exception) -> Unknown:
    try:
        fields = _any.decode(line)
    except RecursionError:
        raise RecordingError("nested too deep") from None
    except _UNDECODABLE as malformed:
        raise RecordingError(f"not a JSON line: {malformed}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise RecordingError("not an event: a JSON object with a type is expected") from None
    if fields["type"] in KNOWN_TYPES:
        raise RecordingError(f"no valid {fields['type']} event: {error}") from None
    return Unknown(fields=fields)


def _fields(struct: msgspec.Struct) -> dict[str, Any]:
    config = struct.__struct_config__
    tag = {config.tag_field: config.tag} if config.tag_field is not None else {}
    fields = msgspec.structs.asdict(struct)
    return tag | {name: value for name, value in fields.items() if value is not msgspec.UNSET}
