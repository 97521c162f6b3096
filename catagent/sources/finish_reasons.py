"""Why a model stopped: whether its message is whole, in the words of any provider."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from catagent.redact import shortened

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

# Where providers put it; Amazon's is the one in two cases.
_KEYS = ("finish_reason", "stop_reason", "stopReason", "done_reason")
# What OpenAI's Responses have instead; elsewhere a status may be anything.
_STATUS = frozenset({"completed", "incomplete", "failed", "cancelled", "in_progress", "queued"})
# What says that nothing is missing, in small letters. Whatever is not here says the contrary.
_WHOLE = frozenset(
    {
        *("stop", "end_turn", "stop_sequence", "completed", "complete", "tool_calls", "tool_call"),
        *("tool_use", "function_call", "eos", "eos_token", "end_of_text", "endoftext", "end"),
        *("normal", "finished", "done", "reason_stop", "reason_tool_calls", "finish", "eod"),
    }
)
_FILTERED = frozenset({"content_filter", "refusal", "safety"})
_TOO_LONG = frozenset({"length", "max_tokens", "incomplete"})
_REPEATED = re.compile(r"(.+?)\1*", re.DOTALL)
_SHOWN = 100


def finish_reason_of(message: BaseMessage) -> str | None:
    """Why the model stopped, in its provider's own word."""
    metadata = message.response_metadata
    given = next(filter(None, map(metadata.get, _KEYS)), None)
    if given is None and (status := str(metadata.get("status"))) in _STATUS:
        given = status
    if type(given) is str and given in _WHOLE:  # where to look for secrets would take 100 us
        return given
    return None if given is None else shortened(str(given), _SHOWN)


def is_whole(message: BaseMessage) -> bool:
    """Whether nothing says that the message is not whole."""
    return _words(message) <= _WHOLE


def is_failed(message: BaseMessage) -> bool:
    """Whether the model failed midway."""
    return any("error" in word or word == "failed" for word in _words(message))


def announces_a_call(message: BaseMessage) -> bool:
    """Whether the model stopped for the sake of a tool call, well written or not."""
    return any("tool" in word or "function" in word for word in _words(message))


def warning_code(message: BaseMessage) -> str:
    """What a program knows the reason of a message that is not whole by."""
    words = _words(message)
    if words & _FILTERED:
        return "content_filter"
    return "length" if words & _TOO_LONG else "incomplete"


def _words(message: BaseMessage) -> frozenset[str]:
    """The reasons in small letters: several, where a server gave one after the other.

    `FinishReason.STOP` is an enumeration's, `stopstop` LangChain's sum of what came twice.
    """
    reason = finish_reason_of(message) or ""
    words = (word.rpartition(".")[2].lower() for word in reason.split(", ") if word)
    return frozenset(match[1] for word in words if (match := _REPEATED.fullmatch(word)))
