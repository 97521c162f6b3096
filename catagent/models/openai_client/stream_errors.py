"""What servers send where a chunk should be: errors of many forms, pages, nothing."""

import re
from collections.abc import Iterator
from typing import Any

import httpx2

from catagent.errors import ModelError
from catagent.failures.server_words import one_line, parsed, plain_name, words_in, written
from catagent.models.openai_client.error_bodies import encoding_of

_SHOWN = 300
_WORDS_IN = {
    *("error", "message", "detail", "errors", "msg", "errormessage", "errordescription"),
    *("exception", "fault"),
}
_FIELD = re.compile(r"(?:data|event|id|retry)?:")
ERROR = re.compile(r"\[?error\b", re.IGNORECASE)
"""How a text begins that is an error, where JSON should be."""
_HINT = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"


def error_in(found: Any) -> Any:
    """What a server says of a failure where a chunk should be, of whatever form; else None."""
    if isinstance(found, list) and len(found) == 1:
        (found,) = found
    if not isinstance(found, dict) or found.get("error"):
        return found if isinstance(found, dict) else None
    base = found.get("base_resp")  # MiniMax's, alongside whatever there is of an answer
    if isinstance(base, dict) and base.get("status_code"):
        return base
    choices = found.get("choices")
    for part in (*_parts(choices), found.get("x_groq")):
        if isinstance(part, dict) and part.get("error"):
            return part
        if isinstance(part, dict) and str(part.get("finish_reason")).lower() == "error":
            return "the answer ends with the finish reason error"
    if choices or found.get("usage"):
        return None
    names = {plain_name(name) for name, value in found.items() if value}
    return None if names.isdisjoint(_WORDS_IN) else found


def _parts(choices: Any) -> Iterator[Any]:
    """The choices, and their deltas."""
    for choice in choices if isinstance(choices, list) else ():
        yield choice
        yield choice.get("delta") if isinstance(choice, dict) else None


def no_chunk(found: Any) -> ModelError:
    """The error of a server that streams JSON of another kind."""
    text = one_line(written(found), _SHOWN)
    return ModelError(f"The server sent what is not a chunk of an answer: {text}", _HINT)


def endless(most: int) -> ModelError:
    """The error of a stream in which no event ends within so many bytes."""
    megabytes = most // (1 << 20)
    return ModelError(f"The server's stream holds an event of over {megabytes} MB.", _HINT)


def no_stream(response: httpx2.Response, body: bytes) -> ModelError:
    """The error of an answer in which there was no chunk. `body` is what it began with."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    text = body.decode(encoding_of(body)).removeprefix("\ufeff").strip()
    if not text:
        return ModelError(f"The server's answer is empty (HTTP {response.status_code}).", _HINT)
    if _FIELD.match(text):
        return ModelError("The server's stream ended without a single chunk.", _HINT)
    found = parsed(text)
    if isinstance(found, dict) and found.get("choices"):
        hint = "can it stream? a proxy in between may have kept it from doing so"
        return ModelError("The server sent a whole answer where a stream was asked for.", hint)
    if kind == "text/event-stream":
        return no_chunk(found)
    words = one_line(words_in(found), _SHOWN)
    return ModelError(f"The server sent {kind or 'something'}, and no stream: {words}", _HINT)
