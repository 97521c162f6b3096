"""Where in a person's own code an exception came from, and what stands there."""

import linecache
import os
from pathlib import Path
from traceback import walk_tb

from msgspec import UNSET, Struct, UnsetType

from catagent.failures.exceptions import carried
from catagent.redact import shortened

_LONGEST = 200
# Code that is installed, ours, Python's own, or made without a file.
_NOT_OWN = (str(Path(__file__).parents[1]) + os.sep, str(Path(os.__file__).parent) + os.sep, "<")
_INSTALLED = {"site-packages", "dist-packages"}


class Place(Struct, frozen=True):
    """A line of a file, and what stands in it."""

    file: str
    line: int
    source: str | UnsetType = UNSET


def place_of(raised: BaseException) -> Place | None:
    """The innermost line of a person's own code that it came through, or None.

    Of a group, that of its first member; that of the group where no line is known of the member,
    which may never have been raised itself. A file below the current folder is named from there,
    and the source is without secrets, and unset where it is long.
    """
    found = _line_of(raised)
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
        found = _line_of(raised) or found
    found = _line_of(carried(raised)) or found
    return found and Place(_from_here(found.file), found.line, _shown(found.source))


def _line_of(raised: BaseException) -> Place | None:
    known = getattr(raised, "place", None)
    if isinstance(known, Place):  # it stands in for one of another program's
        return known
    trace = [(frame.f_code.co_filename, line) for frame, line in walk_tb(raised.__traceback__)]
    if isinstance(raised, SyntaxError):  # of a file that was never run
        trace.append((raised.filename or "<", raised.lineno or 1))
    own = [(file, line) for file, line in trace if _is_own(file)]
    return Place(*own[-1], linecache.getline(*own[-1])) if own else None


def _is_own(file: str) -> bool:
    return not file.startswith(_NOT_OWN) and _INSTALLED.isdisjoint(Path(file).parts)


def _from_here(file: str) -> str:
    try:
        return str(Path(file).relative_to(Path.cwd()))
    except (ValueError, OSError):  # it is elsewhere, or the current folder is gone
        return file


def _shown(source: str | UnsetType) -> str | UnsetType:
    text = source or ""
    return shortened(text.strip(), _LONGEST) if 0 < len(text) <= _LONGEST else UNSET
