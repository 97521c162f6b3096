"""A server that refuses what OpenAI refuses: calls without results, results without a call."""

from __future__ import annotations

from tests.support.replies import Reply, failing
from tests.support.server import Request, Script


def strict(script: Script) -> Script:
    """`script` for conversations in which every call is followed by its result, else a 400."""

    def checked(request: Request) -> Reply:
        problem = _problem(request)
        return failing(400, problem) if problem else script(request)

    return checked


def _problem(request: Request) -> str:
    awaited: set[str] = set()
    for message in request.messages:
        if message["role"] == "tool":
            if message["tool_call_id"] not in awaited:
                return f"no call before the result {message['tool_call_id']}"
            awaited.remove(message["tool_call_id"])
        elif awaited:
            break
        else:
            awaited = {call["id"] for call in message.get("tool_calls") or ()}
    return f"no result after the calls {sorted(awaited)}" if awaited else ""
