"""What models were sent, as HTML that folds: new messages whole, those sent before in short."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.exports import tags
from catagent.views.format import arguments, compact, count

# A long conversation is sent again and again: of what was sent before, so many messages are
# shown, and so many characters of each.
_MOST, _EXCERPT = 20, 80


def prompts(events: Iterable[ev.Event]) -> dict[str, str]:
    """Return the HTML of what each model was sent, by run id."""
    known, sent, found = Prompts(), set[str](), dict[str, str]()
    for event in events:
        known.take(event)
        if isinstance(event, ev.LlmStarted) and (event.data.messages or event.data.tools):
            found[event.run_id] = _prompt(event.data, known, sent)
    return found


def _prompt(data: ev.LlmStartedData, known: Prompts, sent: set[str]) -> str:
    messages = known.messages(data)
    what = [count(len(messages), "message")]
    what += [count(len(data.tools), "tool")] if data.tools else []
    new, inside = {id(message) for message in data.messages}, list[str]()
    for is_new, group in groupby(messages, lambda m: id(m) in new or _key(m) not in sent):
        those = list(group)
        inside += [tags.pre(_said(m), _who(m)) for m in those] if is_new else [_before(those)]
    sent.update(map(_key, messages))
    inside += _tools(data.tools)
    inside += [tags.pre(arguments(data.parameters), "parameters")] if data.parameters else []
    return tags.folded("sent", ", ".join(what), inside, kind="sent")


def _key(message: ev.Message | ev.Ref) -> str:
    return message.ref if isinstance(message, ev.Ref) else message.id or ""


def _before(messages: Sequence[ev.Message | ev.Ref]) -> str:
    lines = [f"{_who(m)}: {_said(m)[:_EXCERPT]}" for m in messages[-_MOST:]]
    return tags.pre("\n".join(lines), f"{count(len(messages), 'message')} as before")


def _who(message: ev.Message | ev.Ref) -> str:
    if isinstance(message, ev.Ref):
        return f"message {message.ref}"
    return f"{message.type} {message.name}" if message.name else message.type


def _said(message: ev.Message | ev.Ref) -> str:
    if isinstance(message, ev.Ref):
        return "(not in this recording)"
    calls = [f"→ {call.name}({arguments(call.args)})" for call in message.tool_calls]
    blocks = compact(message.blocks) if isinstance(message.blocks, list) else ""
    return "\n".join(filter(None, [message.content or blocks, *calls]))


def _tools(tools: Sequence[ev.Tool | ev.Ref]) -> Iterator[str]:
    """The names of all, and what is said of those that are new."""
    if tools:
        names = [tool.ref if isinstance(tool, ev.Ref) else tool.name for tool in tools]
        yield tags.labelled(f"tools: {', '.join(names)}")
    for tool in tools:
        if isinstance(tool, ev.Tool):
            yield tags.pre(f"{tool.name}: {tool.description}\n{compact(tool.parameters)}")
