"""What a graph asks a person, and what its tools returned besides what its agent observes."""

from collections.abc import Iterator
from textwrap import indent
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.views.format import fields, json_line, parsed
from catagent.views.notes import note, under
from catagent.views.parts import Hanging, Part, Ready, Rows
from catagent.views.style import Look
from catagent.views.wrap import cells, head

# Of a state, which may be of any size, a row of this many cells at most is shown.
LONGEST = 200
# Of the spaces before a line of a question, so many are kept.
DEEPEST = 8
# What LangChain says before a tool call to approve where the agent's author says nothing.
DEFAULT_DESCRIPTION = "Tool execution requires approval"


def interrupt(look: Look, data: ev.InterruptData) -> list[Part]:
    """What a person is asked, each question whole, and below, dimly, what they may answer."""
    below = answers(data)
    if look.options.verbose:
        below.append(f"interrupt {data.id}" + (f" of {data.node}" if data.node else ""))
    asked = [part for question in questions(data) for part in _asked(look, question)]
    return [*asked, *under(look, look.glyphs.pause, below)]


def _asked(look: Look, question: str) -> Iterator[Part]:
    """Rows of a line are all as far to the right: no argument may pass for what is asked."""
    sign = look.glyphs.pause
    first, *lines = question.replace("\r\n", "\n").split("\n")
    yield note(look, sign, first, "warn", "question")
    for line in lines:
        text = line.lstrip(" ")
        space = " " * (cells(sign) + min(DEEPEST, len(line) - len(text)))
        yield note(look, space, text, "plain", "question")


def questions(data: ev.InterruptData) -> list[str]:
    """What a person is asked, in lines: each tool call to approve, or whatever the graph says.

    One that was compiled to stop says nothing but where.
    """
    if data.value is None and data.node:
        return [f"{'in' if data.id else 'before'} {data.node}"]
    requests = data.value.get("action_requests") if isinstance(data.value, dict) else None
    if requests and isinstance(requests, list) and all(isinstance(one, dict) for one in requests):
        return [_request(request) for request in requests]
    return ["\n".join(fields(data.value))]


def _request(request: dict[str, Any]) -> str:
    """A tool call to approve, as LangChain's HumanInTheLoopMiddleware puts it."""
    name, args = request.get("name", "tool"), request.get("args")
    asked = indent("\n".join(fields(args)), "  ") if args else ""
    # What the agent's author says about the call, without LangChain's own words for the same.
    own = f"\n\nTool: {request.get('name')}\nArgs: {args}"
    said = str(request.get("description") or "").removesuffix(own)
    return "\n".join(filter(None, [str(name), asked, said if said != DEFAULT_DESCRIPTION else ""]))


def answers(data: ev.InterruptData) -> list[str]:
    """What may be answered, a line for each tool; none where that may be anything."""
    return [f"answers to {tool}: {', '.join(words)}" for tool, words in data.allowed.items()]


def artifacts(seen: ev.ObservationData) -> list[str]:
    """What a tool returned besides what the agent observes; MCP's tools return that again."""
    found = (message.artifact for message in seen.messages if message.artifact is not UNSET)
    text, data = seen.output, parsed(seen.output)
    known = [{"structured_content": each} for each in ({"result": text}, {"result": data}, data)]
    return [json_line(artifact) for artifact in found if artifact not in known]


def row(look: Look, sign: str, text: str) -> Part:
    """A dim row after a sign, which ends where the screen does."""
    line = look.line(text[: LONGEST + 1])

    def rows(width: int | None) -> Rows:
        return [look.paint("dim", head(line, min(width or LONGEST, LONGEST), look.glyphs.ellipsis))]

    return Hanging(look.paint("dim", sign), Ready(rows))
