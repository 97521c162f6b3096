"""What servers mean by their chunks, in the form that ChatOpenAI reads.

Every chunk is made anew of what is known in it: servers that are called compatible differ in all
of it, and what ChatOpenAI does not expect it drops without a word, or fails at.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from openai.types.chat.chat_completion_chunk import ChatCompletionChunk

from catagent.models.openai_client.tool_calls import ToolCalls

_ONCE = ("model", "system_fingerprint", "service_tier")
# What the SDK's own objects cannot be without.
_FRAME = {"id": "", "object": "chat.completion.chunk", "created": 0, "model": ""}
_MOST = 2**53
_COUNTS = {
    "prompt_tokens": ("prompt_tokens", "input_tokens"),
    "completion_tokens": ("completion_tokens", "output_tokens"),
}
_DETAILS = ("prompt_tokens_details", "completion_tokens_details")
# As servers call it: DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama.
_REASONING = ("reasoning_content", "reasoning", "thinking")


class Deltas:
    """The chunks of one stream, read in their order.

    `wants_function` says whether the request offers functions of the old kind, for which the old
    kind of call is the answer.
    """

    def __init__(self, wants_function: Callable[[], bool]) -> None:
        self._wants_function = wants_function
        self._calls = ToolCalls()
        self._choice: str | None = None
        self._has_others = False
        self._reasons: list[str] = []
        self._counted: dict[str, Any] = {}
        self._extra: dict[str, Any] = {}
        self._has_deltas = self._has_role = False

    def read(self, found: dict[str, Any]) -> dict[str, Any]:
        """The chunk as ChatOpenAI reads it. Raises AttributeError, TypeError or ValueError."""
        choice, has_others = self._mine(found.get("choices") or [])
        chunk: dict[str, Any] = {"choices": [], "usage": None}
        if usage := _usage_in(found, found.get("x_groq"), choice):
            chunk["usage"] = _growth(usage, self._counted)
        if choice is not None:
            delta, reason = self._delta(choice), self._reason(choice.get("finish_reason"))
            form = {"index": 0, "delta": delta, "finish_reason": reason}
            if isinstance(logprobs := choice.get("logprobs"), dict):
                form["logprobs"] = logprobs
            chunk["choices"] = [form]
            if reason and len(self._reasons) == 1:
                chunk |= {key: found[key] for key in _ONCE if isinstance(found.get(key), str)}
        if has_others and not self._has_others:
            self._has_others = chunk["has_other_answers"] = True
        return chunk

    def _mine(self, choices: list[dict[str, Any]]) -> tuple[dict[str, Any] | None, bool]:
        """The choice that is read, the first that ever came, and whether there are others."""
        if not isinstance(choices, list):
            raise TypeError(choices)
        if choices and self._choice is None:
            self._choice = str(choices[0].get("index") or 0)
        mine = [choice for choice in choices if str(choice.get("index") or 0) == self._choice]
        return mine[0] if mine else None, len(choices) > len(mine[:1])

    def _delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        found = choice.get("delta")
        self._has_deltas = self._has_deltas or bool(found)
        if not self._has_deltas:  # a message, or the text of a completion
            found = choice.get("message") or {"text": choice.get("text")}
        found = found or {}
        content, reasoning = _content(found.get("content", found.get("text")))
        delta: dict[str, Any] = {"content": content}
        if not self._has_role:
            delta["role"], self._has_role = "assistant", True
        for key in _REASONING:
            if found.get(key):
                reasoning = _content(found[key])[0]
        if reasoning:
            is_text = isinstance(reasoning, str)
            delta["reasoning_content"] = reasoning if is_text else json.dumps(reasoning)
        if found.get("refusal"):
            delta["refusal"] = found["refusal"]
            delta["content"] = (content or "") + found["refusal"]
        self._add_calls(found, delta)
        if extra := found.get("extra_content"):
            delta["extra_content"] = _unseen(extra, self._extra)
        return delta

    def _add_calls(self, found: dict[str, Any], delta: dict[str, Any]) -> None:
        pieces, function = found.get("tool_calls"), found.get("function_call")
        if function and not pieces:
            if self._wants_function():
                delta["function_call"] = dict(function)
            else:
                pieces = [{"function": function}]
        if pieces:
            delta["tool_calls"] = self._calls.read(pieces)
            if self._calls.extras:
                delta["tool_call_extras"] = self._calls.extras

    def _reason(self, given: Any) -> str | None:
        """The finish reason, once, since LangChain adds up texts; another one after it as well."""
        reason = str(given or "")
        if reason in ("", "null", *self._reasons):
            return None
        self._reasons.append(reason)
        return reason if len(self._reasons) == 1 else f", {reason}"


def as_object(chunk: dict[str, Any]) -> ChatCompletionChunk:
    """A chunk that was read as the object that the SDK parses an answer from."""
    form: dict[str, Any] = {**_FRAME, **chunk}
    return ChatCompletionChunk.construct(**form)


def error_in(found: dict[str, Any]) -> Any:
    """What a choice, or Groq in a part of its own, says of a failure; None where none did.

    Raises TypeError for what is not a chunk.
    """
    for part in (*(found.get("choices") or ()), found.get("x_groq")):
        if isinstance(part, dict) and (error := part.get("error")):
            return error
        if isinstance(part, dict) and str(part.get("finish_reason")).lower() == "error":
            return "the answer ends with the finish reason error"
    return None


def _content(found: Any) -> tuple[Any, str]:
    """Content and the reasoning in it: a text where it is no more than that, else its blocks."""
    if found is None or isinstance(found, str):
        return found, ""
    blocks = [found] if isinstance(found, dict) else found
    texts: dict[str, str] = {"text": "", "thinking": ""}
    for block in blocks:
        kind = "text" if isinstance(block, str) else block.get("type")
        if kind not in texts:
            return blocks, ""
        inner = block if isinstance(block, str) else block.get(kind)
        texts[kind] += _content(inner)[0] or ""
    return texts["text"], texts["thinking"]


def _usage_in(*places: Any) -> dict[str, Any] | None:
    """The counts of tokens in the first of the places that has any: all of them, or none."""
    for place in places:
        usage = place.get("usage") if isinstance(place, dict) else None
        if isinstance(usage, dict) and (counts := _counts(usage)):
            return counts
    return None


def _counts(usage: Mapping[str, Any]) -> dict[str, Any] | None:
    counts: dict[str, Any] = {}
    for key, names in _COUNTS.items():
        given = [usage[name] for name in names if _is_count(usage.get(name))]
        if not given:
            return None
        counts[key] = given[0]
    total = usage.get("total_tokens")
    counts["total_tokens"] = total if _is_count(total) else sum(counts.values())
    for key in _DETAILS:
        if isinstance(details := usage.get(key), dict):
            counts[key] = {name: n for name, n in details.items() if _is_count(n)}
    return counts


def _is_count(value: Any) -> bool:
    return type(value) is int and 0 <= value < _MOST


def _growth(now: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """What counts have grown by: a server that sends several sends totals, LangChain adds up."""
    grown: dict[str, Any] = {}
    for key, value in now.items():
        if isinstance(value, dict):
            grown[key] = _growth(value, seen.setdefault(key, {}))
        else:
            before = seen.get(key, 0)
            grown[key], seen[key] = max(0, value - before), max(value, before)
    return grown


def _unseen(found: dict[str, Any], seen: dict[str, Any]) -> dict[str, Any]:
    """What of an object was not there before: LangChain adds up what comes twice."""
    new: dict[str, Any] = {}
    for key, value in found.items():
        if isinstance(value, dict):
            new[key] = _unseen(value, seen.setdefault(key, {}))
        elif key not in seen:
            new[key] = seen[key] = value
    return new


def offers_functions(request_body: bytes) -> bool:
    """Whether a request offers functions of the old kind."""
    return "functions" in json.loads(request_body)
