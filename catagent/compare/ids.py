"""The ids of a run, which differ each time, out of its texts."""

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from catagent.events import types as ev

_IDS = {"run_id", "parent_ids", "tool_call_id", "call_id", "id", "thread_id", "resumes"}
# Inside of a text, less may be anything.
_LONG = re.compile(r"[\w-]{16,}")


class Ids:
    """The ids of one run so far. What is called `id` in plain data is none."""

    def __init__(self) -> None:
        self._known = set[str]()

    def take(self, event: ev.Event) -> None:
        """Note what the event names: runs, calls, messages, a thread."""
        if not isinstance(event, ev.LlmToken):  # of which there are many, and the rest says it too
            self._known.update(_ids(event))

    def hidden(self, text: str) -> str:
        """The text with the same word for each of them."""
        return _LONG.sub(lambda found: "ID" if found[0] in self._known else found[0], text)


def _ids(value: Any, name: str = "") -> Iterator[str]:
    match value:
        case str() if name in _IDS:
            yield value
        case list():
            for each in value if name in _IDS else (e for e in value if isinstance(e, Struct)):
                yield from _ids(each, name)
        case Struct():
            for field in value.__struct_fields__:
                yield from _ids(getattr(value, field), field)
