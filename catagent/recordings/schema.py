"""The JSON Schema (2020-12) of every JSON line that catagent prints or records, from the types."""

import inspect
import json
from typing import Any

import msgspec

from catagent.events.codec import KNOWN_TYPES, Header, Program
from catagent.events.report import Report
from catagent.events.result import Result
from catagent.events.types import SCHEMA, KnownEvent, Message, Ref, Tool, Unknown
from catagent.recordings.history import RunSummary
from catagent.recordings.stats import Stats

_REF = "#/$defs/{name}"
# What the types cannot say: the session sets these on every event.
_ENVELOPE: dict[str, dict[str, Any]] = {
    "v": {"type": "integer", "const": 1},
    "seq": {"type": "integer", "minimum": 0},
    "ts": {"type": "string", "description": "RFC 3339, UTC"},
}


def schema() -> dict[str, Any]:
    """Return the schema of one line."""
    types = [*KnownEvent.__args__, Header, RunSummary, Stats, Program, Result, Report]
    # The last three stand in lists that msgspec's own types cannot describe.
    found = msgspec.json.schema_components([*types, Message, Tool, Ref], ref_template=_REF)
    lines, defs = found[0][: len(types)], found[1]
    for definition in defs.values():
        definition["description"] = inspect.cleandoc(definition["description"])
    for kind in KnownEvent.__args__:
        _guarantee(defs[kind.__name__])
    defs["Unknown"] = _unknown()
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:{SCHEMA.replace('/', ':')}",
        "title": SCHEMA,
        "description": inspect.cleandoc(__doc__ or ""),
        "anyOf": [*lines, {"$ref": _REF.format(name="Unknown")}],
        "$defs": defs,
    }


def text() -> str:
    """Return the schema as it is printed and committed."""
    return json.dumps(schema(), indent=2) + "\n"


def _guarantee(event: dict[str, Any]) -> None:
    """A writer leaves none of the envelope out, however many defaults a reader would know."""
    event["properties"] |= _ENVELOPE
    event["required"] = [name for name in event["properties"] if name != "raw"]


def _unknown() -> dict[str, Any]:
    """Types that a later catagent adds; a known type has to be what it says."""
    return {
        "title": "Unknown",
        "description": inspect.cleandoc(Unknown.__doc__ or ""),
        "type": "object",
        "properties": {"type": {"type": "string", "not": {"enum": sorted(KNOWN_TYPES)}}},
        "required": ["type"],
    }
