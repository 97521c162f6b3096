"""ChatOpenAI with cheaper chunks, and with the reasoning that it drops.

The SDK turns every streamed chunk into a tree of pydantic objects, which ChatOpenAI takes apart
again at once: two fifths of what a token costs. ChatOpenAI takes plain dicts as well, so the SDK's
clients are told to leave chunks as they came. Nothing else changes; were the SDK to rename the
method, chunks would be slow again and no less right.
"""

from __future__ import annotations

from typing import Any

import openai
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

# As servers call it: DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama.
_REASONING = ("reasoning_content", "reasoning")


class PlainChunkClient(openai.OpenAI):
    """The SDK's client, leaving streamed chat chunks the dicts that they are."""

    def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        if cast_to.__name__ == "ChatCompletionChunk":
            return data
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)


class AsyncPlainChunkClient(openai.AsyncOpenAI):
    """The same, asynchronous."""

    def _process_response_data(self, *, data: Any, cast_to: Any, response: Any) -> Any:
        if cast_to.__name__ == "ChatCompletionChunk":
            return data
        return super()._process_response_data(data=data, cast_to=cast_to, response=response)


class StreamingChatOpenAI(ChatOpenAI):
    """A ChatOpenAI that also keeps reasoning, in `additional_kwargs["reasoning_content"]`."""

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
