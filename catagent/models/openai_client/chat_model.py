"""ChatOpenAI with what it drops, reasoning and refusals, and without what trips it up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from catagent.models.openai_client.stream_errors import no_chunk
from catagent.workarounds.folding import afolded, folded

# As servers call it: DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama.
_REASONING = ("reasoning_content", "reasoning")


class StreamingChatOpenAI(ChatOpenAI):
    """A ChatOpenAI that also keeps reasoning, in `additional_kwargs["reasoning_content"]`.

    A refusal is text, as the person is to read it, and in `additional_kwargs["refusal"]`.
    """

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        return folded(super()._stream(*args, **kwargs))

    def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        return afolded(super()._astream(*args, **kwargs))

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: Any
    ) -> ChatGenerationChunk | None:
        try:
            choices = chunk.get("choices")
            delta = choices[0].setdefault("delta", None) if choices else None
            if delta and delta.get("refusal"):
                delta["content"] = (delta.get("content") or "") + delta["refusal"]
            generation = super()._convert_chunk_to_generation_chunk(
                chunk, default_chunk_class, base_generation_info
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            raise no_chunk(chunk) from None
        if generation is not None and delta:
            _keep(delta, generation.message.additional_kwargs)
        return generation


def _keep(delta: dict[str, Any], kwargs: dict[str, Any]) -> None:
    """Put what LangChain leaves out of a chunk where it has it in a whole message."""
    if delta.get("refusal"):
        kwargs["refusal"] = delta["refusal"]
    for key in _REASONING:
        if delta.get(key):
            kwargs["reasoning_content"] = delta[key]
