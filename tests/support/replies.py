"""Answers of the scripted server: replies, their faults, and their SSE bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Fault = Literal["disconnect", "cut", "malformed", "error_frame", "stall"]


@dataclass(frozen=True)
class Call:
    """One tool call: `args` are the JSON text as the model writes it, valid or not."""

    name: str
    args: str = "{}"
    id: str = "call_0"

    @classmethod
    def of(cls, name: str, call_id: str, **args: Any) -> Call:
        """A call with valid arguments."""
        return cls(name, json.dumps(args), call_id)


@dataclass(frozen=True)
class Reply:
    """One answer. Times are in seconds; `fault` strikes after `fault_after` streamed pieces.

    `pause` passes before the first piece and `pace` between two. `status` other than 200, or
    a `body`, sends `body` and `headers` and nothing of the rest.
    """

    tokens: Sequence[str] = ()
    reasoning: Sequence[str] = ()
    calls: Sequence[Call] = ()
    finish_reason: str | None = None
    usage: bool = True
    args_piece: int = 7
    delay: float = 0.0
    pause: float = 0.0
    pace: float = 0.0
    fault: Fault | None = None
    fault_after: int = 0
    status: int = 200
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """The finish_reason sent: the one asked for, or what a server would say."""
        return self.finish_reason or ("tool_calls" if self.calls else "stop")

    @property
    def usage_json(self) -> dict[str, int]:
        """Ten tokens in, one token out for every piece."""
        out = len(self.tokens) + len(self.reasoning) + sum(len(call.args) for call in self.calls)
        return {"prompt_tokens": 10, "completion_tokens": out, "total_tokens": 10 + out}


def failing(status: int, message: str = "scripted failure", **headers: str) -> Reply:
    """An HTTP error with OpenAI's error body; header names write `_` for `-`."""
    body = {"error": {"message": message, "type": "scripted_error", "param": None, "code": None}}
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=body, headers=names)


def streaming(body: bytes) -> Reply:
    """These bytes as the whole of an event stream."""
    return Reply(body=body, headers={"content-type": "text/event-stream"})


def streaming_chunks(*chunks: Any) -> Reply:
    """A stream of these chunks, of any JSON, and its end."""
    return streaming(b"".join(b"data: %b\n\n" % json.dumps(c).encode() for c in chunks) + DONE)


def streaming_deltas(*deltas: Any, reason: Any = "stop", **last: Any) -> Reply:
    """A stream of these deltas, then a choice with the finish reason and what else is in `last`."""
    chunks = [{"id": "c", "choices": [{"index": 0, "delta": delta}]} for delta in deltas]
    end = {"index": 0, "delta": {}, "finish_reason": reason, **last}
    return streaming_chunks(*chunks, {"id": "c", "model": "m", "choices": [end]})


_HEAD = '{"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":%s,'
DONE = b"data: [DONE]\n\n"
MALFORMED = b'data: {"id":"chatcmpl-1","choices":[{"del\n\n'
ERROR_FRAME = (
    b'data: {"error":{"message":"scripted error frame","type":"server_error","code":null}}\n\n'
)


def frame(chunk: bytes) -> bytes:
    """One SSE event as one HTTP chunk."""
    data = b"data: " + chunk + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


def http_chunk(data: bytes) -> bytes:
    """One HTTP chunk of bytes that are SSE already."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def _choice(head: str, delta: str, finish: str = "null") -> bytes:
    text = f'{head}"choices":[{{"index":0,"delta":{delta},"finish_reason":{finish}}}]}}'
    return frame(text.encode())


def pieces(reply: Reply, model: str) -> Iterator[bytes]:
    """The streamed pieces of a reply, encoded: reasoning, text, then arguments call by call."""
    head = _HEAD % json.dumps(model)
    yield _choice(head, '{"role":"assistant","content":""}')
    for token in reply.reasoning:
        yield _choice(head, f'{{"reasoning_content":{json.dumps(token)}}}')
    for token in reply.tokens:
        yield _choice(head, f'{{"content":{json.dumps(token)}}}')
    for index, call in enumerate(reply.calls):
        yield from (_choice(head, delta) for delta in _call_deltas(index, call, reply.args_piece))


def _call_deltas(index: int, call: Call, size: int) -> Iterator[str]:
    function = {"name": call.name, "arguments": ""}
    first = {"index": index, "id": call.id, "type": "function", "function": function}
    yield json.dumps({"tool_calls": [first]})
    for start in range(0, len(call.args), size):
        piece = {"arguments": call.args[start : start + size]}
        yield json.dumps({"tool_calls": [{"index": index, "function": piece}]})


def ending(reply: Reply, model: str, *, include_usage: bool) -> bytes:
    """What closes a healthy stream: finish_reason, usage where it was asked for, [DONE]."""
    head = _HEAD % json.dumps(model)
    end = _choice(head, "{}", json.dumps(reply.reason))
    if include_usage and reply.usage:
        end += frame(f'{head}"choices":[],"usage":{json.dumps(reply.usage_json)}}}'.encode())
    return end + http_chunk(DONE) + b"0\r\n\r\n"


def completion(reply: Reply, model: str) -> dict[str, Any]:
    """The reply as one answer that is not streamed."""
    message: dict[str, Any] = {"role": "assistant", "content": "".join(reply.tokens)}
    if reply.reasoning:
        message["reasoning_content"] = "".join(reply.reasoning)
    if reply.calls:
        message["tool_calls"] = [
            {"id": c.id, "type": "function", "function": {"name": c.name, "arguments": c.args}}
            for c in reply.calls
        ]
    choice = {"index": 0, "message": message, "finish_reason": reply.reason}
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": model}
    return {**answer, "choices": [choice], **({"usage": reply.usage_json} if reply.usage else {})}
