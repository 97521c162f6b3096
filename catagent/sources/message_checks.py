"""Why a model stopped, and what LangChain takes for success and is none.

Cut streams, failures, half-written calls; the reasons in the words of any provider.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from catagent.errors import CatagentError, ModelError, NetworkError
from catagent.events import types as ev
from catagent.failures.server_words import one_line, words_in
from catagent.redact import shortened
from catagent.sources.messages import has_raw_call

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage


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


def _words(message: BaseMessage) -> frozenset[str]:
    """The reasons in small letters: several, where a server gave one after the other.

    `FinishReason.STOP` is an enumeration's, `stopstop` LangChain's sum of what came twice.
    """
    reason = finish_reason_of(message) or ""
    words = (word.rpartition(".")[2].lower() for word in reason.split(", ") if word)
    return frozenset(match[1] for word in words if (match := _REPEATED.fullmatch(word)))


# Those whose streams always say why they ended; the silence of others means nothing.
_ALWAYS_TELL = frozenset({"openai", "local"})
_BETTER = "try again, or a model that is better at calling tools"


class WrittenArgs:
    """The tool calls of one message as a model writes them, before anything is repaired."""

    def __init__(self) -> None:
        self._calls: dict[object, tuple[str, str | None, list[str]]] = {}

    def add(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Take the `tool_call_chunks` of one streamed chunk."""
        for piece in pieces:
            # Without an index nothing is merged: every piece is a whole call.
            key = object() if piece["index"] is None else piece["index"]
            _, _, args = self._calls.setdefault(key, (piece["name"] or "", piece["id"], []))
            args.append(piece["args"] or "")

    def order(self, calls: Iterable[Mapping[str, Any]]) -> Iterator[int]:
        """The place of each of the message's calls among those streamed: some came to nothing."""
        left = {place: call[:2] for place, call in enumerate(self._calls.values())}
        further = count(len(left))
        for call in calls:
            meant = (place for place in left if left[place] == (call["name"], call["id"]))
            place = next(meant, next(iter(left), -1))
            left.pop(place, None)
            yield next(further) if place < 0 else place

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, "".join(args) or "{}") for name, _, args in self._calls.values())


def check_message(
    message: AIMessage, name: str, streamed: WrittenArgs | None = None, provider: str = ""
) -> CatagentError | None:
    """What is wrong with a finished message of the model run `name`, or None.

    `streamed` has the arguments as they came, None for a message that came whole: LangChain repairs
    half-written ones and would run the tool, and takes a stream that broke off for a whole one.
    """
    if streamed is not None and _broke_off(message, provider):
        return NetworkError(
            f"The stream of {name} was cut off: it ended without a finish reason.",
            hint="try again; if it happens often, look at the server or a proxy in between",
        )
    if any("error" in word or word == "failed" for word in _words(message)):
        return _failed(message)
    if (error := _missing_call(message)) is not None:
        return error
    invalid = ((call["name"] or "", call["args"] or "") for call in message.invalid_tool_calls)
    for tool, args in (*(streamed or ()), *invalid):
        if not _is_object(args):
            return _broken_args(tool, args, finish_reason_of(message))
    return None


def warnings_for(message: AIMessage, name: str) -> Iterator[ev.WarningData]:
    """What a person should know about a model's message that is not an error."""
    if not is_whole(message):
        words, reason = _words(message), finish_reason_of(message)
        code = "length" if words & _TOO_LONG else "incomplete"
        code = "content_filter" if words & _FILTERED else code
        yield ev.WarningData(
            code=code,
            message=f"{name} was cut short (finish reason {reason}); its text is incomplete.",
            hint="raise the model's output limit" if code == "length" else "",
        )
    if message.response_metadata.get("has_other_answers"):
        yield ev.WarningData(
            code="other_answers",
            message=f"{name} was sent several answers at once; only the first is used.",
        )
    if message.additional_kwargs.get("refusal"):
        yield ev.WarningData(
            code="refusal", message=f"{name} refused to answer; its text says why."
        )
    ids = [call["id"] for call in message.tool_calls]
    if len(set(ids)) < len(ids):
        yield ev.WarningData(
            code="duplicate_tool_call_id",
            message=f"{name} used one id for several tool calls; their tokens may be mixed up.",
        )


def _broke_off(message: AIMessage, provider: str) -> bool:
    # The message itself says it only where at least one chunk held a choice.
    providers = {provider, message.response_metadata.get("model_provider")}
    return not providers.isdisjoint(_ALWAYS_TELL) and finish_reason_of(message) is None


def _failed(message: AIMessage) -> ModelError:
    words = words_in(message.response_metadata.get("error") or "")
    reason = words or f"it ended its answer with the finish reason {finish_reason_of(message)}"
    return ModelError(f"The model failed midway: {one_line(reason, 300)}", hint="try again later")


def _missing_call(message: AIMessage) -> ModelError | None:
    """A call that was announced and did not come, or that does not say what is called."""
    calls = [*message.tool_calls, *message.invalid_tool_calls]
    announced = any("tool" in word or "function" in word for word in _words(message))
    if announced and not (calls or has_raw_call(message)):
        reason = finish_reason_of(message)
        words = f"The model announced a tool call that never came (finish reason {reason})."
    elif not all(call["name"] for call in calls):
        words = "The model called a tool without its name."
    else:
        return None
    return ModelError(words, hint=_BETTER)


def _is_object(args: str) -> bool:
    try:
        return isinstance(json.loads(args), dict)
    except (ValueError, RecursionError):  # the latter: too deep to be read, by a tool either
        return False


def _broken_args(tool: str, args: str, reason: str | None) -> ModelError:
    end = shortened(args, 60, end=True)
    cut = " The model reached its output limit." if reason == "length" else ""
    return ModelError(
        f"The arguments that the model wrote for {tool} are not a JSON object: {end!r}.{cut}"
        " The tool was not run.",
        hint=_BETTER,
    )
