"""What was said, in the form that the conventions for generative AI give it."""

from typing import Any

from msgspec.structs import asdict

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts

_ROLES = {"human": "user", "ai": "assistant"}
# Of a text so many characters are sent: collectors refuse what is very large.
_LONGEST = 20_000


def content(event: ev.KnownEvent, prompts: Prompts) -> dict[str, str]:
    """What was said in an event, by the attribute that has it; `prompts` have taken the event."""
    match event:
        case ev.RunStarted(data=data):
            given = data.input if isinstance(data.input, str) else _json(data.input)
            return {"gen_ai.input.messages": _json([_said("user", _text(given))])}
        case ev.LlmStarted(data=data):
            sent = [each for each in prompts.messages(data) if isinstance(each, ev.Message)]
            tools = [asdict(each) for each in prompts.tools(data) if isinstance(each, ev.Tool)]
            return {
                "gen_ai.input.messages": _json([*map(_message, sent)]),
                "gen_ai.tool.definitions": _json([{"type": "function", **each} for each in tools]),
            }
        case ev.LlmFinished(data=data):
            thought = [{"type": "reasoning", "content": _cut(data.reasoning)}]
            parts = [
                *thought[: bool(data.reasoning)],
                *_text(data.text),
                *map(_call, data.tool_calls),
            ]
            answer = _said("assistant", parts) | {"finish_reason": data.finish_reason or ""}
            return {"gen_ai.output.messages": _json([answer])}
        case ev.ToolStarted(data=data) | ev.Action(data=data):
            return {"gen_ai.tool.call.arguments": _json(data.tool_input)}
        case ev.ToolFinished(data=data) | ev.Observation(data=data):
            return {"gen_ai.tool.call.result": _cut(data.output)}
        case ev.RunFinished(data=data) if data.output:
            return {"gen_ai.output.messages": _json([_said("assistant", _text(data.output))])}
    return {}


def _message(given: ev.Message) -> dict[str, Any]:
    if given.type == "tool":
        response = {"id": given.tool_call_id, "response": _cut(given.content)}
        return _said("tool", [{"type": "tool_call_response", **response}])
    parts = [*_text(given.content), *map(_call, given.tool_calls)]
    return _said(given.role or _ROLES.get(given.type, given.type), parts)


def _said(role: str, parts: list[dict[str, Any]]) -> dict[str, Any]:
    return {"role": role, "parts": parts}


def _text(text: str) -> list[dict[str, Any]]:
    return [{"type": "text", "content": _cut(text)}] if text else []


def _call(call: ev.ToolCall) -> dict[str, Any]:
    return {"type": "tool_call", "id": call.id, "name": call.name, "arguments": call.args}


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "…"


def _json(value: Any) -> str:
    return encode_plain(value).decode().rstrip("\n")
