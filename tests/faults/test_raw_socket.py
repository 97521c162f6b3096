"""Bodies and streams byte by byte, from a server that shares no code with the scripted one.

It takes any request and writes what it was given to a plain socket.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import with_server
from tests.support.warm import Done, Warm

Bytes = Callable[[], Iterable[bytes]]


class RawServer:
    """Answers every request on 127.0.0.1 with the same bytes, and hangs up."""

    def __init__(self, reply: Bytes) -> None:
        self.requests = 0
        self._reply = reply
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/v1"
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self._socket.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head, _, body = b"", b"", b""
            while b"\r\n\r\n" not in head:
                head += self._more(connection)
            head, _, body = head.partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(maxsplit=1)[0])
            while len(body) < length:
                body += self._more(connection)
            self.requests += 1
            for piece in self._reply():
                connection.sendall(piece)

    @staticmethod
    def _more(connection: socket.socket) -> bytes:
        data = connection.recv(1 << 16)
        if not data:
            raise ConnectionError
        return data


@contextlib.contextmanager
def serving(reply: Bytes) -> Iterator[RawServer]:
    server = RawServer(reply)
    try:
        yield server
    finally:
        server.close()


def refusing(
    status: int, body: bytes | str, kind: str = "application/json", *headers: str
) -> Bytes:
    """A response that ends where the connection does."""
    lines = [f"HTTP/1.1 {status} Whatever", f"content-type: {kind}", "connection: close", *headers]
    head = "\r\n".join((*lines, "", "")).encode()
    return lambda: [head, body if isinstance(body, bytes) else body.encode()]


def asked(warm: Warm, home: Path, url: str, *arguments: str, **env: str) -> Done:
    environment = with_server(home, url, CATAGENT_HISTORY="false", **env)
    return warm.run(["ask", "hi", "--model", "openai:stub", *arguments], environment)


def error_of(done: Done) -> dict[str, Any]:
    error: dict[str, Any] = done.events[-1]["data"]["error"]
    assert done.events[-1]["type"] == "run.finished"
    assert done.err.decode().startswith(f"catagent: error: {error['message']}\n")
    assert "Traceback" not in done.err.decode()
    return error


PAGE = "<html><head><title>Gone fishing</title><style>p {}</style></head><p>boo &amp; co"
BODIES: dict[str, tuple[int, bytes | str, str]] = {
    "detail": (401, '{"detail": "boo"}', "boo"),
    "error as a string": (403, '{"error": "boo"}', "boo"),
    "a list": (400, '[{"error": {"message": "boo", "code": 400}}]', "boo"),
    "places": (422, '{"detail": [{"loc": ["body", "n"], "msg": "boo"}]}', "body.n: boo"),
    "a problem": (404, '{"type": "about:blank", "title": "So", "detail": "boo"}', "So: boo"),
    "AWS": (400, '{"__type": "x#Denied", "Message": "boo"}', "boo"),
    "text": (401, "boo\n  and more", "boo and more"),
    "a page": (403, PAGE, "Gone fishing boo & co"),
    "nothing": (401, "", "Whatever"),
    "latin-1": (401, "müde".encode("latin-1"), "müde"),
    "UTF-16": (401, '{"detail": "müde"}'.encode("utf-16"), "müde"),
    "deep": (400, '{"message": "boo", "at": ' + "[" * 900 + "]" * 900 + "}", "boo"),
    "10 MB": (400, json.dumps({"error": {"message": "boo " * 2_500_000}}), "boo boo boo"),
}


@pytest.mark.parametrize("form", BODIES)
def test_a_servers_own_words_reach_the_person(warm: Warm, tmp_path: Path, form: str) -> None:
    status, body, words = BODIES[form]
    with serving(refusing(status, body)) as server:
        message = error_of(asked(warm, tmp_path, server.url))["message"]
    assert f"(HTTP {status}): {words}" in message
    assert len(message) < 2200


def test_packed_words_are_unpacked_as_far_as_they_came(warm: Warm, tmp_path: Path) -> None:
    for body in (gzip.compress(b'{"detail": "boo"}'), gzip.compress(b"boo" * 999)[:-9]):
        reply = refusing(401, body, "text/plain", "content-encoding: gzip")
        with serving(reply) as server:
            assert "(HTTP 401): boo" in error_of(asked(warm, tmp_path, server.url))["message"]


def test_what_is_no_text_is_not_shown(warm: Warm, tmp_path: Path) -> None:
    with serving(refusing(400, bytes(range(256)) * 8)) as server:
        message = error_of(asked(warm, tmp_path, server.url))["message"]
    assert message.endswith("(HTTP 400): something that is not text")


@pytest.mark.parametrize("pause", [0, 0.1])
def test_a_body_without_an_end_is_let_go_of(warm: Warm, tmp_path: Path, pause: float) -> None:
    """As fast as it can, and so slowly that it would take days."""
    stop = threading.Event()

    def endless() -> Iterator[bytes]:
        yield from refusing(400, "boo ")()
        while not stop.wait(pause):
            yield b"boo " * (1 if pause else 1 << 14)

    with serving(endless) as server:
        message = error_of(asked(warm, tmp_path, server.url))["message"]
        stop.set()
    assert "(HTTP 400): boo boo" in message


def test_a_secret_in_a_servers_words_is_masked_before_they_are_joined_or_cut(
    warm: Warm, tmp_path: Path
) -> None:
    secret = "canary 47110\n  815 cat"
    for body in (
        f"boo {secret}",
        f"<p>boo</p>{secret}<p>boo",
        json.dumps({"error": {"message": "x" * 1990 + secret}}),
    ):
        with serving(refusing(401, body)) as server:
            done = asked(warm, tmp_path, server.url, SOME_API_KEY=secret)
        assert "canary" not in f"{done.out!r} {done.err!r}"
        assert b"HTTP 401" in done.err


QUOTAS = {
    "OpenAI": (429, {"error": {"message": "No.", "code": "insufficient_quota"}}),
    "OpenAI by type": (429, {"error": {"message": "No.", "type": "insufficient_quota"}}),
    "a hard limit": (429, {"error": {"message": "No.", "code": "billing_hard_limit_reached"}}),
    "Anthropic": (400, {"error": {"message": "Your credit balance is too low to go on."}}),
    "OpenRouter": (402, {"error": {"message": "Insufficient credits. Add more.", "code": 402}}),
    "DeepSeek": (402, {"error": {"message": "Insufficient Balance"}}),
    "a proxy": (500, {"error": {"message": "No.", "code": "insufficient_user_quota"}}),
    "402": (402, {"error": {"message": "No."}}),
    "xAI": (429, {"code": "Some resource has been exhausted", "error": "Its spending limit."}),
    "a day's": (
        429,
        [{"error": {"message": "Quota.", "details": [{"quotaId": "RequestsPerDayPerProject"}]}}],
    ),
}


@pytest.mark.parametrize("form", QUOTAS)
def test_a_quota_that_is_used_up_is_reported_at_once(warm: Warm, tmp_path: Path, form: str) -> None:
    status, body = QUOTAS[form]
    with serving(refusing(status, json.dumps(body))) as server:
        error = error_of(asked(warm, tmp_path, server.url))
    assert server.requests == 1
    assert error["message"].startswith(f"The quota of this key is used up (HTTP {status}): ")
    assert error["hint"] == "check the plan and billing"


GOOGLES = "You exceeded your current quota, please check your plan and billing details."
PASSING = {
    "a minute's": ({"error": {"message": f"{GOOGLES} Please retry in 0.01s."}}, ()),
    "in details": (
        {
            "error": {
                "message": GOOGLES,
                "details": [{"quotaId": "RequestsPerMinute"}, {"retryDelay": "0.01s"}],
            }
        },
        (),
    ),
    "with Retry-After": ({"error": {"message": GOOGLES}}, ("retry-after: 0.01",)),
    "rate": ({"error": {"message": "Rate limit, quota", "code": "rate_limit_exceeded"}}, ()),
}


@pytest.mark.parametrize("form", PASSING)
def test_a_quota_that_fills_again_is_waited_for(warm: Warm, tmp_path: Path, form: str) -> None:
    body, headers = PASSING[form]
    with serving(refusing(429, json.dumps(body), "application/json", *headers)) as server:
        error = error_of(asked(warm, tmp_path, server.url, "--max-retries", "1"))
    assert server.requests == 2
    assert error["message"].startswith("Too many requests (HTTP 429): ")


def test_the_wait_that_is_asked_for_in_the_body_is_kept_to(warm: Warm, tmp_path: Path) -> None:
    for seconds, requests in (("0.01", 2), ("3600", 1)):
        body = {"error": {"message": "Slow.", "details": [{"retryDelay": f"{seconds}s"}]}}
        with serving(refusing(429, json.dumps(body))) as server:
            done = asked(warm, tmp_path, server.url, "--max-retries", "1")
        assert server.requests == requests
        waits = [e["data"]["delay_s"] for e in done.events if e["type"] == "retry"]
        assert waits == [0.01] * (requests - 1)
    assert "asks to wait 3600 s" in error_of(done)["hint"]


STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n"


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    choice = {"index": 0, "delta": fields, "finish_reason": finish_reason}
    return b"data: " + json.dumps({"id": "c", "choices": [choice]}).encode() + b"\n\n"


def calling(*pieces: str) -> Bytes:
    """One call of get_items with these pieces of arguments, and then an answer."""
    replies = iter([pieces])

    def reply() -> Iterator[bytes]:
        yield STREAM
        call: dict[str, Any] = {"id": "1", "function": {"name": "get_items"}}
        arguments = next(replies, ())
        for piece in arguments:
            function = {**call.pop("function", {}), "arguments": piece}
            yield delta(tool_calls=[{"index": 0, **call, "function": function}])
            call.clear()
        yield delta("tool_calls") if arguments else delta("stop", content="Done.")
        yield b"data: [DONE]\n\n"

    return reply


ask_both = pytest.mark.parametrize("agent", ["cat", "cat-classic"])


@ask_both
@pytest.mark.parametrize("size", [1 << 14, 1 << 19])
def test_large_pieces_of_arguments_do_not_stand_still(
    warm: Warm, tmp_path: Path, agent: str, size: int
) -> None:
    """In quadratic time 512 kB in one piece would take an hour."""
    reply = calling('{"place": "', *["x " * (size // 2)] * 3, '"}')
    with serving(reply) as server:
        done = asked(warm, tmp_path, server.url, "--agent", agent)
    assert (done.code, done.err) == (0, b"")
    place = next(e["data"]["tool_input"]["place"] for e in done.events if e["type"] == "action")
    assert len(place) == 3 * size


@ask_both
@pytest.mark.parametrize("depth", [500, 900, 5000])
def test_arguments_nested_deeply_are_read_or_the_models_error(
    warm: Warm, tmp_path: Path, agent: str, depth: int
) -> None:
    reply = calling('{"place": "x", "at": ' + "[" * depth + "]" * depth + "}")
    with serving(reply) as server:
        done = asked(warm, tmp_path, server.url, "--agent", agent)
    if done.code:
        error = error_of(done)
        assert error["kind"] == "model"
        assert "are not a JSON object" in error["message"]


@pytest.mark.parametrize("depth", [500, 900, 100_000])
def test_an_error_nested_deeply_is_the_models(warm: Warm, tmp_path: Path, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    for frame in (f'{{"error": {{"message": "boo", "at": {nested}}}}}', nested):
        reply = [STREAM, f"data: {frame}\n\n".encode()]
        with serving(partial(iter, reply)) as server:
            error = error_of(asked(warm, tmp_path, server.url))
        assert error["kind"] == "model"
        assert "defect" not in error["message"]


def test_a_line_without_an_end_is_let_go_of(warm: Warm, tmp_path: Path) -> None:
    def endless() -> Iterator[bytes]:
        yield STREAM + b"data: "
        while True:
            yield b"x" * (1 << 20)

    with serving(endless) as server:
        error = error_of(asked(warm, tmp_path, server.url))
    assert error["message"] == "The server's stream holds an event of over 64 MB."
