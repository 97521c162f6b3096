"""Whose error is it? Turns whatever a run raised into one of our errors, with the next step."""

import time
from collections.abc import Mapping
from typing import Any, Literal

from msgspec import UNSET, Struct
from msgspec.structs import asdict

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    LimitError,
    ModelError,
    NetworkError,
    OutputError,
    ToolError,
    UsageError,
)
from catagent.events import types as ev
from catagent.failures import exceptions
from catagent.failures.connections import TOO_MANY_FILES, no_connection, timed_out
from catagent.failures.limits import MAX_RETRY_AFTER_S, author_limit, is_used_up, retry_after
from catagent.failures.places import place_of
from catagent.failures.server_words import codes_in
from catagent.redact import shortened

_TOO_LONG = (
    *("context_length_exceeded", "exceed_context_size", "available context size"),
    *("maximum context length", "context window", "prompt is too long", "input is too long"),
)
_MOST_OF_A_MEMBER = 200
_TRY_AGAIN = "try again later; --max-retries says how often to try by itself"
_WITHOUT_THREAD = "asked without --thread, nothing of it is to be stored"
_THERE = "keys, addresses and models are set on the agent's server; its log may say more"
_IS_IT_AN_API = "is it an OpenAI-compatible API? "
_SILENT = {"APITimeoutError", "TimeoutException", "TimeoutError", "Timeout"}
_KINDS: dict[str, type[CatagentError]] = {
    each.kind: each
    for each in (AgentError, CredentialsError, ModelError, NetworkError, ToolError, UsageError)
}
# What a status means, and what to do; None where the same may work another time.
_BY_STATUS: dict[int, tuple[type[CatagentError], str, str | None]] = {
    401: (
        CredentialsError,
        "The server refused the API key",
        "check the key that is set for this provider (OPENAI_API_KEY for openai)",
    ),
    403: (
        CredentialsError,
        "The server denied access",
        "the key is known, but not allowed this: another key, or another model?",
    ),
    404: (
        ModelError,
        "The server knows no such model",
        "check the name in --model, and the address (OPENAI_BASE_URL ends in /v1)",
    ),
    429: (ModelError, "Too many requests", None),
}


class Owner(Struct, frozen=True):
    """The innermost run that raised an error. What is neither model nor tool is a node.

    `path` are the nodes and tools that it is inside of, the outermost first, and itself.
    """

    kind: Literal["model", "tool", "node"]
    name: str = ""
    path: tuple[str, ...] = ()


def classify(raised: BaseException, owner: Owner | None = None) -> CatagentError:
    """The error to show to the person. Never raises; an error of ours is returned as it is.

    `owner` is the run of the agent that raised it, None where none did: while a model was made, or
    a module imported. Of a group, the first member is the error, and its message names the others.
    No message carries a secret that can be recognised by its form.
    """
    first, *others = exceptions.members_of(raised)
    if isinstance(first, CatagentError):
        error = first
    elif (told := _recorded(first)) is not None:
        error = _KINDS[told["kind"]](told["message"], told["hint"])
    elif (limit := author_limit(exceptions.words_of(first))) is not None:
        error = limit
    elif "UnkeptError" in exceptions.names_of(first):  # of agents/driver/keeping.py
        error = OutputError(exceptions.words_of(first), _WITHOUT_THREAD)
    elif owner in (None, Owner("node")) and _is_keyless(first):
        error = CredentialsError("There is no API key.", "set OPENAI_API_KEY, or use --model local")
    elif owner == Owner("node") and exceptions.root_errno(first) in exceptions.FILES_USED_UP:
        error = AgentError(*TOO_MANY_FILES)  # before its run
    elif owner is not None and owner.kind != "model":
        error = _by_own_code(first, owner)
    else:
        error = _there(first, _by_model(first, owner))
    return _along_with(others, error) if others else error


def error_info(raised: BaseException, owner: Owner | None = None) -> ev.ErrorInfo:
    """What events say of it. `owner` is the run that raised it, None for none of the agent's.

    Of a group, the first member is the error, and the others are in `others`. Never raises.
    """
    others = [ev.Failure(**_fields(other, owner)) for other in exceptions.members_of(raised)[1:]]
    return ev.ErrorInfo(**_fields(raised, owner), others=others)


def _fields(raised: BaseException, owner: Owner | None) -> dict[str, Any]:
    """What events say of an exception: the error that it is shown as, and where it was raised."""
    error, first = classify(raised, owner), exceptions.members_of(raised)[0]
    if (told := _recorded(first)) is not None:
        return {name: told[name] for name in ev.Failure.__struct_fields__ if name in told}
    found = {"type": type(first).__name__, "message": error.message, "hint": error.hint}
    return {"kind": error.kind, **found, **_where(raised, error, owner)}


def _recorded(raised: BaseException) -> dict[str, Any] | None:
    """What events said of the error that `agents/driver/replies.py` made it of."""
    told = getattr(raised, "catagent_recorded", None)
    return told if isinstance(told, dict) and told.get("kind") in _KINDS else None


