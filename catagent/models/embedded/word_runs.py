"""Holds the embedded model to words it was given when it fills in a tool's argument.

A model of 135 million parameters knows which tool to call, but may write "hedgeshoes" for
"hedgehogs". llama.cpp enforces a tool's JSON schema while it writes the arguments, so a text
argument may be narrowed to an enum: any run of words of the question or of a tool's short answer.
Which tool is called, and which of those runs it takes, stays the model's own decision.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from langchain_core.language_models import LanguageModelInput

from catagent.models.embedded.window import newest
from catagent.models.openai_client.chat_model import StreamingChatOpenAI

# Longer texts hold more runs of words than a grammar should: there the model writes freely.
MAX_WORDS = 40
MAX_RUN = 12
# What may stand around a word without being part of what is meant.
_AROUND = "\"'`.,;:!?()[]{}“”‘’…"  # noqa: RUF001


class CopyingChatOpenAI(StreamingChatOpenAI):
    """The agent's model: text arguments are copied from the conversation, never misspelt.

    Of a long conversation it is sent the newest turns; `on_forgotten` hears how many are not.
    """

    on_forgotten: Callable[[int], object] = lambda _: None

    def _get_request_payload(self, input_: LanguageModelInput, **kwargs: Any) -> dict[str, Any]:
        payload = super()._get_request_payload(input_, **kwargs)
        payload["messages"], gone = newest(payload["messages"])
        if gone and payload["messages"][-1]["role"] == "user":  # once a turn
            self.on_forgotten(gone)
        if tools := payload.get("tools"):
            payload["tools"] = narrowed(tools, given_texts(payload["messages"]))
        return payload


def given_texts(messages: Iterable[dict[str, Any]]) -> list[str]:
    """What people and tools said, oldest first, in messages as they are sent."""
    said = (message["content"] for message in messages if message["role"] in ("user", "tool"))
    return [text for text in said if isinstance(text, str)]


def narrowed(tools: list[dict[str, Any]], texts: Iterable[str]) -> list[dict[str, Any]]:
    """The tools, each plain text argument limited to the runs of words of these texts."""
    runs = sorted({run for text in texts for run in word_runs(text)})
    return [_narrow(tool, runs) for tool in tools] if runs else tools


def word_runs(text: str) -> Iterator[str]:
    """Every run of up to MAX_RUN whole words, with and without what stands around it."""
    spans = [match.span() for match in re.finditer(r"\S+", text)]
    if len(spans) > MAX_WORDS:
        return
    for first, (start, _) in enumerate(spans):
        for _, end in spans[first : first + MAX_RUN]:
            yield from _bared(text[start:end])


def _bared(run: str) -> Iterator[str]:
    """The run, and what is left as quotes, brackets and stops go from its ends one by one."""
    leading = len(run) - len(run.lstrip(_AROUND))
    trailing = len(run) - len(run.rstrip(_AROUND))
    if leading == len(run):
        return
    for start in range(leading + 1):
        for end in range(len(run) - trailing, len(run) + 1):
            yield run[start:end]


def _narrow(tool: dict[str, Any], runs: list[str]) -> dict[str, Any]:
    function = tool["function"]
    parameters = function.get("parameters") or {}
    properties = {
        name: {**schema, "enum": runs} if schema.get("type") == "string" else schema
        for name, schema in parameters.get("properties", {}).items()
    }
    narrow = {**parameters, "properties": properties}
    return {**tool, "function": {**function, "parameters": narrow}}
