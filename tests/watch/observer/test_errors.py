"""What is recorded of an exception."""

from __future__ import annotations

from typing import Any

import httpx2 as httpx
import openai
import pytest
from _catagent_observer.errors import describe
from langgraph.errors import GraphInterrupt
from langgraph.types import Interrupt

REQUEST = httpx.Request("POST", "https://example.com/v1/chat")


class SilentError(Exception):
    """One that fails when it is asked anything."""

    def __str__(self) -> str:
        raise AssertionError

    @property
    def response(self) -> Any:
        raise AssertionError


def raised(error: BaseException) -> dict[str, Any]:
    try:
        raise error
    except BaseException as caught:
        return describe(caught)


def test_the_refusal_of_a_server_has_its_status_body_wait_and_address() -> None:
    headers = {"retry-after": "7", "set-cookie": "secret"}
    response = httpx.Response(429, headers=headers, request=REQUEST)
    error = openai.RateLimitError("slow down", response=response, body={"code": "rate_limit"})
    found = raised(error)
    assert found["mro"][0] == "openai.RateLimitError"
    assert found["mro"][-1] == "builtins.BaseException"
    assert (found["status"], found["body"]) == (429, {"code": "rate_limit"})
    assert found["headers"] == {"retry-after": "7"}
    assert found["url"] == "https://example.com/v1/chat"


def test_an_answer_that_cannot_be_read_was_not_refused() -> None:
    error = ValueError("Invalid JSON")
    error.response = httpx.Response(200, text="{", request=REQUEST)  # type: ignore[attr-defined]
    assert not raised(error).keys() & {"status", "body"}


def test_the_line_is_the_innermost_of_the_persons_own_code() -> None:
    found = raised(ValueError("no"))
    assert found["place"][0] == __file__
    with pytest.raises(ValueError, match="int") as caught:
        int("x")
    assert describe(caught.value)["place"][1] == caught.traceback[-1].lineno + 1


def test_what_it_came_from_and_what_is_in_a_group_is_described() -> None:
    group = ExceptionGroup("two", [ValueError("a"), KeyError("b")])
    group.__cause__ = OSError(5, "below")
    found = raised(group)
    assert [each["message"] for each in found["members"]] == ["a", "'b'"]
    assert (found["cause"]["errno"], found["cause"]["key"]) == (5, id(group.__cause__))


def test_a_cause_that_leads_back_comes_to_an_end() -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__context__, second.__context__ = second, first
    assert describe(first)["cause"]["cause"]["message"] == "a"


def test_an_error_that_fails_when_asked_is_still_named() -> None:
    found = raised(SilentError())
    assert (found["mro"][0], found["message"]) == (f"{__name__}.SilentError", "")


def test_an_interrupt_says_what_is_asked() -> None:
    asked = [Interrupt("sure?", id="i")]
    assert raised(GraphInterrupt(asked))["interrupts"] == asked


def test_an_exit_says_its_code() -> None:
    assert raised(SystemExit(3))["code"] == 3
