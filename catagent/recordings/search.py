"""Finds a text in recordings, in any case: in what was said, and in the names of what ran."""

from collections.abc import Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from catagent.config import secrets_of
from catagent.redact import Redactor, shortened

_BLOCK = 1 << 20  # bytes that are looked at before any of them is decoded
# What tokens come to stands in a line of its own, too.
_TOKEN = b'{"type":"llm.token"'
# Where neither a person nor a model nor a tool has a say.
_NO_TEXT = {
    "id", "type", "ref", "kind", "mode", "schema", "phase", "run_type", "status", "finish_reason",
    "tool_call_id", "thread_id", "versions", "filters", "parameters", "tools",
}  # fmt: skip
# Whose keys are a tool's, or an agent's, and so may be any of those.
_FREE = {"input", "tool_input", "args", "output", "content", "value"}
_BEFORE, _LONGEST = 30, 200


class Search:
    """A search for one text."""

    def __init__(self, text: str) -> None:
        text = text.encode(errors="surrogateescape").decode(errors="replace")  # as it was typed
        self._text, self._is_ascii = text.casefold(), text.isascii()
        self._mask = Redactor(secrets_of())
        self._needle = self._folded(msgspec.json.encode(text)[1:-1])  # as it stands in JSON

    def first(self, path: Path) -> str | None:
        """The first line in this recording that has the text, with little before it; None for none.

        Raises OSError where it cannot be read.
        """
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                block += file.readline()
                lines = block.split(b"\n") if self._needle in self._folded(block) else []
                if (said := next(filter(None, map(self.found, lines)), None)) is not None:
                    return said
        return None

    def found(self, line: bytes) -> str | None:
        """The same of one event, as it is written; None for what is none."""
        for text in self._texts(line):
            if (at := text.casefold().find(self._text)) >= 0:
                begin = max(text.rfind("\n", 0, at) + 1, at - _BEFORE)
                return shortened(text[begin:].partition("\n")[0], _LONGEST)
        return None

    def _folded(self, text: bytes) -> bytes:
        """The text without regard to case; of ASCII alone in no time."""
        return text.lower() if self._is_ascii else text.decode(errors="replace").casefold().encode()

    def _texts(self, line: bytes) -> Iterator[str]:
        """The texts and names in a line that may have it."""
        if not line.startswith(_TOKEN) and self._needle in self._folded(line):
            with suppress(msgspec.DecodeError, UnicodeDecodeError, RecursionError, LookupError):
                event = msgspec.json.decode(line, type=dict[str, Any])
                yield from map(self._mask.text, _strings([event["name"], event["data"]]))


def _strings(value: Any, without: Collection[str] = _NO_TEXT) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in without:
                yield from _strings(item, () if key in _FREE else without)
    elif isinstance(value, list):
        for item in value:
            yield from _strings(item, without)
