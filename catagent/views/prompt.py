"""What a model was sent: with `-v` what is new of it, and how much is as before; or all of it."""

from collections.abc import Iterable, Iterator
from itertools import groupby

from catagent.events import types as ev
from catagent.views.format import called, compact, count, json_line
from catagent.views.notes import note
from catagent.views.parts import Part
from catagent.views.style import Look
from catagent.views.text import facts, written


def prompt(look: Look, data: ev.LlmStartedData) -> list[Part]:
    """As much of the messages, the tools and the parameters as the options ask for."""
    if look.options.prompts:
        parts = [_sent(look, each) for each in (*data.messages, *data.tools)]
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
        else _sent(look, each, folds=True)
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


def _sent(look: Look, each: ev.Message | ev.Tool | ev.Ref, *, folds: bool = False) -> Part:
    if isinstance(each, ev.Ref):  # a filter or `tail` left out what it refers to
        return written(look, f"ref {each.ref}", "dim")
    if isinstance(each, ev.Message):
        sign, text = f"{look.line(each.type)}: ", said(each, look.glyphs.call)
    else:
        parameters = "" if each.parameters is None else json_line(each.parameters)
        about = f"{each.name}: {each.description}" if each.description else each.name
        sign, text = "may call: ", "\n".join(filter(None, [about, parameters]))
    return note(look, sign, text, "dim", "dim", folds=folds)


def said(message: ev.Message, arrow: str) -> str:
    """The text of a message, or its blocks, and a line for each tool call, behind an arrow."""
    calls = [f"{arrow}{called(call.name, call.args)}" for call in message.tool_calls]
    blocks = compact(message.blocks) if isinstance(message.blocks, list) else ""
    return "\n".join(filter(None, [message.content or blocks, *calls]))
