"""What an exception says of itself: its words, what is in it, and what it came from.

All is read off names of classes, so that nothing needs to be imported for it: not the SDK of a
provider that is not in use, not LangChain for a replay.
"""

import errno
import re
from collections.abc import Iterator, Mapping
from typing import Any

from catagent.failures.server_words import one_line, parsed, words_in

FILES_USED_UP = (errno.EMFILE, errno.ENFILE)
MOST_MEMBERS = 20
_MOST_SAID = 2000
# The least HTTP status that is no answer: SDKs put a response on what fails in reading it, too.
_REFUSED = 300


def words_of(raised: BaseException) -> str:
    """Its message in one line, without secrets; the name of its class where it has none."""
    return one_line(_message(raised), _MOST_SAID) or type(raised).__name__


def server_words_of(raised: BaseException) -> str:
    """What the server said that it came from, in one line, without secrets; else `words_of` it."""
    sent = sent_with(raised)
    said = words_in(sent) if sent else _message(raised)
    phrase = str(getattr(getattr(raised, "response", None), "reason_phrase", ""))
    return one_line(said or phrase, _MOST_SAID) or words_of(raised)


def sent_with(raised: BaseException) -> Any:
    """The body of an error, parsed or as text, where the SDK of a provider keeps it; else None."""
    response = getattr(raised, "response", None)
    if isinstance(response, Mapping):  # AWS's SDK
        return response
    if (_number(response, "status_code") or _REFUSED) < _REFUSED:  # what was sent is an answer
        return None
    try:
        text = getattr(response, "text", None)
    except Exception:  # nobody has read the body, and nobody can any more
        text = None
    if isinstance(text, str) and text:
        return text
    parts = (getattr(raised, "body", None), *raised.args[:1], parsed(_message(raised)))
    found = next((part for part in parts if isinstance(part, Mapping | list) and part), None)
    return found or (parts[0] if isinstance(parts[0], str) else None)


def _message(raised: BaseException) -> str:
    try:
        text = str(getattr(raised, "message", "") or raised)
    except Exception:  # an exception whose own __str__ fails still has to be reported
        return ""
    return re.sub(r"^Error code: \d+( - )?", "", text)


def described(raised: BaseException) -> str:
    """The name of its class and its words, where it has any."""
    name, said = type(raised).__name__, words_of(raised)
    return name if said == name else f"{name}: {said}"


def names_of(raised: BaseException) -> set[str]:
    """The names of its class and of those that this one is made from."""
    return {kind.__name__ for kind in type(raised).__mro__}


def members_of(raised: BaseException) -> list[BaseException]:
    """What is in a group and in the groups in it, in order, up to a bound; itself if no group.

    A StopIteration that came in a RuntimeError is itself.
    """
    found: list[BaseException] = []
    waiting = [raised]
    while waiting and len(found) < MOST_MEMBERS:
        member = waiting.pop()
        if isinstance(member, BaseExceptionGroup):
            waiting.extend(reversed(member.exceptions))
        else:
            found.append(carried(member))
    return found


def first_of(raised: BaseException) -> BaseException:
    """What is in a group first, at any depth; itself if that is none."""
    while isinstance(raised, BaseExceptionGroup) and raised.exceptions:
        raised = raised.exceptions[0]
    return raised


def carried(raised: BaseException) -> BaseException:
    """The StopIteration in a RuntimeError: Python and LangChain let none out of what they run."""
    cause = raised.__cause__
    if type(raised) is RuntimeError and isinstance(cause, StopIteration | StopAsyncIteration):
        said = str(raised)
        return cause if not said or said.endswith(f" raised {type(cause).__name__}") else raised
    return raised


def status_of(raised: BaseException) -> int | None:
    """The HTTP status that a server refused a request with; the SDKs agree on where it is."""
    response = getattr(raised, "response", None)
    found = [_number(raised, "status_code"), _number(response, "status_code")]
    if isinstance(response, Mapping):  # AWS's SDK
        found.append((response.get("ResponseMetadata") or {}).get("HTTPStatusCode"))
    if type(raised).__module__.startswith("google."):
        found.append(_number(raised, "code"))
    return next((status for status in found if status is not None and status >= _REFUSED), None)


def _number(holder: object, name: str) -> int | None:
    found = getattr(holder, name, None)
    return int(found) if isinstance(found, int) else None


def root_errno(raised: BaseException) -> int | None:
    """The number of the system error at the bottom of it, if that is one."""
    return getattr(root_of(raised), "errno", None)


def root_of(raised: BaseException) -> BaseException:
    """What it came from in the first place; itself where it came from nothing."""
    return list(causes_of(raised))[-1]


def causes_of(raised: BaseException) -> Iterator[BaseException]:
    """The exception, and what it came from, down to the first."""
    seen: set[int] = set()
    cause: BaseException | None = raised
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        cause = members_of(cause)[0]
        yield cause
        cause = cause.__cause__ or cause.__context__
