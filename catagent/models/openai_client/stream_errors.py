"""What servers send where a chunk should be: errors of many forms, pages, nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx2

from catagent.errors import ModelError
from catagent.redact import shortened

_SHOWN = 300
_WORDS_IN = ("error", "message", "detail", "errors", "msg")
_MARKUP = re.compile(r"<(script|style)\b.*?</\1\s*>|<[^>]*>", re.DOTALL | re.IGNORECASE)
_HINT = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"


def is_error(found: dict[str, Any]) -> bool:
    """Whether what stands for a chunk is an error, of any of the forms that servers have."""
    if found.get("error"):
        return True
    if found.get("choices") or found.get("usage"):
        return False
    return any(found.get(key) for key in _WORDS_IN)


def said(found: Any) -> str:
    """The server's own words in an error of any form."""
    if isinstance(found, dict):
        for key in _WORDS_IN:
            if found.get(key):
                return said(found[key])
    if isinstance(found, list) and found:
        return said(found[0])
    return found if isinstance(found, str) else json.dumps(found, ensure_ascii=False)


def no_chunk(found: Any) -> ModelError:
    """The error of a server that streams JSON of another kind."""
    text = shortened(json.dumps(found, ensure_ascii=False), _SHOWN)
    return ModelError(f"The server sent what is not a chunk of an answer: {text}", _HINT)


def no_stream(response: httpx2.Response, body: bytes) -> ModelError:
    """The error of an answer in which there was no chunk. `body` is what it began with."""
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    text = body.decode("utf-8", "replace").strip()
    if not text:
        return ModelError(f"The server's answer is empty (HTTP {response.status_code}).", _HINT)
    if kind == "text/event-stream" or text.startswith("data:"):
        return ModelError("The server's stream ended without a single chunk.", _HINT)
    found = parsed(text)
    if isinstance(found, dict) and found.get("choices"):
        hint = "can it stream? a proxy in between may have kept it from doing so"
        return ModelError("The server sent a whole answer where a stream was asked for.", hint)
    words = said(found) if not isinstance(found, str) else _MARKUP.sub(" ", text)
    words = shortened(" ".join(words.split()), _SHOWN)
    return ModelError(f"The server sent {kind or 'something'}, and no stream: {words}", _HINT)


def parsed(text: str) -> Any:
    """Its JSON; the text itself where it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text
