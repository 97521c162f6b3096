"""What a model was sent, for `-v`: what is new of it, and how much is as before."""

from __future__ import annotations

from itertools import groupby

from catagent.events import types as ev
from catagent.views.format import arguments, compact, count
from catagent.views.parts import Hanging, Part
from catagent.views.style import Look
from catagent.views.text import facts, written

# Of each message, so many characters are shown.
LONGEST = 400


def prompt(look: Look, data: ev.LlmStartedData) -> list[Part]:
    """The messages that are new, the number of those known, the tools and the parameters."""
    parts: list[Part] = []
    for known, messages in groupby(data.messages, lambda message: isinstance(message, ev.Ref)):
        if known:
            before = f"+ {count(len(list(messages)), 'message')} as before"
            parts.append(written(look, before, "dim"))
        else:
            parts += [_message(look, message) for message in messages]
    tools = ", ".join(tool.ref if isinstance(tool, ev.Ref) else tool.name for tool in data.tools)
    parts += [written(look, f"tools: {tools}", "dim")] if tools else []
    parameters = [f"{name} {compact(value)}" for name, value in data.parameters.items()]
    return [*parts, facts(look, parameters)] if parameters else parts


def _message(look: Look, message: ev.Message | ev.Ref) -> Part:
    if isinstance(message, ev.Ref):
        return written(look, message.ref, "dim")
    sign = look.glyphs.call
    calls = [f"{sign}{call.name}({arguments(call.args)})" for call in message.tool_calls]
    blocks = compact(message.blocks) if isinstance(message.blocks, list) else ""
    text = "\n".join(filter(None, [message.content or blocks, *calls]))
    if len(text) > LONGEST:
        text = f"{text[:LONGEST]}{look.glyphs.ellipsis} ({count(len(text), 'character')})"
    role = look.paint("dim", f"{look.line(message.type)}: ")
    return Hanging(role, written(look, text, "dim"))
