"""Folding: whatever adds up the chunks that were handed out gets what it would have got."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from langchain_core.messages import AIMessageChunk
from langchain_core.messages.tool import tool_call_chunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.outputs.chat_generation import merge_chat_generation_chunks

from catagent.workarounds.folding import afolded, folded

pytestmark = pytest.mark.versions

BLOCKS = 600  # chunks: two whole blocks and a rest


def chunk(number: int) -> ChatGenerationChunk:
    """Text, reasoning, arguments of two calls, and an end with usage, each in some chunks."""
    message = AIMessageChunk(content=f"{number} " if number % 3 else "", id="lc_run--1")
    if number % 5 == 0:
        message.additional_kwargs["reasoning_content"] = f"r{number}"
    if number % 4 == 0:
        first = number < 8
        name, call_id = (f"tool{number}", f"call_{number}") if first else (None, None)
        call = tool_call_chunk(name=name, args=f"{number}", id=call_id, index=number // 4 % 2)
        message.tool_call_chunks = [call]
    last = number == BLOCKS - 1
    return ChatGenerationChunk(
        message=message, generation_info={"finish_reason": "stop"} if last else None
    )


def chunks(count: int) -> Iterator[ChatGenerationChunk]:
    yield from map(chunk, range(BLOCKS - count, BLOCKS))


@settings(max_examples=25, deadline=None)
@given(st.integers(min_value=1, max_value=BLOCKS))
def test_folded_chunks_add_up_to_the_same_message_at_every_length(count: int) -> None:
    handed_out = []
    for taken, each in enumerate(folded(chunks(count)), 1):
        handed_out.append(each)
        if taken % 101 == 0 or taken in (256, 257, count):
            whole = merge_chat_generation_chunks(list(chunks(count))[:taken])
            assert merge_chat_generation_chunks(handed_out) == whole
    assert len(handed_out) == count


def test_folding_leaves_the_messages_handed_out_unchanged() -> None:
    async def source() -> AsyncIterator[ChatGenerationChunk]:
        for each in chunks(BLOCKS):
            yield each

    async def messages() -> list[object]:
        return [each.message async for each in afolded(source())]

    assert asyncio.run(messages()) == [each.message for each in chunks(BLOCKS)]


def test_a_folded_stream_that_is_left_early_is_closed() -> None:
    """The stream holds an HTTP response open."""
    closed = []

    async def source() -> AsyncIterator[ChatGenerationChunk]:
        try:
            for each in chunks(BLOCKS):
                yield each
        finally:
            closed.append(True)

    async def leave() -> None:
        stream = afolded(source())
        assert isinstance(stream, AsyncGenerator)
        await anext(stream)
        await stream.aclose()

    asyncio.run(leave())
    assert closed == [True]
