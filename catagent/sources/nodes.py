"""What the nodes of graphs begin with, add to their state, and where they wait for a person."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, TypeGuard, cast

from catagent.sources.calls import Call, Calls
from catagent.sources.kinds import is_ai, is_message, is_tool_message, langchain
from catagent.sources.span import Span

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage


MESSAGES_KEY = "messages"


class NodeReader:
    """Reads the nodes of one run as they end; LangGraph's stream does not say which run one is.

    What they repeat counts once. `written_last` are the keys that the outermost graph's `last_node`
    wrote, and those alongside.
    """

    def __init__(self, calls: Calls) -> None:
        self._calls = calls
        self._before: set[str | int] = set()
        self._added: dict[str | int, Any] = {}
        self._kept: dict[int, BaseMessage] = {}
        self._asked: set[str] = set()
        self._own: dict[str | int, BaseMessage] = {}
        self._coerced: dict[int, tuple[Any, BaseMessage]] = {}
        self._message_keys = {MESSAGES_KEY}
        self._depth: float = math.inf
        self._written: Any = None
        self.last_node: Span | None = None
        self.written_last: set[str] = set()

    @property
    def last(self) -> BaseMessage | None:
        """The last message of the outermost graph; one that took another's id took its place."""
        return next(reversed(self._own.values()), None)

    def begin(self, inputs: Any) -> None:
        """Take note of the messages that were there before: nobody adds them now."""
        if isinstance(inputs, dict):
            lists = ((key, value) for key, value in inputs.items() if isinstance(value, list))
            self._message_keys.update(key for key, value in lists if any(map(is_message, value)))
        keys = map(self._key, self._messages(inputs))
        self._before.update(key for key in keys if key not in self._added)

    def end(self, span: Span, output: Any) -> None:
        """Note in `span` which decisions and observations its node added."""
        span.output = output
        for part in updates_of(output):
            for message in self._messages(part):
                span.facts += self._facts(span, message)
            self._note(span, part if isinstance(part, dict) else {})

    def _note(self, span: Span, part: dict[str, Any]) -> None:
        """Keep what the outermost graph keeps, and the keys that its last superstep wrote."""
        if len(span.parent_ids) == 1:
            for message in self._messages({MESSAGES_KEY: part.get(MESSAGES_KEY)}):
                if is_ai(message) or is_tool_message(message):
                    self._own[message.id or id(message)] = message
        depth, written = len(span.parent_ids), (span.parent_ids, span.superstep)
        if depth > self._depth:
            return
        self.last_node = span
        if part and written != self._written:
            self._depth, self._written, self.written_last = depth, written, set()
        self.written_last.update(part)

    def _messages(self, state: Any) -> Iterator[BaseMessage]:
        """A state's or update's messages; what is made one, under a key that has held some."""
        if is_message(state):
            yield state
        for key, value in state.items() if isinstance(state, dict) else ():
            for item in items_of(value):
                if is_message(item):
                    yield item
                elif key in self._message_keys and (made := self._made(item)) is not None:
                    yield made

    def _made(self, item: Any) -> BaseMessage | None:
        """The message that is made of a dict or pair: one for the same object, which is kept."""
        if id(item) not in self._coerced and (made := coerced(item)) is not None:
            self._coerced[id(item)] = item, made
        return self._coerced.get(id(item), (None, None))[1]

    def _facts(self, span: Span, message: BaseMessage) -> list[tuple[Call, BaseMessage, Any]]:
        key = self._key(message)
        if key in self._before:
            return []
        if is_ai(message):
            # A graph repeats what its nodes added; of what no model is known to have written
            # nothing else says that it is the same.
            is_known = self._calls.author(message) is not None
            is_new = is_known or self._added.get(key) != message.tool_calls
            self._added[key] = message.tool_calls
            decided = self._calls.decided(message, span) if is_new else ()
            return [(call, message, args) for call, args in decided]
        if not is_tool_message(message) or key in self._added:
            return []
        self._added[key] = None
        call = self._calls.observed(message, span)
        return [] if call is None else [(call, message, None)]

    def _key(self, message: BaseMessage) -> str | int:
        """Its id, or its address: then it is kept, so that no other gets that."""
        if message.id is None:
            self._kept[id(message)] = message
        return message.id or id(message)

    def unasked(self, found: Iterable[Any]) -> list[Any]:
        """Those of these interrupts that are new."""
        new = [each for each in found if each.id not in self._asked]
        self._asked.update(each.id for each in new)
        return new


def interrupts_of(error: BaseException | None) -> list[Any]:
    """LangGraph's Interrupts in its GraphInterrupt; none in any other error."""
    args = error.args if is_named(error, "GraphInterrupt") else ()
    return [each for each in (args[0] if args else ()) if hasattr(each, "value")]


def is_named(error: BaseException | None, name: str) -> TypeGuard[BaseException]:
    """Whether an error is of a class of this name, of a package that may not be imported."""
    return any(kind.__name__ == name for kind in type(error).__mro__)


def bubbles_up(error: BaseException | None) -> bool:
    """Whether it is no failure, but how LangGraph leaves a node: to wait, or for its parent."""
    return is_named(error, "GraphBubbleUp")


def command_of(error: BaseException | None) -> Any:
    """The Command with which a graph inside this node has left it for this node's own graph."""
    if not is_named(error, "ParentCommand") or not error.args:
        return None
    command = error.args[0]
    return None if command.graph == "__parent__" else command


def updates_of(output: Any) -> list[Any]:
    """The parts of what a node returned that change the state: those of Commands among them."""
    several = output if isinstance(output, list | tuple) else [output]
    return [_update_of(part) for part in several]


def _update_of(part: Any) -> Any:
    if not (hasattr(part, "goto") and hasattr(part, "update")):
        return part
    update = part.update
    return dict(update) if isinstance(update, list | tuple) else update


def items_of(value: Any) -> Iterable[Any]:
    """What stands under a key for messages, one by one: a pair of texts is one message."""
    is_pair = isinstance(value, tuple) and [type(part) for part in value] == [str, str]
    return value if isinstance(value, list | tuple) and not is_pair else [value]


def coerced(item: Any) -> BaseMessage | None:
    """The message that LangChain makes of a dict or pair, or None; a mere text is a question."""
    if is_message(item):
        return item
    messages = langchain("messages")
    if messages is None or not isinstance(item, dict | list | tuple):
        return None
    try:
        return cast("BaseMessage", messages.convert_to_messages([item])[0])
    except Exception:  # whatever a stranger put there
        return None


def begins_with_state(span: Span, parent: Span | None, inputs: Any) -> bool:
    """Whether a run begins with its graph's state, which updates tell; by a Send it does not."""
    if span.is_node:
        return "__pregel_push" not in span.path
    return parent is not None and (_is_same(parent.state, inputs) or _chooses(parent, span, inputs))


def _chooses(node: Span, span: Span, inputs: Any) -> bool:
    """Whether it chooses the next node, as a last step: others begin with what was said."""
    if not node.is_node or type(inputs) is not type(node.state):
        return False
    is_step = any(tag.startswith("seq:step:") and tag != "seq:step:1" for tag in span.tags)
    return is_step and (not isinstance(inputs, dict) or inputs.keys() >= node.state.keys())


def _is_same(state: Any, inputs: Any) -> bool:
    """Whether these are the values of a state, which LangGraph hands out in ever new dicts."""
    if not (isinstance(state, dict) and isinstance(inputs, dict)):
        return state is not None and state is inputs
    return state.keys() == inputs.keys() and all(state[key] is inputs[key] for key in state)
