"""A run without what differs each time: its ids by the order of their appearance, and no times."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from catagent.events import types as ev
from catagent.events.codec import DEEPEST

# `answers` is by ids.
_IDS = {"run_id", "parent_ids", "tool_call_id", "call_id", "id", "thread_id", "resumes", "answers"}
_LEFT_OUT = {"ts", "duration_s", "ttft_s", "raw", "versions", "pid"}
# Inside of a text, less may be anything.
_LONG = re.compile(r"[\w-]{16,}")


def normalised(events: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Yield copies of the events of one run that are equal to those of another that did the same.

    Ids, inside of texts too, are `id1`, `id2` and so on. Times, versions and `raw` are left out.
    """
    ids = _Ids()
    return map(ids.renamed, events)


class _Ids:
    """The ids of one run so far, and what stands for each."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}

    def renamed(self, value: Any, depth: int = 0) -> Any:
        """A copy with what stands for the ids, and without what is left out."""
        match value:
            case str() if len(value) >= 16:
                return _LONG.sub(lambda found: self._known.get(found[0], found[0]), value)
            case list() if depth <= DEEPEST:
                return [self.renamed(each, depth + 1) for each in value]
            case dict() if depth <= DEEPEST:
                ids = _IDS if _has_ids(value) else ()
                # One of an unknown type is an object as a whole.
                items = ((k, v) for k, v in value.items() if depth > 1 or k not in _LEFT_OUT)
                return {k: self._field(k, v, ids, depth) for k, v in items}
            case ev.Ref(ref=ref, before=before):  # of which there are many
                return ev.Ref(self._known.get(ref, ref), before)
            case Struct():
                names = (name for name in value.__struct_fields__ if name not in _LEFT_OUT)
                fields = ((name, getattr(value, name)) for name in names)
                return type(value)(**{k: self._field(k, v, _IDS, depth) for k, v in fields})
        return value

    def _field(self, name: str, value: Any, ids: Iterable[str], depth: int) -> Any:
        if name == "ref":  # of a tool it is the name
            return self._known.get(str(value), value)
        match value:
            case str() if name in ids and value:
                return self._known.setdefault(value, f"id{len(self._known) + 1}")
            case list() if name in ids:
                return [self._field(name, each, ids, depth) for each in value]
            case dict() if name in ids:
                return {self._field(name, k, ids, depth): each for k, each in value.items()}
        return self.renamed(value, depth + 1)


def _has_ids(data: dict[str, Any]) -> bool:
    """Whether plain data is a message, or a tool call: of anything else an `id` is a value."""
    is_call = "error" in data or data.get("type") == "tool_call"
    return data.keys() >= ({"id", "name", "args"} if is_call else {"id", "type", "tool_calls"})
