"""Whose error is it? Turns whatever a run raised into one of our errors, with the next step."""

from __future__ import annotations

import time
from collections.abc import Mapping
from http import HTTPStatus

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    ModelError,
    ToolError,
)
from catagent.failures.connections import TOO_MANY_FILES, no_connection, timed_out
from catagent.failures.exceptions import (
    FILES_USED_UP,
    described,
    members_of,
    root_errno,
    sent_with,
    server_words_of,
    status_of,
    words_of,
)
from catagent.failures.limits import author_limit
from catagent.failures.owner import Owner
from catagent.failures.place import Place, place_of
from catagent.failures.retry_after import MAX_RETRY_AFTER_S, retry_after
from catagent.failures.server_words import codes_in
from catagent.failures.used_up import is_used_up
from catagent.redact import shortened

_TOO_LONG = (
    *("context_length_exceeded", "exceed_context_size", "available context size"),
    *("maximum context length", "context window", "prompt is too long", "input is too long"),
)
# A key that is refused, and a model that is not there, whatever else is said.
_NOT_OF_QUOTAS = (401, 404)
_MOST_OF_A_MEMBER = 200
_NAMELESS = {"tool": "A tool", "node": "The agent"}
# LangChain's.
_NOTHING_CAME = "No generations found in stream."
_TRY_AGAIN = "try again later; --max-retries says how often to try by itself"


def classify(raised: BaseException, owner: Owner | None = None) -> CatagentError:
    """The error to show to the person. Never raises; an error of ours is returned as it is.

    `owner` is the run of the agent that raised it, None where none did: while a model was made, or
    a module imported. Of a group, the first member is the error, and its message names the others.
    No message carries a secret that can be recognised by its form.
    """
    first, *others = members_of(raised)
    error = _classified(first, owner, place_of(raised))
    return _along_with(others, error) if others else error


def _along_with(others: list[BaseException], error: CatagentError) -> CatagentError:
    """The error with the others named in its message."""
    named = "; ".join(shortened(described(other), _MOST_OF_A_MEMBER) for other in others)
    whole = type(error)(f"{error.message} (along with {named})", error.hint)
    whole.node, whole.file, whole.line = error.node, error.file, error.line
    return whole


def _classified(raised: BaseException, owner: Owner | None, place: Place | None) -> CatagentError:
    if isinstance(raised, CatagentError):
        return raised
    names = {kind.__name__ for kind in type(raised).__mro__}
    if (limit := author_limit(words_of(raised))) is not None:
        return limit
    if owner is not None and owner.kind != "model":
        return _by_own_code(raised, owner, place)
    if isinstance(raised, SystemExit):
        return ToolError(_ended("The agent or one of its tools", raised))
    said, status = server_words_of(raised), status_of(raised)
    if status is not None:
        return _refused(status, said, raised)
    return _without_status(raised, said, names, by_model=owner is not None)


def _by_own_code(
    raised: BaseException, owner: Owner, place: Place | None
) -> ToolError | AgentError:
    """The error of a tool or a node, whatever it raised: no server is to blame for it."""
    error_type = ToolError if owner.kind == "tool" else AgentError
    who = f"The {owner.kind} {owner.name}" if owner.name else _NAMELESS[owner.kind]
    said = _ended(who, raised) if isinstance(raised, SystemExit) else _failed(who, raised)
    error = error_type(said)
    error.node = owner.name if owner.kind == "node" else ""
    if place is not None:
        error.file, error.line = place.file, place.line
    return error


def _ended(who: str, raised: SystemExit) -> str:
    return f"{who} tried to end the program (exit code {raised.code})."


def _failed(who: str, raised: BaseException) -> str:
    what = described(raised)
    return f"{who} failed: {what}" + "." * (what == type(raised).__name__)


