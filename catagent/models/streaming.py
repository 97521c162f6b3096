"""ChatOpenAI with what it drops: the reasoning that many servers stream."""

from __future__ import annotations

from typing import Any

from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

# As servers call it: DeepSeek, vLLM and llama.cpp; OpenRouter and Ollama.
_REASONING = ("reasoning_content", "reasoning")


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
