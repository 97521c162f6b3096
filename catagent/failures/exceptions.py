"""What an exception says of itself: its words, the frames it came through, what it came from.

All is read off names of classes and frames, so that nothing needs to be imported for it: not the
SDK of a provider that is not in use, not LangChain for a replay.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from types import TracebackType

from catagent.redact import shortened

FILES_USED_UP = (errno.EMFILE, errno.ENFILE)
_TOOL_FRAMES = ("langchain_core/tools/base.py",)
_MODEL_FRAMES = (
    "langchain_core/language_models/chat_models.py",
    "langchain_core/language_models/llms.py",
)
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


def out_of_groups(raised: BaseException) -> BaseException:
    """Of a group the first that is in it: a TaskGroup's own words say only how many failed."""
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    return raised


def raised_by(raised: BaseException) -> tuple[str | None, str]:
    """Who raised it: "tool" or "model", the innermost of them, and the name of the tool."""
    owner, tool = None, ""
    for frame in _frames(raised):
        file = frame.tb_frame.f_code.co_filename.replace("\\", "/")
        if file.endswith(_TOOL_FRAMES):
            owner = "tool"
            tool = str(getattr(frame.tb_frame.f_locals.get("self"), "name", "")) or tool
        elif file.endswith(_MODEL_FRAMES):
            owner = "model"
    return owner, tool


def _frames(raised: BaseException) -> Iterator[TracebackType]:
    """The frames that it came through; for a group, those of the first in it come after its own."""
    trace = raised.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next
    if isinstance(raised, BaseExceptionGroup):
        yield from _frames(raised.exceptions[0])


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
        cause = out_of_groups(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__
