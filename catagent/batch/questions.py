"""The questions of a batch: lines of text, or of JSON with an `input`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, BinaryIO

import msgspec
from msgspec import UNSET, Struct

from catagent.errors import UsageError
from catagent.events.codec import map_leaves
from catagent.events.result import Id
from catagent.redact import redact

# Of a line, in bytes: one that never ends must not fill memory.
LONGEST = 16 << 20
_SHOWN = 200


class Question(Struct, frozen=True):
    """What is asked in line `n`: a text, or the agent's own input.

    `problem` says why it cannot be asked, empty where it can.
    """

    n: int
    input: Any
    id: Id = UNSET
    problem: str = ""


class _Line(Struct):
    input: str | dict[str, Any]
    id: Id = UNSET


def questions(stream: BinaryIO) -> Iterator[Question]:
    """Yield what is asked in each line that is not blank, as soon as that line is there.

    Raises UsageError where it cannot be read.
    """
    n = 0
    while line := _read(stream):
        n += 1
        is_whole = len(line) < LONGEST or line.endswith(b"\n")
        rest = line
        while rest and not rest.endswith(b"\n"):
            rest = _read(stream)
        text = line.decode("utf-8-sig" if n == 1 else "utf-8", "surrogateescape").strip()
        if not is_whole:
            yield Question(n, text[:_SHOWN], problem=f"the line has over {LONGEST >> 20} MiB")
        elif text:
            yield _question(n, text)


def _read(stream: BinaryIO) -> bytes:
    try:
        return stream.readline(LONGEST)
    except OSError as error:
        raise UsageError(f"the questions cannot be read: {error.strerror}") from None


def _question(n: int, text: str) -> Question:
    shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    if shown != text:
        return Question(n, shown, problem="the line is not UTF-8 text")
    if not text.startswith("{"):
        return Question(n, text)
    try:
        found = msgspec.json.decode(text, type=_Line)
    except (msgspec.DecodeError, RecursionError) as error:
        return Question(n, text, problem=f"the line begins as JSON, and is no question: {error}")
    if not found.input or (isinstance(found.input, str) and not found.input.strip()):
        return Question(n, found.input, found.id, "the question is empty")
    return Question(n, found.input, found.id)


def masked(given: Any, secrets: Iterable[str]) -> Any:
    """What is asked, as a result has it: without secrets."""
    known = tuple(secrets)
    return map_leaves(given, lambda leaf: redact(leaf, known) if isinstance(leaf, str) else leaf)
