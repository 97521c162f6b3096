"""ChatOpenAI with what it drops (reasoning, images, …), and without what trips it up."""

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.outputs import ChatGenerationChunk
from langchain_openai import ChatOpenAI

from catagent.models.openai_client.deltas import CONTENT
from catagent.workarounds.folding import afolded, folded

# What `deltas` finds in a chunk, besides what LangChain takes out of it.
_KEPT = {"reasoning_content", "wants_reasoning", "refusal", "extra_content", "tool_call_extras"}
_KEPT |= {*CONTENT}


class StreamingChatOpenAI(ChatOpenAI):
    """A ChatOpenAI that also keeps reasoning, in `additional_kwargs["reasoning_content"]`.

    A refusal is text, as the person is to read it, and in `additional_kwargs["refusal"]`. What
    Gemini adds (`extra_content`: the signatures of its thoughts) is kept there and sent back; so is
    reasoning that led to tool calls, without which DeepSeek refuses the next request, where it came
    by the name of DeepSeek's.
    """

    def _stream(self, *args: Any, **kwargs: Any) -> Iterator[ChatGenerationChunk]:
        return folded(super()._stream(*args, **kwargs))

    def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
        return afolded(super()._astream(*args, **kwargs))

    def _convert_chunk_to_generation_chunk(
        self, chunk: dict[str, Any], default_chunk_class: type, base_generation_info: Any
    ) -> ChatGenerationChunk | None:
        generation = super()._convert_chunk_to_generation_chunk(
            chunk, default_chunk_class, base_generation_info
        )
        if generation is not None:
            chunk = chunk.get("chunk", chunk)  # an event of the SDK's, where it parses the answer
            for part in (chunk, *(choice["delta"] for choice in chunk.get("choices") or ())):
                kept = {key: value for key, value in part.items() if key in _KEPT and value}
                generation.message.additional_kwargs.update(kept)
            if chunk.get("has_other_answers"):
                generation.message.response_metadata["has_other_answers"] = True
        return generation

    def _get_request_payload(self, input_: LanguageModelInput, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, **kwargs)
        messages = self._convert_input(input_).to_messages()
        for message, sent in zip(messages, payload.get("messages", ()), strict=False):
            _give_back(message.additional_kwargs, sent)
        return payload


def _give_back(kwargs: dict[str, Any], sent: dict[str, Any]) -> None:
    """Put what came with a message and its tool calls with them again, as its server wants it."""
    if extra := kwargs.get("extra_content"):
        sent["extra_content"] = extra
    if kwargs.get("wants_reasoning") and sent.get("tool_calls"):
        sent["reasoning_content"] = kwargs["reasoning_content"]
    extras = kwargs.get("tool_call_extras", {})
    for call in sent.get("tool_calls", ()):
        if call["id"] in extras:
            call["extra_content"] = extras[call["id"]]
