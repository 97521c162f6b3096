"""Models that say what they are told to, need no server, and remember what they were sent."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.llms import LLM
from langchain_core.messages import (
    AIMessage,
    AIMessageChunk,
    BaseMessage,
    message_chunk_to_message,
)
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable
from langchain_core.utils.function_calling import convert_to_openai_tool

from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.sources.messages import message_of
from catagent.sources.span import asking


@dataclass(frozen=True, slots=True)
class Sent:
    """What a model got at one call: messages, as JSON then, and the names of its tools."""

    messages: list[bytes]
    tools: list[str]


# By the id of the model's run, of all models alike.
SENT: dict[str, Sent] = {}


def _note(sent: Sent) -> None:
    if (span := asking.get()) is not None:  # in another process there is none
        SENT[span.run_id] = sent


@dataclass(frozen=True, slots=True)
class Wanted:
    """A tool call to write; without an `id` where its provider gives none."""

    tool: str
    id: str | None = "call_0"
    args: dict[str, Any] = field(default_factory=dict)


# Words, calls, or a failure; in a list of words and failures, one after the other.
Reply = str | Sequence[Wanted] | Sequence[str | BaseException] | BaseException
Replies = Sequence[Reply] | Callable[[list[BaseMessage]], Reply]


def call(tool: str, id: str | None = "call_0", **args: Any) -> Wanted:  # noqa: A002 - as above
    """A tool call, of the id that servers give that number the calls of every message."""
    return Wanted(tool, id, args)


class Scripted(BaseChatModel):
    """Gives the reply that stands at the number of replies that it is sent back."""

    replies: Any
    model: str = "scripted-1"

    @property
    def _llm_type(self) -> str:
        return "scripted"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model}

    def bind_tools(self, tools: Any, **_: Any) -> Runnable[LanguageModelInput, AIMessage]:
        return self.bind(tools=[convert_to_openai_tool(tool) for tool in tools])

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        yield from self._chunks(messages, kwargs)

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._chunks(messages, kwargs):
            yield chunk

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: Any = None,
        **kwargs: Any,
    ) -> ChatResult:
        chunks = [chunk.message for chunk in self._chunks(messages, kwargs)]
        whole = chunks[0]
        for chunk in chunks[1:]:
            whole += chunk
        return ChatResult(generations=[ChatGeneration(message=message_chunk_to_message(whole))])

    def _chunks(
        self, messages: list[BaseMessage], kwargs: dict[str, Any]
    ) -> Iterator[ChatGenerationChunk]:
        tools = [tool["function"]["name"] for tool in kwargs.get("tools", ())]
        _note(Sent([encode_plain(message_of(each)) for each in messages], tools))
        last: AIMessageChunk | None = None
        for chunk in _pieces(self._reply(messages)):
            if last is not None:
                yield ChatGenerationChunk(message=last)
            last = chunk
        if last is not None:
            last.chunk_position = "last"
            last.response_metadata = {"finish_reason": "stop", "model_name": f"{self.model}-x"}
            yield ChatGenerationChunk(message=last)

    def _reply(self, messages: list[BaseMessage]) -> Any:
        if callable(self.replies):
            return self.replies(messages)
        return self.replies[sum(map(_replies_in, messages))]


def _replies_in(message: BaseMessage) -> int:
    """How many replies of a model a message holds: its own, or those in a ReAct scratchpad."""
    return 1 if isinstance(message, AIMessage) else message.text.count("\nObservation: ")


def _pieces(reply: Reply) -> Iterator[AIMessageChunk]:
    if isinstance(reply, BaseException):
        raise reply
    if isinstance(reply, str):
        yield from (AIMessageChunk(content=f"{word} ") for word in reply.split(" "))
        return
    for index, wanted in enumerate(reply):
        if not isinstance(wanted, Wanted):
            yield from _pieces(wanted)
            continue
        text = json.dumps(wanted.args)
        for name, args, call_id in (wanted.tool, text[:3], wanted.id), (None, text[3:], None):
            piece = tool_call_chunk(name=name, args=args, id=call_id, index=index)
            yield AIMessageChunk(content="", tool_call_chunks=[piece])


class ScriptedText(LLM):
    """A model that completes texts."""

    text: str = "under the sofa"

    @property
    def _llm_type(self) -> str:
        return "scripted text"

    def _call(
        self,
        prompt: str,
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **_: Any,
    ) -> str:
        assert run_manager is not None
        form = ev.Message(type="prompt", content=prompt)
        SENT[str(run_manager.run_id)] = Sent([encode_plain(form)], [])
        return self.text
