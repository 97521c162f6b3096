"""Whose error is it? Turns whatever a run raised into one of our errors, with the next step.

Exceptions are told by the names of their classes and by the frames they came through, so that
nothing needs to be imported to tell them: not the SDK of a provider that is not in use, not
LangChain for a replay.
"""

from __future__ import annotations

import errno
import re
import time
from collections.abc import Iterator, Mapping
from types import TracebackType

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    ModelError,
    NetworkError,
    RunTimeoutError,
    StepLimitError,
    ToolError,
)
from catagent.redact import shortened
from catagent.waiting import MAX_RETRY_AFTER_S, retry_after

_TOOL_FRAMES = ("langchain_core/tools/base.py",)
_MODEL_FRAMES = (
    "langchain_core/language_models/chat_models.py",
    "langchain_core/language_models/llms.py",
)
_TOO_LONG = (
    *("context_length_exceeded", "exceed_context_size", "available context size"),
    *("maximum context length", "context window", "prompt is too long", "input is too long"),
)
FILES_USED_UP = (errno.EMFILE, errno.ENFILE)
TOO_MANY_FILES = ("Too many files are open.", "raise the limit: ulimit -n 1024")
_MOST_SAID = 2000
# The SDK's, for an error in a stream that it does not understand.
_NO_WORDS = "An error occurred during streaming"
# LangChain's.
_NOTHING_CAME = "No generations found in stream."
_TRY_AGAIN = "try again later; --max-retries says how often to try by itself"


def classify(raised: BaseException) -> CatagentError:
    """The error to tell the person about. Never raises; an error of ours is returned as it is.

    No message carries a secret that can be told by its looks.
    """
    owner, tool = _raised_by(raised)
    raised = _out_of_groups(raised)
    if isinstance(raised, CatagentError):
        return raised
    names = {kind.__name__ for kind in type(raised).__mro__}
    said = _said(raised)
    if "GraphRecursionError" in names:
        return StepLimitError("The agent did not come to an end.", "allow more with --max-steps")
    if owner == "tool" or isinstance(raised, SystemExit):
        return _tool_error(raised, said, tool)
    status = _status(raised)
    if status is not None:
        return _refused(status, said, names, _try_again(raised))
    return _without_status(raised, said, names, by_model=owner == "model")


def _said(raised: BaseException) -> str:
    """Its message in one line, without secrets; the name of its class where it has none."""
    try:
        text = str(_words(raised) or raised)
    except Exception:  # an exception whose own __str__ fails still has to be told
        text = ""
    text = re.sub(r"^Error code: \d+( - )?", "", " ".join(text.split()))
    return shortened(text, _MOST_SAID) or type(raised).__name__


def _words(raised: BaseException) -> object:
    """Its message; what the server sent, where the SDK found no message in it."""
    message, body = getattr(raised, "message", ""), getattr(raised, "body", None)
    return body if message == _NO_WORDS and isinstance(body, str) else message


def _out_of_groups(raised: BaseException) -> BaseException:
    """Of a group the first that is in it: a TaskGroup's own words say only how many failed."""
    while isinstance(raised, BaseExceptionGroup):
        raised = raised.exceptions[0]
    return raised


def _raised_by(raised: BaseException) -> tuple[str | None, str]:
    """Who raised it: "tool" or "model", the innermost of them, and the name of the tool."""
    owner, tool = None, ""
    for frame in _frames(raised):
        file = frame.tb_frame.f_code.co_filename.replace("\\", "/")
        if file.endswith(_TOOL_FRAMES):
            owner = "tool"
            tool = str(getattr(frame.tb_frame.f_locals.get("self"), "name", "")) or tool
        elif file.endswith(_MODEL_FRAMES):
            owner = "model"
    return owner, tool


def _frames(raised: BaseException) -> Iterator[TracebackType]:
    """The frames that it came through; for a group, those of the first in it come after its own."""
    trace = raised.__traceback__
    while trace is not None:
        yield trace
        trace = trace.tb_next
    if isinstance(raised, BaseExceptionGroup):
        yield from _frames(raised.exceptions[0])


def _tool_error(raised: BaseException, said: str, tool: str) -> ToolError:
    name = f"The tool {tool}" if tool else "The agent or one of its tools"
    if isinstance(raised, SystemExit):
        return ToolError(f"{name} tried to end the program (exit code {raised.code}).")
    what = type(raised).__name__
    return ToolError(f"{name} failed: {what}" + (f": {said}" if said != what else "."))


def _status(raised: BaseException) -> int | None:
    """The HTTP status that a server refused a request with; the SDKs agree on where it is."""
    status = getattr(raised, "status_code", None)
    return status if isinstance(status, int) else None


def _refused(status: int, said: str, names: set[str], later: str) -> CatagentError:
    """The error of a status. `later` is the hint where the same may work another time."""
    if _is_too_long(said, names):
        return _too_long(said)
    match status:
        case 401:
            hint = "check the key that is set for this provider (OPENAI_API_KEY for openai)"
            return CredentialsError(f"The server refused the API key (HTTP 401): {said}", hint)
        case 403:
            hint = "the key is known, but not allowed this: another key, or another model?"
            return CredentialsError(f"The server denied access (HTTP 403): {said}", hint)
        case 404:
            hint = "check the name in --model, and the address (OPENAI_BASE_URL ends in /v1)"
            return ModelError(f"The server knows no such model (HTTP 404): {said}", hint)
        case 429:
            return _over_limit(said, later)
        case _ if status >= 500:
            return ModelError(f"The server failed (HTTP {status}): {said}", later)
        case _:
            return ModelError(f"The server did not accept the request (HTTP {status}): {said}")


