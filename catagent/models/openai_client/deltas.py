"""What servers mean by their chunks, in the form that ChatOpenAI reads.

Every chunk is made anew of what is known in it: servers that are called compatible differ in all
of it, and what ChatOpenAI does not expect it drops without a word, or fails at.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any

from msgspec import Meta, Struct, ValidationError, convert, to_builtins

from catagent.models.openai_client.tool_calls import ToolCalls

_ONCE = ("model", "system_fingerprint", "service_tier")
# As servers call it: OpenRouter and Ollama; DeepSeek, vLLM and llama.cpp.
_REASONING = ("thinking", "reasoning", "reasoning_content")
# Content beside the text that comes as wholes: once or in many chunks, in the delta or outside.
_WHOLES = ("images", "videos", "annotations", "citations", "search_results", "executed_tools")
CONTENT = ("audio", "reasoning_details", *_WHOLES)
"""The names under which servers send content of other kinds than text."""

# What providers say of an answer that is not whole, where OpenRouter says `stop`.
_CUT_SHORT = frozenset(
    {
        *("length", "max_tokens", "max_output_tokens", "model_length", "safety", "recitation"),
        *("content_filter", "refusal", "error", "malformed_function_call"),
    }
)

_Count = Annotated[int, Meta(ge=0, lt=2**53)]


class _Details(Struct, omit_defaults=True):
    audio_tokens: _Count | None = None
    cached_tokens: _Count | None = None
    cache_write_tokens: _Count | None = None
    reasoning_tokens: _Count | None = None


class _Usage(Struct, omit_defaults=True):
    """The counts of tokens that LangChain reads."""

    prompt_tokens: _Count
    completion_tokens: _Count
    total_tokens: _Count | None = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None


class Deltas:
    """The chunks of one stream, read in their order.

    `wants_function` says whether the request offers functions of the old kind, for which the old
    kind of call is the answer.
    """

    def __init__(self, *, wants_function: bool) -> None:
        self._wants_function = wants_function
        self._calls = ToolCalls()
        self._reasons: list[str] = []
        self._extra: Any = None
        self._has_deltas = self._has_role = False
        self._wholes: dict[str, dict[str, Any]] = {}
        self._last: dict[str, Any] = {"choices": [], "usage": None}

    def read(self, found: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """The chunk as ChatOpenAI reads it, once for every piece of the answer in it.

        Raises AttributeError, KeyError, TypeError or ValueError for what is not a chunk.
        """
        choices = found.get("choices") or []
        mine = [choice for choice in choices if not int(choice.get("index") or 0)]
        if len(choices) > len(mine):  # of several answers the first is read
            self._last["has_other_answers"] = True
        if usage := _usage_in(found, found.get("x_groq"), *mine):
            self._last["usage"] = usage
        self._add_wholes(found)
        for choice in mine:
            reason = self._reason(_reason_in(choice))
            form = {"index": 0, "delta": self._delta(choice), "finish_reason": reason}
            if isinstance(logprobs := choice.get("logprobs"), dict):
                form["logprobs"] = logprobs
            chunk: dict[str, Any] = {"choices": [form], "usage": None}
            if reason and len(self._reasons) == 1:
                chunk |= {key: found[key] for key in _ONCE if isinstance(found.get(key), str)}
            yield chunk

    def last(self) -> Iterator[dict[str, Any]]:
        """The chunk with what is known of all of the answer, if that is anything, or all there is.

        Counts of tokens are in it alone: a server that sends several sends totals, which LangChain
        would add up.
        """
        self._last |= {key: list(items.values()) for key, items in self._wholes.items()}
        if not self._has_role or any(self._last.values()):
            yield self._last

    def _delta(self, choice: dict[str, Any]) -> dict[str, Any]:
        found = choice.get("delta") or {}
        self._has_deltas = self._has_deltas or bool(found)
        if not self._has_deltas:  # a message, or the text of a completion
            found = choice.get("message") or choice
        content, reasoning = _content(found.get("content", found.get("text")))
        delta: dict[str, Any] = {"content": content}
        if not self._has_role:
            delta["role"], self._has_role = "assistant", True
        for key in _REASONING:
            reasoning = found.get(key) or reasoning
        if reasoning:
            is_text = isinstance(reasoning, str)
            delta["reasoning_content"] = reasoning if is_text else json.dumps(reasoning)
            delta["wants_reasoning"] = bool(found.get("reasoning_content"))
        if refusal := found.get("refusal"):
            delta |= {"refusal": refusal, "content": (content or "") + refusal}
        if (extra := found.get("extra_content")) and extra != self._extra:
            delta["extra_content"] = self._extra = dict(extra)
        self._add_wholes(found)
        if found is not choice:
            self._add_wholes(choice)
        delta |= _pieces(found)
        self._add_calls(found.get("tool_calls"), found.get("function_call"), delta)
        return delta

    def _add_wholes(self, found: dict[str, Any]) -> None:
        """Keep what is not kept yet; of a tool's run, the output comes after the call."""
        for key in _WHOLES:
            for item in _listed(found.get(key)):
                is_tool = key == "executed_tools" and isinstance(item, dict)
                kept = self._wholes.setdefault(key, {})
                same = json.dumps(item.get("index") if is_tool else item)
                kept[same] = {**kept.get(same, {}), **item} if is_tool else item

    def _add_calls(self, pieces: Any, function: Any, delta: dict[str, Any]) -> None:
        if function and not pieces:
            if self._wants_function:
                delta["function_call"] = dict(function)
            else:
                pieces = [{"function": function}]
        if pieces:
            delta["tool_calls"] = self._calls.read(pieces)
            delta["tool_call_extras"] = self._calls.extras

    def _reason(self, given: Any) -> str | None:
        """The finish reason, once, since LangChain adds up texts; another one after it as well."""
        reason = str(given or "")
        if reason in ("", "null", *self._reasons):
            return None
        self._reasons.append(reason)
        return reason if len(self._reasons) == 1 else f", {reason}"


def _reason_in(choice: dict[str, Any]) -> Any:
    """Its finish reason; where that is `stop`, a provider's own word that says what is missing."""
    reason, native = choice.get("finish_reason"), choice.get("native_finish_reason")
    return native if reason == "stop" and str(native).lower() in _CUT_SHORT else reason


def _content(found: Any) -> tuple[Any, Any]:
    """Content and the reasoning in it: a text where it is no more than that, else its blocks."""
    if found is None or isinstance(found, str):
        return found, ""
    texts = {"text": "", "thinking": ""}
    for block in found:
        kind = block.get("type")
        if kind not in texts:
            return found, ""
        texts[kind] += _content(block.get(kind))[0] or ""
    return texts["text"], texts["thinking"]


def _pieces(found: dict[str, Any]) -> dict[str, Any]:
    """Audio and details of reasoning; without an index, by which LangChain joins unlike details."""
    audio = found.get("audio")
    details = (part for part in _listed(found.get("reasoning_details")) if isinstance(part, dict))
    parts = [{key: part[key] for key in part if key != "index"} for part in details]
    return {"audio": audio if isinstance(audio, dict) else None, "reasoning_details": parts}


def _listed(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _usage_in(*places: Any) -> dict[str, Any] | None:
    """The counts of tokens in the first of the places that has any that can be read."""
    for place in places:
        if isinstance(place, dict) and place.get("usage"):
            try:
                return to_builtins(convert(place["usage"], _Usage))  # type: ignore[no-any-return]
            except ValidationError:
                continue
    return None
