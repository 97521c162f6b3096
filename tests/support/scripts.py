"""Scripts for the scripted server: the cat agent's run, whole, parallel, and with faults."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Literal

from catagent.agents import cat_prompts
from tests.support.replies import Call, Reply, failing
from tests.support.server import Request, Script

PLACE = "under the sofa"
WHERE_TOKENS = ("under ", "the ", "sofa")
ANSWER_TOKENS = ("The ", "cat ", "is ", "**under the sofa**", ".")
JOKE_TOKENS = ("j0 ", "j1 ", "j2 ")

Target = Literal["agent", "where", "items", "joke", "any"]


@lru_cache(maxsize=64)
def tokens_of(call: int, count: int) -> tuple[str, ...]:
    """Unique tokens: `t0 t1 …` of the first call, `b.t0 b.t1 …` of the second, and so on."""
    prefix = f"{chr(ord('a') + call)}." if call else ""
    return tuple(f"{prefix}t{i} " for i in range(count))


def place_of(call: int) -> str:
    """The place that the get_items call of this index asks about."""
    return f"{PLACE} {call}" if call else PLACE


def target(request: Request) -> Target:
    """Which model of the cat agent asks: the agent itself, or the one inside a tool."""
    if request.tools:
        return "agent"
    if request.prompt == cat_prompts.WHERE_PROMPT:
        return "where"
    if request.prompt.startswith(cat_prompts.ITEMS_PROMPT.partition("{")[0]):
        return "items"
    return "joke" if request.prompt.startswith(cat_prompts.JOKE_PROMPT.partition("{")[0]) else "any"


def cat(tokens: int = 20, parallel: int = 1, *, joke: bool = False, pace: float = 0.0) -> Script:
    """where_cat_is_hiding, then `parallel` get_items (and a joke), then the answer."""

    def script(request: Request) -> Reply:
        match target(request):
            case "agent":
                return _decide(len(request.observations), parallel, joke=joke)
            case "where":
                return Reply(WHERE_TOKENS, pace=pace)
            case "items":
                return Reply(tokens_of(_call_index(request, parallel), tokens), pace=pace)
            case _:
                return Reply(JOKE_TOKENS, pace=pace)

    return script


def _decide(done: int, parallel: int, *, joke: bool) -> Reply:
    if done == 0:
        return Reply(calls=[Call.of("where_cat_is_hiding", "call_where")])
    if done == 1:
        calls = [
            Call.of("get_items", f"call_items_{i}", place=place_of(i)) for i in range(parallel)
        ]
        topic = Call.of("tell_me_a_joke_about", "call_joke", topic="cats")
        return Reply(calls=[*calls, topic] if joke else calls)
    return Reply(ANSWER_TOKENS)


def _call_index(request: Request, parallel: int) -> int:
    text = json.dumps(request.prompt)
    return next((i for i in range(parallel - 1, 0, -1) if place_of(i) in text), 0)


def with_fault(script: Script, at: Target, times: int | None = None, **changes: object) -> Script:
    """`script`, with the replies to `at` changed: `fault="cut"`, `finish_reason="length"`, ….

    For the agent only its last reply, the answer, is changed. `times` bounds how often.
    """
    left = [times]

    def faulty(request: Request) -> Reply:
        reply = script(request)
        if target(request) != at or (at == "agent" and reply.calls) or left[0] == 0:
            return reply
        left[0] = None if left[0] is None else left[0] - 1
        return dataclasses.replace(reply, **changes)  # type: ignore[arg-type]

    return faulty


def failing_first(script: Script, reply: Reply, times: int = 1, at: Target = "agent") -> Script:
    """`script`, but the first `times` requests of `at` get `reply`."""
    left = [times]

    def faulty(request: Request) -> Reply:
        if target(request) == at and left[0] > 0:
            left[0] -= 1
            return reply
        return script(request)

    return faulty


def calling(
    *calls: Call,
    answer: Reply | None = None,
    finish_reason: str | None = None,
    first: Reply | None = None,
) -> Script:
    """The agent makes these calls at once, or those in `first`, then it answers.

    Tools' models say t0 t1 t2.
    """

    def script(request: Request) -> Reply:
        if target(request) != "agent":
            return Reply(tokens_of(0, 3))
        if request.observations:
            return answer or Reply(ANSWER_TOKENS)
        return first or Reply(calls=calls, finish_reason=finish_reason)

    return script


def endless(pace: float = 0.0) -> Script:
    """The agent never stops to call where_cat_is_hiding."""

    def script(request: Request) -> Reply:
        if target(request) != "agent":
            return Reply(WHERE_TOKENS, pace=pace)
        call_id = f"call_{len(request.observations)}"
        return Reply(calls=[Call.of("where_cat_is_hiding", call_id)])

    return script


def saying(*tokens: str, **fields: object) -> Script:
    """The agent answers at once, without tools."""
    return lambda _: Reply(tokens, **fields)  # type: ignore[arg-type]


_REFUSALS = {"unauthorized": 401, "rate_limited": 429, "unavailable": 503}
_REASONS = ("length", "content_filter")
_FAULTS = ("disconnect", "cut", "malformed", "error_frame", "stall")


def _named(name: str, tokens: int = 20, pace: float = 0.0) -> Script:
    base = cat(tokens, pace=pace)
    if name in _REFUSALS:
        return lambda _: failing(_REFUSALS[name], retry_after="1")
    if name in _REASONS:
        return with_fault(base, "agent", finish_reason=name)
    if name in _FAULTS:
        return with_fault(base, "items", fault=name, fault_after=tokens // 2)
    others: dict[str, Script] = {
        "parallel": cat(tokens, 4, pace=pace),
        "joke": cat(tokens, joke=True, pace=pace),
        "endless": endless(pace),
        "truncated_args": calling(Call("get_items", '{"place": "under the so')),
    }
    return others.get(name, base)


SCRIPTS: dict[str, Callable[..., Script]] = {
    name: partial(_named, name)
    for name in (
        *("cat", "parallel", "joke", "endless", "truncated_args"),
        *(*_REFUSALS, *_REASONS, *_FAULTS),
    )
}
