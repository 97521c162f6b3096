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
            found[event.run_id] = "\n".join(_prompt(event.data, known, sent))
    return found


def _prompt(data: ev.LlmStartedData, known: Prompts, sent: set[str]) -> Iterator[str]:
    messages = known.messages(data)
    what = [count(len(messages), "message")]
    what += [count(len(data.tools), "tool")] if data.tools else []
    yield f'<details class="sent">{tags.summary("sent", ", ".join(what), [])}<div class="inside">'
    new = {id(message) for message in data.messages}
    for is_new, group in groupby(messages, lambda m: id(m) in new or _key(m) not in sent):
        together = list(group)
        yield "\n".join(map(_message, together)) if is_new else _before(together)
    sent.update(map(_key, messages))
    yield from _tools(data.tools)
    if data.parameters:
        yield tags.label("parameters") + tags.pre(arguments(data.parameters))
    yield "</div></details>"


def _key(message: ev.Message | ev.Ref) -> str:
    return message.ref if isinstance(message, ev.Ref) else message.id or ""


def _before(messages: Sequence[ev.Message | ev.Ref]) -> str:
    lines = [f"{_who(m)}: {_said(m)[:_EXCERPT]}" for m in messages[-_MOST:]]
    return tags.label(f"{count(len(messages), 'message')} as before") + tags.pre("\n".join(lines))


def _message(message: ev.Message | ev.Ref) -> str:
    return tags.label(_who(message)) + tags.pre(_said(message))


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
        yield tags.label(f"tools: {', '.join(names)}")
    for tool in tools:
        if isinstance(tool, ev.Tool):
            yield tags.pre(f"{tool.name}: {tool.description}\n{compact(tool.parameters)}")
