"""What of a run's output is its answer, when nothing that was streamed said so."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import msgspec

from catagent.sources.content import answered, exactly, pieces_of
from catagent.sources.kinds import is_ai, is_message, is_tool_message
from catagent.sources.messages import plain_content
from catagent.sources.nodes import MESSAGES_KEY, coerced, items_of

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage

# Where graphs, chains and executors put it, best first.
_ANSWER_KEYS = ("answer", "output")


def final(output: Any, written_last: Collection[str] = ()) -> Any:
    """The last message in the output, what stands under a key for answers, or what came last.

    `written_last` are the keys that the last nodes of the outermost graph wrote. All of the output
    where nothing tells more; None where it has nothing but the question.
    """
    if not isinstance(output, dict):
        return _said_in([output]) or output
    values = {key: value for key, value in output.items() if key != MESSAGES_KEY}
    named = next((values[key] for key in _ANSWER_KEYS if values.get(key) is not None), None)
    last = next(reversed(messages_in(output)), None)
    # An executor that gives up says so in its output, beside a message that is empty.
    if (is_ai(last) or is_tool_message(last)) and (last.content or named is None):
        return last
    found = _written({key: values[key] for key in values if key in written_last})
    several = (named, found, _said_in(values.values()), values or None)
    return next((each for each in several if each is not None), None)


def _written(values: dict[str, Any]) -> Any:
    """What the last nodes came to: a message, one value alone, or all but flags and messages."""
    if (said := _said_in(values.values())) is not None:
        return said
    kept = {k: v for k, v in values.items() if not (v is None or isinstance(v, bool) or _holds(v))}
    return next(iter(kept.values())) if len(kept) == 1 else kept or None


def _said_in(values: Iterable[Any]) -> AIMessage | None:
    """What a model said last in a message, or in a list of them, that has another name."""
    ends = (value[-1] if isinstance(value, list) and value else value for value in values)
    made = (coerced(end) for end in ends if is_message(end) or isinstance(end, dict))
    return next((end for end in made if is_ai(end) and not end.tool_calls), None)


def _holds(value: Any) -> bool:
    several = value if isinstance(value, list) else [value]
    return any(map(is_message, several))


def messages_in(state: dict[str, Any]) -> list[BaseMessage]:
    """The messages that a state, or an update of one, has under `messages`."""
    found = map(coerced, items_of(state.get(MESSAGES_KEY)))
    return [message for message in found if message is not None]


def as_text(output: Any) -> str:
    """An answer of any kind as text: that of a message, text as it is, else JSON."""
    if is_message(output):
        return answered(pieces_of(output))
    if isinstance(output, str) or output is None:
        return exactly(output or "")
    return msgspec.json.encode(plain_content(output)).decode()
