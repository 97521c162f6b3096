"""ChatOpenAI with what it drops, reasoning, and without what weighs it down or trips it up."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from catagent.codec import encodable
from catagent.models.folding import afolded, folded

# As servers call it: DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama.
_REASONING = ("reasoning_content", "reasoning")


class StreamingChatOpenAI(ChatOpenAI):
    """A ChatOpenAI that also keeps reasoning, in `additional_kwargs["reasoning_content"]`."""

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        return folded(super()._stream(*args, **kwargs))

    def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        return afolded(super()._astream(*args, **kwargs))

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: Any
    ) -> ChatGenerationChunk | None:
        choices = chunk.get("choices")
        delta = choices[0].setdefault("delta", None) if choices else None
        generation = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        if generation is not None and delta:
            for key in _REASONING:
                if delta.get(key):
                    generation.message.additional_kwargs["reasoning_content"] = delta[key]
        return generation

    def _get_request_payload(
        self, input_: Any, *, stop: list[str] | None = None, **kwargs: Any
    ) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, stop=stop, **kwargs)
        try:
            json.dumps(payload, ensure_ascii=False, default=str).encode()
        except UnicodeEncodeError:
            payload = _encodable(payload)
        return payload


def _encodable(value: Any) -> Any:
    """The value with every text encodable.

    A tool's output that is not would otherwise end the run at the agent's next request.
    """
    if isinstance(value, str):
        return encodable(value)
    if isinstance(value, dict):
        return {_encodable(key): _encodable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_encodable(each) for each in value]
    return value
