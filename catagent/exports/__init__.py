"""Exports of a recorded run: the ending of the file's name says which, or a format."""

import os
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from catagent.errors import OutputError, UsageError, did_you_mean
from catagent.events.types import Event
from catagent.loading.registry import load
from catagent.sinks.atomic_file import made

# Each takes the events of one run and a title (None: the question), and returns the whole file.
Exporter = Callable[[Sequence[Event], str | None], str]

EXPORTERS = {
    ".html": "catagent.exports.html:page",
    ".svg": "catagent.exports.svg:picture",
    ".md": "catagent.exports.markdown:document",
    ".cast": "catagent.exports.cast:recording",
    ".txt": "catagent.exports.text:document",
    ".jsonl": "catagent.exports.jsonl:recording",
}

STDOUT = Path("-")


def exporter(path: Path, wanted: str | None = None) -> Exporter:
    """Return what makes this format, else a file of this name. Raises UsageError for no format."""
    place = EXPORTERS.get(f".{wanted}" if wanted else path.suffix.lower())
    if place is None:
        ways = f"end the name in one of: {', '.join(EXPORTERS)}; or choose with --format"
        hint = did_you_mean(path.suffix, EXPORTERS, ways)
        raise UsageError(f"cannot export to {path}", hint)
    found: Exporter = load(place)
    return found


def save(path: Path, text: str, *, force: bool) -> None:
    """Write a new file, or with `force` replace an old one; - is stdout. Raises OutputError."""
    if path == STDOUT:
        sys.stdout.buffer.write(text.encode())
        sys.stdout.buffer.flush()
        return
    try:
        with (
            made(path, 0o666, force=force) as descriptor,
            os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file,
        ):
            file.write(text)
        os.close(descriptor)
    except FileExistsError:
        raise OutputError(f"{path} exists already", "overwrite it with --force") from None
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror}") from error
