"""What an exception says of itself: its words, what is in it, what it came from.

All is read off names of classes, so that nothing needs to be imported for it: not the SDK of a
provider that is not in use, not LangChain for a replay.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator

from catagent.redact import shortened

FILES_USED_UP = (errno.EMFILE, errno.ENFILE)
MOST_MEMBERS = 20
_MOST_SAID = 2000
# The SDK's, for an error in a stream that it does not understand.
_NO_WORDS = "An error occurred during streaming"


def words_of(raised: BaseException) -> str:
    """Its message in one line, without secrets; the name of its class where it has none."""
    try:
        text = str(_words(raised) or raised)
    except Exception:  # an exception whose own __str__ fails still has to be reported
        text = ""
    text = re.sub(r"^Error code: \d+( - )?", "", " ".join(text.split()))
    return shortened(text, _MOST_SAID) or type(raised).__name__


def _words(raised: BaseException) -> object:
    """Its message; what the server sent, where the SDK found no message in it."""
    message, body = getattr(raised, "message", ""), getattr(raised, "body", None)
    return body if message == _NO_WORDS and isinstance(body, str) else message


def described(raised: BaseException) -> str:
    """The name of its class and its words, where it has any."""
    name, said = type(raised).__name__, words_of(raised)
    return name if said == name else f"{name}: {said}"


def members_of(raised: BaseException) -> list[BaseException]:
    """What is in a group and in the groups in it, in order, up to a bound; itself if no group."""
    found: list[BaseException] = []
    waiting = [raised]
    while waiting and len(found) < MOST_MEMBERS:
        member = waiting.pop()
        if isinstance(member, BaseExceptionGroup):
            waiting.extend(reversed(member.exceptions))
        else:
            found.append(member)
    return found


def status_of(raised: BaseException) -> int | None:
    """The HTTP status that a server refused a request with; the SDKs agree on where it is."""
    status = getattr(raised, "status_code", None)
    return status if isinstance(status, int) else None


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
