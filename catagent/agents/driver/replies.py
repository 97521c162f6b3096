"""LangChain's chunks, results and errors, made again of what was recorded of a call."""

from __future__ import annotations

import builtins
import importlib
import itertools
import json
from collections.abc import Iterator
from typing import Any

_CHANNELS = ("text", "reasoning")
_USAGE = ("input_tokens", "output_tokens", "total_tokens")


def result_of(items: list[dict[str, Any]]) -> Any:
    """What a call of a model came to; of a text-completion model one for each prompt."""
    if items[0]["kind"] == "chat_model":
        chat: Any = importlib.import_module("langchain_core.language_models.chat_models")
        return chat.generate_from_stream(chunks_of(items[0]))
    told = ({"text": item["text"], "generation_info": _info(item)} for item in items)
    outputs = _of("outputs")
    return outputs.LLMResult(generations=[[outputs.Generation(**each)] for each in told])


def chunks_of(item: dict[str, Any]) -> Iterator[Any]:
    """What a model streamed, piece by piece, and what it cost; at once, if nothing was streamed."""
    outputs, messages = _of("outputs"), _of("messages")
    if item["kind"] != "chat_model":
        for said in [each["delta"] for each in item["tokens"]] or [item["text"]]:
            yield outputs.GenerationChunk(text=said)
        return
    kwargs = dict((item["message"] or {}).get("additional_kwargs") or {})
    for piece in _pieces(item, kwargs):
        message = messages.AIMessageChunk(**{"content": "", **piece})
        yield outputs.ChatGenerationChunk(message=message)
    if item["message"]:
        last = {"additional_kwargs": kwargs, "usage_metadata": _usage(item["usage"])}
        message = messages.AIMessageChunk(content="", **last)
        yield outputs.ChatGenerationChunk(message=message, generation_info=_info(item))


def _pieces(item: dict[str, Any], kwargs: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The fields of chunks. What is streamed of the `kwargs` is taken out of them."""
    message, tokens = item["message"] or {}, item["tokens"]
    said = message.get("blocks") or message.get("content") or item["text"] or ""
    is_list = isinstance(said, list)
    blocks = [*said] if is_list and tokens and all("index" in each for each in said) else []
    places = {} if is_list or not tokens else {each: _place(item, each) for each in _CHANNELS}
    for place in places.values():
        kwargs.pop(place, None)
    if not (blocks or places):
        yield {"content": said}
    for token in tokens:
        if token["channel"] == "tool_args":
            told = (token.get(name) for name in ("tool", "call_id", "delta", "index"))
            yield _call_piece(*told)
        elif blocks and token["channel"] in _CHANNELS:
            yield from _block_pieces(blocks, token["delta"])
        elif token["channel"] in places:
            place, delta = places[token["channel"]], token["delta"]
            yield {"additional_kwargs": {place: delta}} if place else {"content": delta}
    yield from ({"content": [block]} for block in blocks)
    if not any(each["channel"] == "tool_args" for each in tokens):
        yield from itertools.starmap(_whole_call, enumerate(message.get("tool_calls") or ()))


def _whole_call(index: int, call: dict[str, Any]) -> dict[str, Any]:
    args = call["args"] if isinstance(call["args"], str) else json.dumps(call["args"])
    return _call_piece(call["name"], call["id"], args, index)


def _call_piece(name: Any, call_id: Any, args: Any, index: Any) -> dict[str, Any]:
    call = {"name": name, "id": call_id, "args": args, "index": index, "type": "tool_call_chunk"}
    return {"tool_call_chunks": [call]}


def _block_pieces(blocks: list[dict[str, Any]], delta: str) -> Iterator[dict[str, Any]]:
    """The blocks before the one that this is the next part of, and the part; gone from `blocks`."""
    while blocks:
        block = blocks.pop(0)
        texts = ((key, block.get(key)) for key in ("text", "thinking", "reasoning"))
        found = ((key, text) for key, text in texts if text and text.startswith(delta))
        key, text = next(found, ("", ""))
        yield {"content": [{**block, key: delta} if key else block]}
        if key:
            rest = {"type": block["type"], "index": block["index"], key: text[len(delta) :]}
            blocks[:0] = [rest] if rest[key] else []
            return


def _place(item: dict[str, Any], channel: str) -> str:
    """Which of the keyword arguments of a message a channel is in, empty for its content."""
    whole = "".join(each["delta"] for each in item["tokens"] if each["channel"] == channel)
    message = item["message"] or {}
    if channel == "text" and whole == message.get("content", whole):
        return ""
    kwargs = message.get("additional_kwargs") or {}
    found = (key for key, value in kwargs.items() if whole and value == whole)
    return next(found, "" if channel == "text" else "reasoning_content")


def _info(item: dict[str, Any]) -> dict[str, Any]:
    found = {"finish_reason": item["finish_reason"], "model_name": item["model"]}
    found["model_provider"] = item["provider"]  # by which LangChain reads what is in a message
    return {name: value for name, value in found.items() if value}


def _usage(counts: Any) -> Any:
    if counts is None:
        return None
    cached, thought = counts["cached_tokens"], counts["reasoning_tokens"]
    details = {"input_token_details": {"cache_read": cached}} if cached is not None else {}
    details |= {"output_token_details": {"reasoning": thought}} if thought is not None else {}
    return {key: counts[key] or 0 for key in _USAGE} | details


def error_of(told: dict[str, Any]) -> Exception:
    """The error that was recorded: of Python's class where it has it, else of one by its name."""
    name, words = told["type"], told["message"]
    words = words.partition(f" failed: {name}: ")[2] or words
    known = {**vars(builtins), "ToolException": _of("tools").ToolException}.get(name)
    is_known = isinstance(known, type) and issubclass(known, Exception)
    kind: Any = known if is_known else type(name, (Exception,), {})
    made: Any = kind.__new__(kind, words)
    made.args, made.catagent_recorded = (words,), told
    error: Exception = made
    return error


def output_of(item: dict[str, Any], has_artifact: bool) -> Any:
    """What a tool returned; where it `has_artifact`, in two parts."""
    found = _rebuilt(item["content"]) if "content" in item else item["output"]
    if has_artifact:
        return getattr(found, "content", found), getattr(found, "artifact", None)
    if item["status"] == "error" and isinstance(found, str) and item["call_id"]:
        told = {"name": item["name"], "tool_call_id": item["call_id"], "status": "error"}
        return _of("messages").ToolMessage(content=found, **told)
    return found


def _rebuilt(value: Any) -> Any:
    """Messages, commands and sends, made of their plain form, wherever they are in a value."""
    if isinstance(value, list):
        return [*map(_rebuilt, value)]
    if not isinstance(value, dict):
        return value
    if value.keys() >= {"type", "content", "tool_calls", "tool_call_id"}:
        return _message(value)
    fields = {key: _rebuilt(each) for key, each in value.items()}
    for mark, name in (("$command", "Command"), ("$send", "Send")):
        if fields.keys() == {mark}:
            return getattr(importlib.import_module("langgraph.types"), name)(**fields[mark])
    return fields


def _message(form: dict[str, Any]) -> Any:
    fields = {key: value for key, value in form.items() if value not in (None, [])}
    fields["content"] = fields.pop("blocks", form["content"])
    calls = fields.pop("tool_calls", [])
    if calls:
        fields["tool_calls"] = [{k: c[k] for k in ("id", "name", "args")} for c in calls]
    return _of("messages").messages_from_dict([{"type": fields.pop("type"), "data": fields}])[0]


def _of(module: str) -> Any:
    return importlib.import_module(f"langchain_core.{module}")
