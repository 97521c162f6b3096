"""Exceptions of other programs, as the observer describes them: the same errors come of them."""

from __future__ import annotations

import dataclasses
import json
import sys
from collections.abc import Callable
from typing import Any

import httpx2 as httpx
import msgspec
import openai
import pytest
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

from catagent.failures.classify import Owner, error_info
from catagent.sources.nodes import interrupts_of
from catagent.sources.standins import Exceptions
from catagent.watch.process import Records
from tests.support.watched import OBSERVER

REQUEST = httpx.Request("POST", "http://localhost:8080/v1/chat/completions")
OWNERS = (None, Owner("model", "m"), Owner("tool", "look"), Owner("node", "n"))


def refused(kind: type[openai.APIStatusError], status: int, said: str, **headers: str) -> Exception:
    body = {"message": said, "code": "insufficient_quota" if "quota" in said else None}
    response = httpx.Response(status, headers=headers, json={"error": body}, request=REQUEST)
    return kind(said, response=response, body=body)


def unconnected() -> Exception:
    error = openai.APIConnectionError(request=REQUEST)
    error.__cause__ = httpx.ConnectError("[Errno 111] Connection refused")
    error.__cause__.__cause__ = ConnectionRefusedError(111, "Connection refused")
    return error


def raised(error: BaseException) -> BaseException:
    """With a place in a person's own code, which is this one."""
    try:
        raise error
    except BaseException as caught:
        return caught


def carried() -> BaseException:
    error = RuntimeError("generator raised StopIteration")
    error.__cause__ = StopIteration()
    return error


ERRORS: dict[str, Callable[[], BaseException]] = {
    "key": lambda: refused(openai.AuthenticationError, 401, "bad key"),
    "quota": lambda: refused(openai.RateLimitError, 429, "over your quota"),
    "wait": lambda: refused(openai.RateLimitError, 429, "slowly", **{"retry-after": "900"}),
    "server": lambda: refused(openai.InternalServerError, 503, "overloaded"),
    "long": lambda: refused(openai.BadRequestError, 400, "maximum context length is 10"),
    "connection": unconnected,
    "timeout": lambda: openai.APITimeoutError(request=REQUEST),
    "files": lambda: OSError(24, "Too many open files"),
    "value": lambda: raised(ValueError("no cat")),
    "key error": lambda: raised(KeyError("cat")),
    "nameless": lambda: raised(ZeroDivisionError()),
    "JSON": lambda: json.JSONDecodeError("Expecting value", "x", 0),
    "group": lambda: raised(ExceptionGroup("two", [ValueError("a"), KeyError("b")])),
    "exit": lambda: SystemExit(3),
    "carried": carried,
    "unicode": lambda: UnicodeDecodeError("utf-8", b"x", 0, 1, "bad"),
}


@pytest.fixture
def described(monkeypatch: pytest.MonkeyPatch) -> Callable[[BaseException], dict[str, Any]]:
    """What a viewer reads of an exception."""
    monkeypatch.setattr(sys, "path", [str(OBSERVER), *sys.path])
    from _catagent_observer.errors import describe
    from _catagent_observer.values import Encoder, dumps

    def read(error: BaseException) -> dict[str, Any]:
        line = dumps(["error", 1, 1, Encoder().value(describe(error))])
        record = Records().read(line.encode())
        assert record is not None
        told: dict[str, Any] = record[3]
        return told

    return read


@pytest.mark.parametrize("name", ERRORS)
def test_an_exception_is_reported_as_the_one_that_it_stands_for(
    name: str, described: Callable[[BaseException], dict[str, Any]]
) -> None:
    error = ERRORS[name]()
    stand_in = Exceptions().of(described(error))
    for owner in OWNERS:
        assert error_info(stand_in, owner) == error_info(error, owner)


def test_the_same_exception_is_the_same_object(
    described: Callable[[BaseException], dict[str, Any]],
) -> None:
    error, exceptions = ValueError("no cat"), Exceptions()
    outer = ExceptionGroup("all", [error])
    group: Any = exceptions.of(described(outer))
    [member] = group.exceptions
    assert member is exceptions.of(described(error))
    assert member is not exceptions.of(described(ValueError("another")))


def test_what_a_graph_asks_is_read_off_its_exception(
    described: Callable[[BaseException], dict[str, Any]],
) -> None:
    asked = GraphInterrupt([Interrupt(value={"ok": "?"}, id="1")])
    [found] = interrupts_of(Exceptions().of(described(asked)))
    assert (found.id, found.value) == ("1", {"ok": "?"})
    assert msgspec.to_builtins(dict(found)) == dataclasses.asdict(asked.args[0][0])
