"""Chat models behind an OpenAI-compatible API: OpenAI, vLLM, Ollama, llama.cpp, any gateway."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from catagent.errors import CredentialsError
from catagent.models.spec import ModelSpec, openai_address

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from catagent.models.factory import Models, Role
    from catagent.models.openai_client.client import ClientPool

OPENAI_URL = "https://api.openai.com/v1"
# Servers of one's own often want no key at all, the SDK always wants one.
_NO_KEY = "none"
_FIXED_TEMPERATURE = re.compile(r"(o\d|gpt-5)")


def build(spec: ModelSpec, role: Role, models: Models) -> ChatOpenAI:
    """Make the model of this name, at the server that the environment names or at OpenAI."""
    environ = models.loaded.environ
    base_url, api_key = openai_address(environ) or OPENAI_URL, environ.get("OPENAI_API_KEY")
    if not api_key and base_url == OPENAI_URL and models.asks:
        raise CredentialsError(
            f"no OPENAI_API_KEY for the model {spec}",
            "set OPENAI_API_KEY, or use the embedded model with --model local",
        )
    key, temperature = api_key or _NO_KEY, 0.0 if role == "agent" and is_tempered(spec) else None
    return connect(base_url, key, models.pool, model=spec.name, temperature=temperature)


def is_tempered(spec: ModelSpec) -> bool:
    """Whether a temperature may be given. OpenAI's reasoning models refuse any but their own."""
    return spec.provider != "openai" or not _FIXED_TEMPERATURE.match(spec.name)


def connect(
    base_url: str,
    api_key: str,
    pool: ClientPool,
    *,
    kind: type[ChatOpenAI] | None = None,
    **options: Any,
) -> ChatOpenAI:
    """Make a ChatOpenAI for this server, with retries of our own and usage in every stream.

    `kind` is the class to make, where it is not StreamingChatOpenAI itself.
    """
    from catagent.models.openai_client.chat_model import StreamingChatOpenAI

    clients = pool.clients(base_url, api_key)
    return (kind or StreamingChatOpenAI)(
        root_client=clients.sync,
        client=clients.sync.chat.completions,
        root_async_client=clients.asynchronous,
        async_client=clients.asynchronous.chat.completions,
        base_url=base_url,
        name="ChatOpenAI",
        # In `steps` mode too: only a stream shows that a server went silent or broke off.
        streaming=True,
        stream_usage=True,
        # It would wrap every chunk in a timer, for 30 microseconds; the session watches silence.
        stream_chunk_timeout=None,
        **options,
    )
