"""A server's own words, in whatever form they come, and how long it takes to find them."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from catagent.errors import CredentialsError, ModelError
from catagent.failures.classify import Owner, classify
from catagent.failures.server_words import one_line, words_in

MODEL = Owner("model", "some")


@pytest.mark.parametrize(
    "found",
    [
        {"detail": "boo"},
        {"error": "boo"},
        {"error": {"message": "boo", "type": "x", "code": 1}},
        [{"error": {"code": 400, "message": "boo", "details": [{"reason": "API"}]}}],
        {"message": "boo"},
        {"errors": ["boo"]},
        {"success": False, "errors": [{"code": 10000, "message": "boo"}], "messages": []},
        {"error": {"error": {"message": "boo"}}},
        {"type": "about:blank", "title": "boo", "status": 403},
        {"__type": "com.amazon#AccessDenied", "Message": "boo"},
        {"msg": "boo"},
        {"error_description": "boo"},
        {"reason": "boo"},
        {"base_resp": {"status_code": 1004, "status_msg": "boo"}},
        {"fault": {"faultstring": "boo", "detail": {"errorcode": "x"}}},
        {"internalServerException": {"message": "boo", "originalStatusCode": 500}},
        {"error": {"message": '{"error": {"message": "boo"}}'}},
        {"message": "<html><p>boo</p></html>"},
        '<?xml version="1.0"?><Error><Message><![CDATA[boo]]></Message></Error>',
        "<script>if (a < b) { c() }</script><!-- <p>no --><style>p {}</style>boo",
        '"boo"',
        " boo ",
    ],
)
def test_words_are_found_in_any_form(found: Any) -> None:
    assert words_in(found) == "boo"
    assert words_in(found if isinstance(found, str) else json.dumps(found)) == "boo"


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"statusCode": 401, "error": "Unauthorized", "message": "No key"}, "Unauthorized: No key"),
        (
            {"error": "invalid_grant", "error_description": "It ran out"},
            "invalid_grant: It ran out",
        ),
        ({"title": "No credit", "detail": "You have 3"}, "No credit: You have 3"),
        ({"error": "No", "message": "No key"}, "No key"),
        ({"errors": [{"message": "a"}, {"message": "b"}, {"message": "a"}]}, "a; b"),
        (
            {"detail": [{"loc": ["body", 0], "msg": "a"}, {"loc": ["query"], "msg": "b"}]},
            "body.0: a; query: b",
        ),
        (
            {"error": {"message": "Provider failed", "metadata": {"raw": '{"message": "boo"}'}}},
            "Provider failed: boo",
        ),
        ({"code": "x"}, '{"code": "x"}'),
        ("List<int> expected", "List<int> expected"),
        ("[oops] a=b", "[oops] a=b"),
        ("a=b", "a=b"),
        ("{}", ""),
        ("", ""),
        ("\x00\x01\x02", "something that is not text"),
    ],
)
def test_what_else_is_said_is_kept(found: Any, words: str) -> None:
    assert words_in(found) == words


@pytest.mark.parametrize("depth", [100, 500, 900, 100_000])
def test_what_is_nested_deeply_still_has_words(depth: int) -> None:
    nested = "[" * depth + "]" * depth
    assert "boo" in words_in(f'{{"error": {{"message": "boo", "at": {nested}}}}}')
    assert one_line(words_in(nested), 60).startswith("[[[")
    found: Any = None
    for _ in range(depth):
        found = [found]
    assert words_in({"message": "boo", "at": found}) == "boo"
    words_in(found)
    while found:
        found = found[0]  # or Python would take them apart one inside the other


PAGES: dict[str, Callable[[int], str]] = {
    "brackets": lambda n: "<" * n,
    "open tags": lambda n: "<a " * n,
    "open scripts": lambda n: "<script>" * n,
    "open comments": lambda n: "<!--" * n,
    "entities": lambda n: "&#" + "9" * n + ";",
    "objects": lambda n: "[" + '{"a":{"b":{}}},' * n + "1]",
    "names": lambda n: json.dumps({f"k{i}": {} for i in range(n)}),
    "a string": lambda n: json.dumps({"error": "x y " * n}),
}


@pytest.mark.parametrize("form", PAGES)
def test_a_page_eight_times_as_long_takes_no_more_than_linear_time(form: str) -> None:
    def cost(size: int) -> float:
        text = PAGES[form](size)
        gc.disable()  # what it costs depends on all the objects of the process
        began = time.process_time()
        one_line(words_in(text), 2000)
        took = time.process_time() - began
        gc.enable()
        return took

    assert min(map(cost, [200_000] * 3)) < 24 * min(map(cost, [25_000] * 3)) + 0.05


class ProviderError(Exception):
    """As SDKs have it: what was sent is in its fields."""

    def __init__(self, said: str, **fields: Any) -> None:
        super().__init__(said)
        self.__dict__.update(fields)


BODY = {"type": "error", "error": {"type": "x", "message": "boo"}}


@pytest.mark.parametrize(
    "raised",
    [
        ProviderError("Error code: 401", status_code=401, body=BODY),
        ProviderError("no", status_code=401, body=json.dumps(BODY)),
        ProviderError("no", response=httpx2.Response(401, json=BODY)),
        ProviderError("no", response=httpx2.Response(401, text="boo"), body=None),
        ProviderError(
            "no",
            response={
                "Error": {"Code": "boo", "Message": "boo"},
                "ResponseMetadata": {"HTTPStatusCode": 401},
            },
        ),
        ProviderError("Error code: 401 - boo", status_code=401, body=None),
        ProviderError(json.dumps(BODY), status_code=401),
    ],
)
def test_other_providers_errors_are_read_the_same(raised: Exception) -> None:
    error = classify(raised, MODEL)
    assert isinstance(error, CredentialsError)
    assert error.message == "The server refused the API key (HTTP 401): boo"


def test_a_body_that_nobody_has_read_is_no_failure_of_its_own() -> None:
    response = httpx2.Response(503, stream=httpx2.ByteStream(b"boo"))
    error = classify(ProviderError("", response=response), MODEL)
    assert error.message == "The server failed (HTTP 503): Service Unavailable"


def test_an_error_that_is_a_dict_is_read() -> None:
    """LangChain raises ValueError with a response's `error` as it is."""
    error = classify(ValueError({"message": "boo", "code": 1}), MODEL)
    assert error.message == "The model failed: ValueError: boo"


def test_anthropics_credit_is_a_quota() -> None:
    body = {"type": "error", "error": {"message": "Your credit balance is too low to go on."}}
    error = classify(ProviderError("no", status_code=400, body=body), MODEL)
    assert isinstance(error, ModelError)
    assert error.hint == "check the plan and billing"
