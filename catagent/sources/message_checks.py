"""What LangChain takes for success and is none: cut streams, failures, half-written calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import count
from typing import TYPE_CHECKING, Any

from catagent.errors import CatagentError, ModelError, NetworkError
from catagent.events import types as ev
from catagent.failures.server_words import one_line, words_in
from catagent.redact import shortened
from catagent.sources.finish_reasons import (
    announces_a_call,
    finish_reason_of,
    is_failed,
    is_whole,
    warning_code,
)
from catagent.sources.messages import has_raw_call

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage

# Those whose streams always say why they ended; the silence of others means nothing.
_ALWAYS_TELL = frozenset({"openai", "local"})
_BETTER = "try again, or a model that is better at calling tools"


class WrittenArgs:
    """The tool calls of one message as a model writes them, before anything is repaired."""

    def __init__(self) -> None:
        self._calls: dict[object, list[str]] = {}
        self._ids: list[str | None] = []

    def add(self, pieces: Iterable[Mapping[str, Any]]) -> None:
        """Take the `tool_call_chunks` of one streamed chunk."""
        for piece in pieces:
            index = piece["index"]
            # Without an index nothing is merged: every piece is a whole call.
            key = object() if index is None else index
            if key not in self._calls:
                self._calls[key] = [piece["name"] or ""]
                self._ids.append(piece["id"])
            self._calls[key].append(piece["args"] or "")

    def order(self, calls: Iterable[Mapping[str, Any]]) -> Iterator[int]:
        """The place of each of the message's calls among those streamed: some came to nothing."""
        names = [name for name, *_ in self._calls.values()]
        left = dict(enumerate(zip(names, self._ids, strict=True)))
        further = count(len(names))
        for call in calls:
            meant = (place for place in left if left[place] == (call["name"], call["id"]))
            place = next(meant, next(iter(left), -1))
            left.pop(place, None)
            yield next(further) if place < 0 else place

    def __iter__(self) -> Iterator[tuple[str, str]]:
        return ((name, "".join(args) or "{}") for name, *args in self._calls.values())


def check_message(
    message: AIMessage, name: str, streamed: WrittenArgs | None = None, provider: str = ""
) -> CatagentError | None:
    """What is wrong with a model's finished message, or None. `name` is the model run's name.

    `provider` is who LangChain takes for the model's, as far as it says.

    `streamed` holds the arguments as they were streamed, None for a message that came whole. To
    be asked before a tool runs: LangChain repairs half-written arguments and would execute them,
    and takes a stream that broke off for a whole one.
    """
    if streamed is not None and _broke_off(message, provider):
        return NetworkError(
            f"The stream of {name} was cut off: it ended without a finish reason.",
            hint="try again; if it happens often, look at the server or a proxy in between",
        )
    if is_failed(message):
        return _failed(message)
    if (error := _missing_call(message)) is not None:
        return error
    for tool, args in (*(streamed or ()), *_invalid(message)):
        if not _is_object(args):
            return _broken_args(tool, args, finish_reason_of(message))
    return None


def warnings_for(message: AIMessage, name: str) -> Iterator[ev.WarningData]:
    """What a person should know about a model's message that is not an error."""
    if not is_whole(message):
        code, reason = warning_code(message), finish_reason_of(message)
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
    if announces_a_call(message) and not (calls or has_raw_call(message)):
        reason = finish_reason_of(message)
        words = f"The model announced a tool call that never came (finish reason {reason})."
    elif not all(call["name"] for call in calls):
        words = "The model called a tool without its name."
    else:
        return None
    return ModelError(words, hint=_BETTER)


def _invalid(message: AIMessage) -> Iterator[tuple[str, str]]:
    for call in message.invalid_tool_calls:
        yield call["name"] or "", call["args"] or ""


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
