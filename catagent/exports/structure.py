"""A run without its texts, to be shared: its names, ids, times, counts, statuses and structure."""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

from msgspec import Struct
from msgspec.structs import fields

from catagent.events import types as ev

_S = TypeVar("_S", bound=Struct)
_IDS = ("run_id", "parent_ids", "tool_call_id", "call", "call_id", "id", "ref", "ts", "schema")
_WORDS = ("mode", "run_type", "channel", "status", "finish_reason", "kind", "phase", "type", "code")
_NAMES = ("name", "agent", "model", "tool_model", "tool", "node", "path", "versions")
_KEPT = frozenset({*_IDS, *_WORDS, *_NAMES})
# A name may be a file of somebody's: `local:/home/ann/model.gguf`.
_FOLDERS = re.compile(r"(?<![\w.-])[~.]*/(?:[^/:]*/)*")
_FILES = (".py", ".json", ".gguf")

_fields = lru_cache(maxsize=None)(fields)


def structure(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Yield the events without a text of anybody's; those of unknown types are left out."""
    return (_bare(event) for event in events if not isinstance(event, ev.Unknown))


def _bare(whole: _S) -> _S:
    """What is not known to be harmless is as if it were not there, or `…` where it must be."""
    kept: dict[str, Any] = {}
    for field in _fields(type(whole)):
        found = getattr(whole, field.name)
        is_number = isinstance(found, int | float) and field.type is not Any
        if isinstance(found, Struct):
            kept[field.name] = _bare(found)
        elif isinstance(found, list) and found and isinstance(found[0], Struct):
            kept[field.name] = [_bare(one) for one in found]
        elif found is None or field.name in _KEPT or is_number:
            kept[field.name] = _without_folders(found) if isinstance(found, str) else found
        elif field.required:
            kept[field.name] = _stand_in(whole) if found else found
    return type(whole)(**kept)


def _without_folders(name: str) -> str:
    parts = _FOLDERS.sub("", name).split(":")
    return ":".join(p.rpartition("/")[2] if p.endswith(_FILES) else p for p in parts)


def _stand_in(whole: Struct) -> str:
    """What stands for a text: what is known of an error, nothing for each of many pieces."""
    match whole:
        case ev.Failure(type=kind):
            return kind
        case ev.WarningData(code=code):
            return code
    return "" if isinstance(whole, ev.LlmTokenData) else "…"
