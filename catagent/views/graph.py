"""What a graph asks a person, and what its tools returned besides what its agent observes."""

from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.views.format import called, compact, count, json_line, parsed
from catagent.views.notes import under
from catagent.views.parts import Hanging, Part, Ready, Rows, narrower
from catagent.views.sanitize import clean_line
from catagent.views.style import Look
from catagent.views.wrap import cells, head, wrap

# Of a state, which may be of any size, a row of this many cells at most is shown.
LONGEST = 200
# How much further in the rest of a line of a question begins that is wrapped.
DEEPER = 2
# What LangChain says before a tool call to approve where the agent's author says nothing.
DEFAULT_DESCRIPTION = "Tool execution requires approval"

# What an Agent Inbox answers (LangGraph's HumanResponse), by what allows it.
_INBOX = {"accept": "accept", "ignore": "ignore", "respond": "response", "edit": "edit"}


def interrupt(look: Look, data: ev.InterruptData) -> list[Part]:
    """What a person is asked, each question whole, and below, dimly, what they may answer."""
    below = answers(data)
    if look.options.verbose:
        below.append(f"interrupt {data.id}" + (f" of {data.node}" if data.node else ""))
    return [*asked(look, data), *under(look, look.glyphs.pause, below)]


def asked(look: Look, data: ev.InterruptData) -> list[Part]:
    """What a person is asked, each question whole."""
    return [_asked(look, question) for question in questions(data)]


def _asked(look: Look, question: str) -> Part:
    """Rows of a line are further to the right: no argument may pass for another, or a question."""
    sign, lines = look.glyphs.pause, look.text(question.replace("\r\n", "\n")).split("\n")

    def rows(width: int | None) -> Rows:
        made = [row for line in lines for row in _hung(line, narrower(width, cells(sign)))]
        return [look.paint("question", row.rstrip(" ")) for row in made]

    return Hanging(look.paint("warn", sign), Ready(rows))


def _hung(line: str, width: int | None) -> Iterator[str]:
    text = line.lstrip(" ")
    deep = len(line) - len(text)
    space = " " * (deep if width is None else min(deep, width // 2))
    first, *more = wrap(text, narrower(width, len(space) + DEEPER))
    yield space + first
    yield from (space + " " * DEEPER + row for row in more)


def questions(data: ev.InterruptData) -> list[str]:
    """What a person is asked, in lines: each tool call to approve, or whatever the graph says.

    A breakpoint says what is about to happen; where a graph was compiled to stop, it is but where.
    """
    if data.value is None and data.node:
        return [f"{'in' if data.id else 'before'} {data.node}"]
    match data.value:
        case {"breakpoint": {"kind": "node", "name": name, "input": {**state}}}:
            return [_call(f"before {name}", {key: _newest(each) for key, each in state.items()})]
        case {"breakpoint": {"name": name, "input": given}}:
            return [_call(f"before {name}", given)]
        case {"type": "tool_approval", "name": _}:
            return [_request(data.value)]
        case [*_] if inbox := _inbox(data.value):
            return [_request(request) for request, _ in inbox]
        case {"action_requests": [*requests]} if requests and all(map(_is_object, requests)):
            return [_request(request) for request in requests]
    return ["\n".join(_lines(data.value))]


def _inbox(value: Any) -> list[tuple[dict[str, Any], list[str]]]:
    """Each call of a list in Agent Inbox's form, and what it takes; none of anything else."""
    found = []
    for each in value if isinstance(value, list) else []:
        match each:
            case {"action_request": {"action": str(name), **call}, "config": {**allows}}:
                kinds = [kind for key, kind in _INBOX.items() if allows.get(f"allow_{key}")]
                found.append(({**each, **call, "name": name}, kinds or ["ignore"]))
            case _:
                return []
    return found


def _newest(value: Any) -> Any:
    """Of the messages in a state the last, unless it was shown; any other value as it is."""
    match value:
        case [*before, {"type": str(kind), "content": content, "tool_calls": [*calls]}]:
            said = [compact(content)] * bool(content) + [
                called(call.get("name"), call.get("args")) for call in calls if _is_object(call)
            ]
            after = f", after {count(len(before), 'message')}" if before else ""
            return f"{kind}: {', '.join(said)}{after}"
        case [*_, {"ref": str()}]:
            return f"{count(len(value), 'message')}, as above"
    return value


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _request(request: dict[str, Any]) -> str:
    """A tool call to approve, as LangChain's HumanInTheLoopMiddleware puts it."""
    name, args = request.get("name", "tool"), request.get("args")
    # What the agent's author says about the call, without LangChain's own words for the same.
    own = f"\n\nTool: {request.get('name')}\nArgs: {args}"
    said = str(request.get("description") or "").removesuffix(own).strip("\n")
    return "\n".join(filter(None, [_call(name, args), said if said != DEFAULT_DESCRIPTION else ""]))


def _call(name: Any, args: Any) -> str:
    return "\n".join([clean_line(str(name)), *(f"  {line}" for line in _lines(args) if args)])


def _lines(value: Any) -> list[str]:
    """Data in lines, what is inside of another further to the right; small lists are JSON."""
    if isinstance(value, dict) and value:
        return [line for key, each in value.items() for line in _named(f"{key}:", each)]
    if isinstance(value, list) and any(isinstance(each, dict | list) for each in value):
        return [line for each in value for line in _item(_lines(each))]
    return compact(value).split("\n")


def _named(key: str, value: Any) -> list[str]:
    lines = _lines(value)
    if lines == [compact(value)]:
        return [f"{clean_line(key)} {lines[0]}"]
    return [clean_line(key), *(f"  {line}" for line in lines)]


def _item(lines: list[str]) -> list[str]:
    return [f"{'  ' if at else '- '}{line}" for at, line in enumerate(lines)]


def answers(data: ev.InterruptData) -> list[str]:
    """What may be answered, a line for each tool; none where that may be anything."""
    known = [*data.allowed.items(), *((call["name"], kinds) for call, kinds in _inbox(data.value))]
    return [f"answers to {tool}: {', '.join(words)}" for tool, words in known]


def resuming(again: str, asked: Sequence[ev.InterruptData]) -> str:
    """The command that answers a run that waits; empty where `again`, which shows it, is."""
    command = again.removesuffix(" -v").replace("catagent show", "catagent resume", 1)
    for data in asked if again else ():
        command += f" --answer {f'{data.id[:8]}=' * (len(asked) > 1)}{_first(data)}"
    return command


def _first(data: ev.InterruptData) -> str:
    """What may be answered, for an example."""
    match data.value:
        case {"type": "tool_approval"} | {"action_requests": _}:
            return next((words[0] for words in data.allowed.values() if words), "approve")
        case {"breakpoint": _}:
            return "continue"
        case [*_] if inbox := _inbox(data.value):
            args = {"response": "TEXT"}
            said = [{"type": kind, "args": args.get(kind)} for _, (kind, *_) in inbox]
            return f"'{json_line(said)}'"
    return "TEXT" if data.value is not None else "continue"


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