def _try_again(refused: BaseException) -> str:
    """When to try again: what the server asks for, where that was too long to wait."""
    headers = getattr(getattr(refused, "response", None), "headers", {})
    asked = retry_after(headers, time.time()) if isinstance(headers, Mapping) else None
    if asked is None or asked <= MAX_RETRY_AFTER_S:
        return _TRY_AGAIN
    most = f"{MAX_RETRY_AFTER_S:.0f}"
    return f"the server asks to wait {asked:.0f} s, and no more than {most} s are waited: try then"


def _is_too_long(said: str, names: set[str]) -> bool:
    return "ContextOverflowError" in names or any(words in said.lower() for words in _TOO_LONG)


def _too_long(said: str) -> ModelError:
    hint = "ask something shorter, or choose a model with a larger context (--model)"
    return ModelError(f"The conversation is too long for the model: {said}", hint)


def _over_limit(said: str, later: str) -> ModelError:
    if "quota" in said.lower() or "billing" in said.lower():
        return ModelError(
            f"The quota of this key is used up (HTTP 429): {said}", "check the plan and billing"
        )
    return ModelError(f"Too many requests (HTTP 429): {said}", later)


def _without_status(
    raised: BaseException, said: str, names: set[str], *, by_model: bool
) -> CatagentError:
    if names & {"APITimeoutError", "TimeoutException", "TimeoutError", "Timeout"}:
        return _timed_out(raised)
    if names & {"APIConnectionError", "TransportError", "ConnectionError"}:
        return _no_connection(raised, said)
    if "APIError" in names:
        return _too_long(said) if _is_too_long(said, names) else _failed_midway(said)
    if "OpenAIError" in names and "api_key" in said:
        return CredentialsError("There is no API key.", "set OPENAI_API_KEY, or use --model local")
    if _root_errno(raised) in FILES_USED_UP:
        return AgentError(*TOO_MANY_FILES)
    what = type(raised).__name__
    if by_model:
        return _by_model(what, said)
    return AgentError(f"The agent failed: {what}" + (f": {said}" if said != what else "."))


def _by_model(what: str, said: str) -> ModelError:
    if what in ("JSONDecodeError", "UnicodeDecodeError") or "decoding a JSON" in said:
        hint = "is it an OpenAI-compatible API? a proxy in between may have cut it"
        return ModelError(f"The server sent what is not JSON in its stream: {said}", hint)
    if said == _NOTHING_CAME:
        hint = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"
        return ModelError("The server answered, and streamed nothing.", hint)
    return ModelError(f"The model failed: {what}: {said}")


def _failed_midway(said: str) -> ModelError:
    return ModelError(f"The server reported an error in its stream: {said}", _TRY_AGAIN)


def _timed_out(raised: BaseException) -> NetworkError | RunTimeoutError:
    """The same as when the session's clock runs out: which of the two is first is chance."""
    if any(type(cause).__name__ == "ConnectTimeout" for cause in _causes(raised)):
        return NetworkError(
            "The server cannot be reached.", "check OPENAI_BASE_URL and the network"
        )
    hint = "is the server overloaded? wait longer with --idle-timeout SECONDS"
    return RunTimeoutError("The model was silent for too long.", hint)


def _no_connection(raised: BaseException, said: str) -> CatagentError:
    """A connection that was never made, or broke: the cause at the bottom says why."""
    cause = _root(raised)
    if isinstance(cause, CatagentError):  # the SDK takes whatever its client raises for that
        return cause
    why = _said(cause) if cause is not raised else said
    number, low = _root_errno(raised), why.lower()
    if number == errno.ECONNREFUSED or "refused" in low or "all connection attempts" in low:
        return NetworkError(
            f"The server refused the connection: {_address(raised) or why}",
            "is it running? OPENAI_BASE_URL says where it is looked for",
        )
    if "getaddrinfo" in low or "name or service" in low or "name resolution" in low:
        return NetworkError(
            f"The server's name was not found: {_address(raised) or why}",
            "check OPENAI_BASE_URL and the network",
        )
    if "certificate" in low or "ssl" in low:
        hint = (
            "SSL_CERT_FILE can name the certificates to trust; https needs a server that speaks it"
        )
        return NetworkError(f"No secure connection: {why}", hint)
    if number in FILES_USED_UP:
        return NetworkError(*TOO_MANY_FILES)
    return NetworkError(f"The connection broke off: {why}", "try again; look at proxies in between")


def _address(raised: BaseException) -> str:
    """Host and port of the server that was asked, as far as the exception knows."""
    url = getattr(getattr(raised, "request", None), "url", None)
    host, port = getattr(url, "host", ""), getattr(url, "port", None)
    return f"{host}:{port}" if host and port else str(host)


def _root(raised: BaseException) -> BaseException:
    return list(_causes(raised))[-1]


def _root_errno(raised: BaseException) -> int | None:
    return getattr(_root(raised), "errno", None)


def _causes(raised: BaseException) -> Iterator[BaseException]:
    """The exception, and what it came from, down to the first."""
    seen: set[int] = set()
    cause: BaseException | None = raised
    while cause is not None and id(cause) not in seen:
        seen.add(id(cause))
        cause = _out_of_groups(cause)
        yield cause
        cause = cause.__cause__ or cause.__context__