def _refused(status: int | None, said: str, raised: BaseException) -> CatagentError:
    """The error that a server reported, with a status or, None, in its stream."""
    if _is_too_long(said, raised):
        return _too_long(said)
    with_status = "" if status is None else f" (HTTP {status})"
    used_up = status == HTTPStatus.PAYMENT_REQUIRED or (
        status not in _NOT_OF_QUOTAS and is_used_up(sent_with(raised) or said, _asked(raised))
    )
    if used_up:
        hint = "check the plan and billing"
        return ModelError(f"The quota of this key is used up{with_status}: {said}", hint)
    if status is None:
        return ModelError(f"The server reported an error in its stream: {said}", _TRY_AGAIN)
    return _of_status(status, f"{with_status}: {said}", _try_again(raised))


def _of_status(status: int, said: str, later: str) -> CatagentError:
    """`later` is the hint where the same may work another time."""
    match status:
        case 401:
            hint = "check the key that is set for this provider (OPENAI_API_KEY for openai)"
            return CredentialsError(f"The server refused the API key{said}", hint)
        case 403:
            hint = "the key is known, but not allowed this: another key, or another model?"
            return CredentialsError(f"The server denied access{said}", hint)
        case 404:
            hint = "check the name in --model, and the address (OPENAI_BASE_URL ends in /v1)"
            return ModelError(f"The server knows no such model{said}", hint)
        case 429:
            return ModelError(f"Too many requests{said}", later)
        case _ if status >= 500:
            return ModelError(f"The server failed{said}", later)
        case _:
            return ModelError(f"The server did not accept the request{said}")


def _try_again(refused: BaseException) -> str:
    """When to try again: what the server asks for, where that was too long to wait."""
    asked = _asked(refused)
    if asked is None or asked <= MAX_RETRY_AFTER_S:
        return _TRY_AGAIN
    most = f"{MAX_RETRY_AFTER_S:.0f}"
    return f"the server asks to wait {asked:.0f} s, and no more than {most} s are waited: try then"


def _asked(refused: BaseException) -> float | None:
    headers = getattr(getattr(refused, "response", None), "headers", {})
    known = headers if isinstance(headers, Mapping) else {}
    return retry_after(known, time.time(), str(sent_with(refused)))


def _is_too_long(said: str, raised: BaseException) -> bool:
    if any(kind.__name__ == "ContextOverflowError" for kind in type(raised).__mro__):
        return True
    marks = f"{said} {codes_in(sent_with(raised))}".lower()
    return any(words in marks for words in _TOO_LONG)


def _too_long(said: str) -> ModelError:
    hint = "ask something shorter, or choose a model with a larger context (--model)"
    return ModelError(f"The conversation is too long for the model: {said}", hint)


def _without_status(
    raised: BaseException, said: str, names: set[str], *, by_model: bool
) -> CatagentError:
    if names & {"APITimeoutError", "TimeoutException", "TimeoutError", "Timeout"}:
        return timed_out(raised)
    if names & {"APIConnectionError", "TransportError", "ConnectionError"}:
        return no_connection(raised, said)
    if "APIError" in names:
        return _refused(None, said, raised)
    if "OpenAIError" in names and "api_key" in said:
        return CredentialsError("There is no API key.", "set OPENAI_API_KEY, or use --model local")
    if root_errno(raised) in FILES_USED_UP:
        return AgentError(*TOO_MANY_FILES)
    if by_model:
        return _by_model(type(raised).__name__, said)
    return AgentError(_failed("The agent", raised))


def _by_model(what: str, said: str) -> ModelError:
    if what in ("JSONDecodeError", "UnicodeDecodeError") or "decoding a JSON" in said:
        hint = "is it an OpenAI-compatible API? a proxy in between may have cut it"
        return ModelError(f"The server sent what is not JSON in its stream: {said}", hint)
    if said == _NOTHING_CAME:
        hint = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"
        return ModelError("The server answered, and streamed nothing.", hint)
    return ModelError(f"The model failed: {what}: {said}")
