"""Whose error it is, judged by the exceptions themselves, raised by the real libraries."""

from __future__ import annotations

import asyncio
import json
import sys

import httpx2
import openai
import pytest
from langchain_core.tools import tool

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    ExitCode,
    ModelError,
    NetworkError,
    RunTimeoutError,
    StepLimitError,
    ToolError,
    UsageError,
)
from catagent.failures.classify import Owner, classify

SHAKY = Owner("tool", "shaky")
MODEL = Owner("model", "gpt")
REQUEST = httpx2.Request("POST", "http://127.0.0.1/v1/chat/completions")


def refused(status: int, message: str = "no") -> openai.APIStatusError:
    """The SDK's own error for this answer."""
    response = httpx2.Response(status, json={"error": {"message": message}}, request=REQUEST)
    return openai.OpenAI(api_key="k")._make_status_error_from_response(response)


@pytest.mark.parametrize(
    ("raised", "kind", "message", "hint"),
    [
        (refused(401), CredentialsError, "refused the API key", "OPENAI_API_KEY"),
        (refused(403), CredentialsError, "denied access", "another key"),
        (refused(404, "no model x"), ModelError, "no model x", "--model"),
        (refused(400, "maximum context length is 1"), ModelError, "too long", "larger context"),
        (refused(422, "what?"), ModelError, "did not accept the request (HTTP 422): what?", ""),
        (refused(429, "slow down"), ModelError, "Too many requests", "--max-retries"),
        (refused(429, "you exceeded your quota"), ModelError, "quota", "billing"),
        (refused(503, "busy"), ModelError, "The server failed (HTTP 503): busy", "later"),
        (openai.APITimeoutError(REQUEST), RunTimeoutError, "silent for too long", "--idle-timeout"),
        (openai.APIConnectionError(request=REQUEST), NetworkError, "broke off", "try again"),
        (openai.APIError("oh", REQUEST, body=None), ModelError, "in its stream: oh", "later"),
    ],
)
def test_an_exception_becomes_a_message_and_the_next_step(
    raised: Exception, kind: type[CatagentError], message: str, hint: str
) -> None:
    for owner in (None, MODEL):
        error = classify(raised, owner)
        assert type(error) is kind
        assert message in error.message
        assert hint in error.hint


def test_a_proxy_that_refuses_is_not_taken_for_the_server(monkeypatch: pytest.MonkeyPatch) -> None:
    raised = httpx2.ConnectError("Connection refused", request=REQUEST)
    assert "The server refused" in classify(raised, MODEL).message
    monkeypatch.setenv("http_proxy", "http://user:secret@127.0.0.1:9")
    error = classify(raised, MODEL)
    assert (error.message, error.hint[:14]) == (
        "The proxy refused the connection to 127.0.0.1",
        "is it running?",
    )
    assert "HTTPS_PROXY" in error.hint
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert "The server refused" in classify(raised, MODEL).message


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("x"), "The model failed: ValueError: x"),
        (json.JSONDecodeError("Expecting value", "x", 0), "sent what is not JSON in its stream"),
    ],
)
def test_what_a_model_raises_without_a_status_is_the_models_error(
    raised: Exception, message: str
) -> None:
    error = classify(raised, MODEL)
    assert isinstance(error, ModelError)
    assert message in error.message


@pytest.mark.parametrize(
    ("cause", "said"),
    [
        (ConnectionRefusedError(111, "Connection refused"), "refused the connection"),
        (OSError("[Errno -2] Name or service not known"), "name was not found"),
        (OSError("certificate verify failed"), "No secure connection"),
        (OSError(24, "Too many open files"), "ulimit -n"),
        # The form that asyncio gives it where a name has two addresses.
        (ExceptionGroup("two", [ConnectionRefusedError(111, "no")] * 2), "refused the connection"),
    ],
)
def test_a_failed_connection_says_why(cause: OSError, said: str) -> None:
    raised = openai.APIConnectionError(request=REQUEST)
    raised.__cause__ = httpx2.ConnectError("All connection attempts failed")
    raised.__cause__.__context__ = cause
    error = classify(raised)
    assert isinstance(error, NetworkError)
    assert said in f"{error.message} {error.hint}"


def caught(body: str) -> BaseException:
    """What a tool with this body raises, through LangChain."""

    @tool
    async def shaky(text: str) -> str:
        """Fail."""
        exec(body)  # noqa: S102 - the test's own words
        return text

    try:
        asyncio.run(shaky.ainvoke({"text": "x"}))
    except BaseException as error:
        return error
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("raise ValueError('no such place')", "The tool shaky failed: ValueError: no such place"),
        ("raise KeyError", "The tool shaky failed: KeyError."),
        ("import json; json.loads('{')", "The tool shaky failed: JSONDecodeError: Expecting"),
        ("import socket; raise ConnectionError('x')", "The tool shaky failed: ConnectionError: x"),
    ],
)
def test_an_exception_from_a_tool_is_the_tools_error(body: str, message: str) -> None:
    error = classify(caught(body), SHAKY)
    assert isinstance(error, ToolError)
    assert error.message.startswith(message)


@pytest.mark.parametrize(
    ("owner", "who"),
    [(SHAKY, "The tool shaky"), (None, "The agent or one of its tools")],
)
def test_a_tool_that_ends_the_program_is_reported(owner: Owner | None, who: str) -> None:
    error = classify(caught("raise SystemExit(3)"), owner)
    assert isinstance(error, ToolError)
    assert error.message == f"{who} tried to end the program (exit code 3)."


def test_the_step_limit_of_langgraph_is_ours() -> None:
    from langgraph.errors import GraphRecursionError

    error = classify(GraphRecursionError("Recursion limit of 4 reached"))
    assert isinstance(error, StepLimitError)
    assert error.exit_code is ExitCode.STEP_LIMIT


def test_an_error_of_ours_stays_as_it_is() -> None:
    error = UsageError("x", "y")
    for owner in (None, MODEL, SHAKY, Owner("node", "db")):
        assert classify(error, owner) is error


@pytest.mark.parametrize(
    ("raised", "message"),
    [
        (ValueError("x"), "The agent failed: ValueError: x"),
        (RuntimeError(), "The agent failed: RuntimeError."),
    ],
)
def test_what_is_nobodys_is_the_agents_error(raised: Exception, message: str) -> None:
    """What a module raises that is imported, say."""
    error = classify(raised)
    assert isinstance(error, AgentError)
    assert error.message == message


def test_no_message_carries_a_key() -> None:
    error = classify(refused(401, "Incorrect API key provided: sk-proj-abcdefgh12345678"))
    assert "sk-proj" not in error.message


def test_an_answer_that_cannot_be_read_was_not_refused() -> None:
    class ValidationError(ValueError):
        response = httpx2.Response(200, text='{"choices": []}')

    error = classify(ValidationError("1 validation error: Invalid JSON"), Owner("model", "m"))
    assert error.message == "The model failed: ValidationError: 1 validation error: Invalid JSON"


def test_an_exception_that_cannot_be_printed_is_reported() -> None:
    class BrokenError(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no words")

    assert classify(BrokenError()).message == "The agent failed: BrokenError."


def test_classifying_imports_nothing_heavy() -> None:
    """A replay classifies errors too, and must not import LangChain."""
    import subprocess

    code = (
        "import sys, json; from catagent.failures.classify import classify;"
        "classify(ValueError('x'));"
        "print(json.dumps([m for m in ('langchain_core', 'openai', 'httpx2') if m in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert json.loads(done.stdout) == []
