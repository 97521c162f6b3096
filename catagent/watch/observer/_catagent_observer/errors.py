"""What an exception says of itself, so that whoever reads it can tell whose error it was."""

from __future__ import annotations

import linecache
import os
from collections.abc import Mapping
from traceback import walk_tb
from typing import Any

from _catagent_observer.values import class_name, said_by

_MOST_SAID = 4096
_MOST_MEMBERS = 20
_DEEPEST = 8
_MOST_BODY = 1 << 16
# The least HTTP status that is no answer.
_LEAST = 300
_WAITS = ("retry-after-ms", "retry-after")
_LIBRARIES = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_STANDARD_LIBRARY = os.path.dirname(os.__file__) + os.sep
_CATAGENT = __file__.partition(f"{os.sep}watch{os.sep}observer{os.sep}")[0] + os.sep


def describe(error: BaseException, depth: int = 0) -> dict[str, Any]:
    """Its classes, words and whereabouts, what it came from, and what a server sent with it."""
    names = {kind.__name__ for kind in type(error).__mro__}
    first, cause = next(iter(error.args), None), error.__cause__ or error.__context__
    found = {
        "key": id(error),
        "mro": [class_name(kind) for kind in type(error).__mro__[:-1]],
        "message": said_by(error)[:_MOST_SAID],
        "errno": _get(error, "errno"),
        "recorded": _get(error, "catagent_recorded"),
        "place": _place(error),
        **_refusal(error),
        "code": _get(error, "code") if "SystemExit" in names else None,
        "interrupts": first if "GraphInterrupt" in names else None,
        "command": first if "ParentCommand" in names else None,
    }
    if depth < _DEEPEST:
        members = _get(error, "exceptions") if "BaseExceptionGroup" in names else ()
        found["members"] = [describe(each, depth + 1) for each in members[:_MOST_MEMBERS]] or None
        found["cause"] = None if cause is None else describe(cause, depth + 1)
    return {name: value for name, value in found.items() if value is not None}


def _get(value: Any, name: str) -> Any:
    """An attribute of a stranger's; None where there is none, or it raises."""
    try:
        return getattr(value, name, None)
    except Exception:
        return None


def _refusal(error: BaseException) -> dict[str, Any]:
    """What the SDKs of providers keep of an answer: they agree on where it is."""
    response, body = _get(error, "response"), _get(error, "body")
    status = [_get(error, "status_code"), _get(response, "status_code")]
    if isinstance(response, Mapping):  # AWS's SDK
        body = dict(response)
        status.append((response.get("ResponseMetadata") or {}).get("HTTPStatusCode"))
    if type(error).__module__.startswith("google."):
        status.append(_get(error, "code"))
    refused = next((int(each) for each in status if isinstance(each, int)), None)
    if refused is not None and refused < _LEAST:  # what failed is the reading of an answer
        return {}
    if not body and _get(response, "_content"):  # read by the program, not by us
        body = _get(response, "text")
    url, headers = _get(_get(error, "request"), "url"), _get(response, "headers") or {}
    waits = {name: str(headers[name]) for name in _WAITS if name in headers}
    return {
        "status": refused,
        "body": body[:_MOST_BODY] if isinstance(body, str) else body,
        "headers": waits or None,
        "url": None if url is None else said_by(url),
    }


def _place(error: BaseException) -> tuple[str, int, str] | None:
    """The innermost line of the person's own code that it came through: file, number, source."""
    trace = [(frame.f_code.co_filename, line) for frame, line in walk_tb(error.__traceback__)]
    if isinstance(error, SyntaxError):  # of a file that was never run
        trace.append((error.filename or "<", error.lineno or 1))
    own = [place for place in trace if _is_own(place[0])]
    return (*own[-1], linecache.getline(*own[-1])[:_MOST_SAID]) if own else None


def _is_own(file: str) -> bool:
    is_library = any(folder in file for folder in _LIBRARIES)
    return not is_library and not file.startswith(("<", _STANDARD_LIBRARY, _CATAGENT))
