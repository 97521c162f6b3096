"""A streamed message's chunks, folded while it streams: LangChain keeps each until the end.

That is 2.7 KB a token, of which the text is a few bytes. A chunk that was handed out is of no
more use but for the sum of all of them, and in a sum a block of chunks may as well be one.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing, closing

from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk

_BLOCK = 256
_EMPTY = ChatGenerationChunk(message=AIMessageChunk(content=""))


def folded(chunks: Iterator[ChatGenerationChunk]) -> Iterator[ChatGenerationChunk]:
    """Yield the chunks as they come; those handed out add up to the same message at any time."""
    block: list[ChatGenerationChunk] = []
    with closing(chunks) as stream:  # type: ignore[type-var]  # a generator, as LangChain has it
        for chunk in stream:
            yield chunk
            _keep(block, chunk)


async def afolded(chunks: AsyncIterator[ChatGenerationChunk]) -> AsyncIterator[ChatGenerationChunk]:
    """`folded`, for an asynchronous stream."""
    block: list[ChatGenerationChunk] = []
    async with aclosing(chunks) as stream:  # type: ignore[type-var]
        async for chunk in stream:
            yield chunk
            _keep(block, chunk)


def _keep(block: list[ChatGenerationChunk], chunk: ChatGenerationChunk) -> None:
    """Put the sum of a full block into its first chunk. The messages themselves stay unchanged."""
    block.append(chunk)
    if len(block) < _BLOCK:
        return
    first, *rest = block
    total = first + rest
    first.message, first.generation_info = total.message, total.generation_info
    for chunk in rest:
        # As pydantic sets them itself; emptied one by one, a chunk would still hold 700 bytes.
        object.__setattr__(chunk, "__dict__", _EMPTY.__dict__)
        object.__setattr__(chunk, "__pydantic_fields_set__", _EMPTY.__pydantic_fields_set__)
    block.clear()
