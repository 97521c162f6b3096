"""What a model was sent: with `-v` what is new of it, and how much is as before; or all of it."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from catagent.events import types as ev
from catagent.views.format import arguments, compact, count, json_line
from catagent.views.notes import note
from catagent.views.parts import Part
from catagent.views.style import Look
from catagent.views.text import facts, written


def prompt(look: Look, data: ev.LlmStartedData) -> list[Part]:
    """As much of the messages, the tools and the parameters as the options ask for."""
    if look.options.prompts:
        parts = [_message(look, message) for message in data.messages]
        parts += [_tool(look, tool) for tool in data.tools]
    elif look.options.verbose:
        parts = _new(look, data)
    else:
        return []
    parameters = [f"{name} {compact(value)}" for name, value in data.parameters.items()]
    return [*parts, facts(look, parameters)] if parameters else parts


def _new(look: Look, data: ev.LlmStartedData) -> list[Part]:
    """The messages that are new, the number of those known, and the names of the tools."""
    parts = [
        written(look, f"+ {each}", "dim")
        if isinstance(each, str)
        else _message(look, each, folds=True)
        for each in news(data.messages)
    ]
    tools = ", ".join(tool.ref if isinstance(tool, ev.Ref) else tool.name for tool in data.tools)
    return [*parts, written(look, f"tools: {tools}", "dim")] if tools else parts


def news(messages: Iterable[ev.Message | ev.Ref]) -> Iterator[ev.Message | str]:
    """Yield the messages that are new; and of those known, how many there are in a row."""
    for known, group in groupby(messages, lambda message: isinstance(message, ev.Ref)):
        those = list(group)
        if known:
            number = sum(ref.count for ref in those if isinstance(ref, ev.Ref))
            yield f"{count(number, 'message')} as before"
        yield from (message for message in those if isinstance(message, ev.Message))


def _message(look: Look, message: ev.Message | ev.Ref, *, folds: bool = False) -> Part:
    if isinstance(message, ev.Ref):
        return written(look, f"ref {message.ref}", "dim")
    text = said(message, look.glyphs.call)
    return note(look, f"{look.line(message.type)}: ", text, "dim", "dim", folds=folds)


def said(message: ev.Message, arrow: str) -> str:
    """The text of a message, or its blocks, and a line for each tool call, behind an arrow."""
    calls = [f"{arrow}{call.name}({arguments(call.args)})" for call in message.tool_calls]
    blocks = compact(message.blocks) if isinstance(message.blocks, list) else ""
    return "\n".join(filter(None, [message.content or blocks, *calls]))


def _tool(look: Look, tool: ev.Tool | ev.Ref) -> Part:
    if isinstance(tool, ev.Ref):  # a filter or `tail` left out what it refers to
        return written(look, f"ref {tool.ref}", "dim")
    parameters = "" if tool.parameters is None else json_line(tool.parameters)
    about = f"{tool.name}: {tool.description}" if tool.description else tool.name
    return note(look, "may call: ", "\n".join(filter(None, [about, parameters])), "dim", "dim")
