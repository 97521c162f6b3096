"""Where an exception was raised: in which file and line of whose code."""

from __future__ import annotations

import os
from pathlib import Path
from traceback import walk_tb

from msgspec import Struct

from catagent.failures.exceptions import carried

# Code that is installed, ours, Python's own, or made without a file.
_NOT_OWN = (str(Path(__file__).parents[1]) + os.sep, str(Path(os.__file__).parent) + os.sep, "<")
_INSTALLED = {"site-packages", "dist-packages"}


class Place(Struct, frozen=True):
    """A line of a file."""

    file: str
    line: int


def place_of(raised: BaseException) -> Place | None:
    """The innermost line of a person's own code that it came through, or None.

    Of a group, that of its first member; that of the group where no line is known of the member,
    which may never have been raised itself. A file below the current folder is named from there.
    """
    found = _line_of(raised)
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
        found = _line_of(raised) or found
    return _line_of(carried(raised)) or found


def _line_of(raised: BaseException) -> Place | None:
    known = getattr(raised, "place", None)
    if isinstance(known, Place):  # it stands in for one of another program's
        return Place(_from_here(known.file), known.line)
    trace = [(frame.f_code.co_filename, line) for frame, line in walk_tb(raised.__traceback__)]
    own = [(file, line) for file, line in trace if _is_own(file)]
    return Place(_from_here(own[-1][0]), own[-1][1]) if own else None


def _is_own(file: str) -> bool:
    return not file.startswith(_NOT_OWN) and _INSTALLED.isdisjoint(Path(file).parts)


def _from_here(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):  # it is elsewhere, or the current folder is gone
        return file
