"""Event <-> JSON line. Encoding and decoding are each other's inverse, for every event."""

from __future__ import annotations

from typing import Any

import msgspec

from catagent.errors import RecordingError
from catagent.events import Event, KnownEvent, Unknown

_encoder = msgspec.json.Encoder()
_decoder: msgspec.json.Decoder[KnownEvent] = msgspec.json.Decoder(KnownEvent)
_plain: msgspec.json.Decoder[Any] = msgspec.json.Decoder()


def encode(event: Event) -> bytes:
    """Return the event as one line of JSON in UTF-8, newline included."""
    if isinstance(event, Unknown):
        return _encoder.encode(event.fields) + b"\n"
    return _encoder.encode(event) + b"\n"


def decode(line: bytes | str) -> Event:
    """Return the event that a line holds; a type that we do not know becomes `Unknown`.

    Raises RecordingError for what is no event at all: no JSON, no object, a field of the wrong
    type in an event that we do know.
    """
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return _decode_unknown(line, error)


_KNOWN_TYPES = frozenset(str(kind.__struct_config__.tag) for kind in KnownEvent.__args__)


def _decode_unknown(line: bytes | str, error: Exception) -> Unknown:
    try:
        fields = _plain.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RecordingError(f"not a JSON line: {error}") from None
    if not isinstance(fields, dict) or not isinstance(fields.get("type"), str):
        raise RecordingError("not an event: a JSON object with a type is expected") from None
    if fields["type"] in _KNOWN_TYPES:
        raise RecordingError(f"not a {fields['type']} event: {error}") from None
    return Unknown(fields=fields)