def _where(raised: BaseException, error: CatagentError, owner: Owner | None) -> dict[str, Any]:
    """Where a tool's or an agent's own code raised it, or what an error of ours came from."""
    if isinstance(error, LimitError) or (owner is not None and owner.kind == "model"):
        return {}
    came_from = raised.__cause__ if isinstance(raised, CatagentError) else raised
    place = None if came_from is None else place_of(came_from)
    found = {} if place is None else asdict(place)
    if owner is not None and came_from is raised:
        found["node"] = owner.name if owner.kind == "node" else ""
        found["path"] = list(owner.path) or UNSET
    return found


def _along_with(others: list[BaseException], error: CatagentError) -> CatagentError:
    """The error with the others named in its message."""
    named = "; ".join(shortened(exceptions.described(other), _MOST_OF_A_MEMBER) for other in others)
    return type(error)(f"{error.message} (along with {named})", error.hint)


def _by_own_code(raised: BaseException, owner: Owner) -> CatagentError:
    """The error of a tool or a node, whatever it raised: no server is to blame for it."""
    is_tool = owner.kind == "tool"
    nameless = "A tool" if is_tool else "The agent"
    who = f"The {owner.kind} {owner.name}" if owner.name else nameless
    said = _ended(who, raised) if isinstance(raised, SystemExit) else _failed(who, raised)
    return ToolError(said) if is_tool else AgentError(said)


def _ended(who: str, raised: SystemExit) -> str:
    return f"{who} tried to end the program (exit code {raised.code})."


def _failed(who: str, raised: BaseException) -> str:
    what = exceptions.described(raised)
    return f"{who} failed: {what}" + "." * (what == type(raised).__name__)


def _is_keyless(raised: BaseException) -> bool:
    """Whether a model could not be made without a key."""
    words = exceptions.server_words_of(raised)
    return "OpenAIError" in exceptions.names_of(raised) and "api_key" in words


def _by_model(raised: BaseException, owner: Owner | None) -> CatagentError:
    """The error of a model or its server, or of what no run of the agent's raised."""
    names, status = exceptions.names_of(raised), exceptions.status_of(raised)
    said = exceptions.server_words_of(raised)
    if isinstance(raised, SystemExit):
        return ToolError(_ended("The agent or one of its tools", raised))
    if status is None and names & _SILENT:
        return timed_out(raised)
    if status is None and names & {"APIConnectionError", "TransportError", "ConnectionError"}:
        return no_connection(raised, said)
    if status is not None or "APIError" in names:
        return _refused(status, said, raised)
    if exceptions.root_errno(raised) in exceptions.FILES_USED_UP:
        return AgentError(*TOO_MANY_FILES)
    return AgentError(_failed("The agent", raised)) if owner is None else _no_answer(raised, said)


def _there(raised: BaseException, error: CatagentError) -> CatagentError:
    """The error as it is to be read where an agent's model is asked by the agent's server."""
    is_there = getattr(raised, "catagent_is_there", False)  # of remote/failures.py
    if not is_there or isinstance(error, AgentError):
        return error
    return type(error)(f"Where the agent runs: {error.message}", _THERE)


def _refused(status: int | None, said: str, raised: BaseException) -> CatagentError:
    """The error that a server reported, with a status or, None, in its stream."""
    sent = exceptions.sent_with(raised)
    marks = f"{said} {codes_in(sent)}".lower()
    is_too_long = any(words in marks for words in _TOO_LONG)
    if is_too_long or "ContextOverflowError" in exceptions.names_of(raised):
        hint = "ask something shorter, or choose a model with a larger context (--model)"
        return ModelError(f"The conversation is too long for the model: {said}", hint)
    headers = getattr(getattr(raised, "response", None), "headers", {})
    known = headers if isinstance(headers, Mapping) else {}
    asked = retry_after(known, time.time(), str(sent))
    where = "" if status is None else f" (HTTP {status})"
    # A key that is refused, and a model that is not there, whatever else is said.
    if status == 402 or (status not in (401, 404) and is_used_up(sent or said, asked)):
        message = f"The quota of this key is used up{where}: {said}"
        return ModelError(message, "check the plan and billing")
    if status is None:
        return ModelError(f"The server reported an error in its stream: {said}", _TRY_AGAIN)
    other = "The server failed" if status >= 500 else "The server did not accept the request"
    default = ModelError, other, None if status >= 500 else ""
    error, what, next_step = _BY_STATUS.get(status, default)
    return error(f"{what}{where}: {said}", _try_again(asked) if next_step is None else next_step)


def _try_again(asked: float | None) -> str:
    """When to try again: what the server asks for, where that was too long to wait."""
    if asked is None or asked <= MAX_RETRY_AFTER_S:
        return _TRY_AGAIN
    most = f"{MAX_RETRY_AFTER_S:.0f}"
    return f"the server asks to wait {asked:.0f} s, and no more than {most} s are waited: try then"


def _no_answer(raised: BaseException, said: str) -> ModelError:
    """The error of a model that raised something of its own."""
    what = type(raised).__name__
    if what in ("JSONDecodeError", "UnicodeDecodeError") or "decoding a JSON" in said:
        hint = f"{_IS_IT_AN_API}a proxy in between may have cut it"
        return ModelError(f"The server sent what is not JSON in its stream: {said}", hint)
    if said == "No generations found in stream.":  # LangChain's
        hint = f"{_IS_IT_AN_API}OPENAI_BASE_URL ends in /v1"
        return ModelError("The server answered, and streamed nothing.", hint)
    return ModelError(f"The model failed: {what}: {said}")
