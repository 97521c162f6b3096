"""What a message holds beside its content: audio, images, searches, sources, text of its own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from catagent.sources.blocks import Block, standard

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

_SAID = frozenset({"reasoning_content", "reasoning", "reasoning_details", "refusal"})
_SAID |= {"tool_outputs"}
# What models hand on beside a message's content that is no content, or is read with it.
_KNOWN = _SAID | {"tool_calls", "function_call", "tool_call_extras", "extra_content", "parsed"}
_KNOWN |= {"wants_reasoning"}
# What holds content, whatever its form; of another name, what has the form of blocks.
_ASIDE = frozenset({"audio", "images", "videos", "annotations", "citations", "search_results"})
_ASIDE |= {"executed_tools", "documents"}
_GROUNDING = "grounding_metadata"


def is_mere_text(message: Any) -> bool:
    """Whether a message or chunk whose content is a text holds nothing else to be read."""
    kwargs = getattr(message, "additional_kwargs", None)
    if kwargs and not (_SAID.isdisjoint(kwargs) and kwargs.keys() <= _KNOWN):
        return False
    return _GROUNDING not in getattr(message, "response_metadata", ())


def mere_reasoning(message: Any) -> str | None:
    """The reasoning of a chunk without content that holds nothing else."""
    kwargs = message.additional_kwargs
    if len(kwargs) > 1:
        return None
    thought = kwargs.get("reasoning_content") or kwargs.get("reasoning")
    return thought if type(thought) is str else None


def said_in(message: BaseMessage) -> Iterator[Any]:
    """What a message or chunk says in its place: servers' tools, text that content has not."""
    outputs = message.additional_kwargs.get("tool_outputs")
    yield from outputs if isinstance(outputs, list) else ()
    content, audio = message.content, message.additional_kwargs.get("audio")
    transcript = audio.get("transcript") if isinstance(audio, dict) else None
    for said in (message.additional_kwargs.get("refusal"), transcript):
        if isinstance(said, str) and not (isinstance(content, str) and said in content):
            yield said


def content_of(message: BaseMessage) -> Block:
    """What else a message or chunk has beside its content; of a stream, to be merged."""
    kwargs, grounding = message.additional_kwargs, message.response_metadata.get(_GROUNDING)
    found = {key: value for key, value in kwargs.items() if value and _is_content(key, value)}
    return {**found, _GROUNDING: grounding} if grounding else found


def _is_content(key: str, value: Any) -> bool:
    if key in _ASIDE or key in _KNOWN:
        return key in _ASIDE
    blocks = value if isinstance(value, list) else [value]
    return all(isinstance(item, dict) and isinstance(item.get("type"), str) for item in blocks)


def items_of(found: Block) -> Iterator[Any]:
    """What `content_of` found, as items of content."""
    for key, value in found.items():
        match key, value:
            case "audio", bytes():
                yield {"type": "audio", "base64": value, "mime_type": "audio/wav"}
            case "audio", dict():
                yield {"type": "audio", "base64": value.get("data"), "file_id": value.get("id")}
            case "annotations" | "citations" | "search_results" | "documents", list():
                yield {"type": "text", "citations": value}
            case "executed_tools", list():
                yield from standard([], {"model_provider": "groq"}, {key: value}) or value
            case "grounding_metadata", dict():
                yield from _grounding(value)
            case _, list():
                yield from value
            case _:
                yield value


def _grounding(found: Block) -> Iterator[Block]:
    """Google's searches, and the sources that it found."""
    if queries := found.get("web_search_queries"):
        yield {"type": "server_tool_call", "name": "web_search", "args": {"queries": queries}}
    yield {"type": "text", "citations": found.get("grounding_chunks")}
