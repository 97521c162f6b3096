"""Whose error is it? Turns whatever a run raised into one of our errors, with the next step."""

from __future__ import annotations

import time
from collections.abc import Mapping

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    ModelError,
    StepLimitError,
    ToolError,
)
from catagent.failures.connections import TOO_MANY_FILES, no_connection, timed_out
from catagent.failures.exceptions import (
    FILES_USED_UP,
    described,
    members_of,
    root_errno,
    status_of,
    words_of,
)
from catagent.failures.owner import Owner
from catagent.failures.place import Place, place_of
from catagent.failures.retry_after import MAX_RETRY_AFTER_S, retry_after
from catagent.redact import shortened

_TOO_LONG = (
    *("context_length_exceeded", "exceed_context_size", "available context size"),
    *("maximum context length", "context window", "prompt is too long", "input is too long"),
)
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
    if "GraphRecursionError" in names:
        return StepLimitError("The agent did not come to an end.", "allow more with --max-steps")
    if owner is not None and owner.kind != "model":
        return _by_own_code(raised, owner, place)
    if isinstance(raised, SystemExit):
        return ToolError(_ended("The agent or one of its tools", raised))
    said, status = words_of(raised), status_of(raised)
    if status is not None:
        return _refused(status, said, names, _try_again(raised))
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
        return timed_out(raised)
    if names & {"APIConnectionError", "TransportError", "ConnectionError"}:
        return no_connection(raised, said)
    if "APIError" in names:
        return _too_long(said) if _is_too_long(said, names) else _failed_midway(said)
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


def _failed_midway(said: str) -> ModelError:
    return ModelError(f"The server reported an error in its stream: {said}", _TRY_AGAIN)
