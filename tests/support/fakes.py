"""Agents that need no server: models that say what they are given, word by word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from typing import Any

from langchain.agents import create_agent
from langchain_core.language_models import BaseChatModel, FakeMessagesListChatModel
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    message_chunk_to_message,
)
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.tools import BaseTool


class Listed(FakeMessagesListChatModel):
    """Says its messages one after the other, whatever it is asked; does not stream."""

    def bind_tools(self, tools: Any, **_: Any) -> Runnable[Any, AIMessage]:
        return self


class Counted(BaseChatModel):
    """Streams so many words, and never waits; `written` says how many were asked for so far."""

    words: int = 300
    written: int = 0

    @property
    def _llm_type(self) -> str:
        return "counted"

    def _stream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        for number in range(self.words):
            self.written += 1
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"w{number} "))

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            yield chunk

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        raise NotImplementedError


class Chunked(BaseChatModel):
    """Streams these chunks, whatever it is asked; raises those that are exceptions."""

    chunks: list[Any]

    @property
    def _llm_type(self) -> str:
        return "chunked"

    def _stream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> Iterator[ChatGenerationChunk]:
        for chunk in self.chunks:
            if isinstance(chunk, BaseException):
                raise chunk
            yield ChatGenerationChunk(message=chunk.model_copy())

    async def _astream(
        self, messages: list[BaseMessage], *_: Any, **__: Any
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages):
            yield chunk

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        first, *others = self._stream(messages)
        message = message_chunk_to_message(sum(others, first).message)
        return ChatResult(generations=[ChatGeneration(message=message)])


def calling_agent(tool: BaseTool, answer: str = "It is here.", **args: Any) -> Any:
    """An agent that calls its tool once, with `args`, and answers."""
    call = {"name": tool.name, "args": args, "id": "c1", "type": "tool_call"}
    messages: list[BaseMessage] = [AIMessage("", tool_calls=[call]), AIMessage(answer)]
    return create_agent(Listed(responses=messages), [tool], name="calling")
