"""What of a run's output is its answer, when nothing that was streamed said so."""

from __future__ import annotations

from typing import Any

import msgspec
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from catagent.sources.content import answered, exactly, pieces_of
from catagent.sources.messages import plain_content
from catagent.sources.nodes import MESSAGES_KEY, coerced, items_of

# Where graphs, chains and executors put it, best first.
_ANSWER_KEYS = ("answer", "output")


def final(output: Any) -> Any:
    """The last message in the output, what stands under a key for answers, or all of it.

    None where the output has nothing but the question.
    """
    if not isinstance(output, dict):
        return output
    values = {key: value for key, value in output.items() if key != MESSAGES_KEY}
    named = next((values[key] for key in _ANSWER_KEYS if values.get(key) is not None), None)
    last = next(reversed(messages_in(output)), None)
    # An executor that gives up says so in its output, beside a message that is empty.
    if isinstance(last, AIMessage | ToolMessage) and (last.content or named is None):
        return last
    return named if named is not None else _said_elsewhere(values) or values or None


def _said_elsewhere(values: dict[str, Any]) -> AIMessage | None:
    """What a model said last in a list of messages that has another name."""
    ends = (value[-1] for value in values.values() if isinstance(value, list) and value)
    return next((end for end in ends if isinstance(end, AIMessage) and not end.tool_calls), None)


def messages_in(state: dict[str, Any]) -> list[BaseMessage]:
    """The messages that a state, or an update of one, has under `messages`."""
    found = map(coerced, items_of(state.get(MESSAGES_KEY)))
    return [message for message in found if message is not None]


def as_text(output: Any) -> str:
    """An answer of any kind as text: that of a message, text as it is, else JSON."""
    if isinstance(output, BaseMessage):
        return answered(pieces_of(output))
    if isinstance(output, str) or output is None:
        return exactly(output or "")
    return msgspec.json.encode(plain_content(output)).decode()
