"""What a person answers to a run that waits, as LangGraph and LangChain's middleware take it."""

import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Any, NamedTuple

from msgspec.structs import replace

from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.redact import MASK

# Asks a person: resume values by the ids of the interrupts, None where all stay open.
Asker = Callable[[Sequence[ev.Interrupt]], Awaitable[dict[str, Any] | None]]

CONTINUE, STEP = "continue", "step"
# How each decision on a tool call is written.
_FORMS = {
    "approve": "approve",
    "edit": 'edit:{"argument": value}',
    "reject": "reject or reject:REASON",
    "respond": "respond:TEXT",
}


class Action(NamedTuple):
    """A tool call that a person decides on, and the decisions that they may take."""

    name: str
    args: Any
    allowed: Sequence[str]


def actions(data: ev.InterruptData) -> list[Action]:
    """The tool calls that LangChain's human-in-the-loop middleware asks about; none of others."""
    return [
        Action(name := each["name"], each.get("args"), data.allowed.get(name) or [*_FORMS])
        for each in requests(data.value)
    ]


def requests(value: Any) -> list[dict[str, Any]]:
    """Of a turn's calls together, or of one alone, which may be asked about either way."""
    found = value if isinstance(value, dict) else {}
    several = [found] if found.get("type") == "tool_approval" else found.get("action_requests")
    calls = several if isinstance(several, list) else []
    return [each for each in calls if isinstance(each, dict) and isinstance(each.get("name"), str)]


def breakpoint_of(data: ev.InterruptData) -> dict[str, Any] | None:
    """What a breakpoint of ours is about to do, None for what an agent asks."""
    found = data.value.get("breakpoint") if isinstance(data.value, dict) else None
    return found if isinstance(found, dict) else None


def is_stop(data: ev.InterruptData) -> bool:
    """Whether it asks nothing: a breakpoint, or where a graph was compiled to stop."""
    return breakpoint_of(data) is not None or (not data.id and data.value is None)


def decision(action: Action, text: str) -> dict[str, Any]:
    """What was decided on a tool call: approve, edit:JSON, reject[:REASON], respond:TEXT, or JSON.

    Raises UsageError, which says what is allowed.
    """
    word, _, rest = (part.strip() for part in text.partition(":"))
    made: dict[str, Any] = {}
    match _parsed(text), word:
        case dict() as given, _:
            made = given
        case _, "edit" if word in action.allowed:
            made = {"type": word, "edited_action": _edited(action, rest)}
        case _, "reject" | "respond" if rest:
            made = {"type": word, "message": rest}
        case _, "approve" | "reject" if not rest:
            made = {"type": word}
    if made.get("type") not in action.allowed:
        forms = ", ".join(_FORMS.get(each, each) for each in action.allowed)
        raise UsageError(f"{text!r} is no decision on {action.name}", f"answer {forms}")
    if made["type"] == "edit" and MASK in str(made):
        message = f"{action.name} would get {MASK} where a secret was"
        raise UsageError(message, "write the secret itself, or approve the call as it is")
    return made


def _edited(action: Action, text: str) -> dict[str, Any]:
    given = _parsed(text)
    if not isinstance(given, dict):
        message = f"{text!r} is not a JSON object with the arguments of {action.name}"
        raise UsageError(message, f"answer {_FORMS['edit']}")
    return given if given.keys() == {"name", "args"} else {"name": action.name, "args": given}


def decided(data: ev.InterruptData, decisions: Sequence[Any]) -> Any:
    """The resume value with these decisions, one for each of the `actions`."""
    is_one = isinstance(data.value, dict) and data.value.get("type") == "tool_approval"
    return decisions[0] if is_one else {"decisions": list(decisions)}


def answer_to(data: ev.InterruptData, text: str) -> Any:
    """The resume value that a text says: a decision, on several tool calls the same, or JSON.

    Raises UsageError, which says what is allowed.
    """
    if is_stop(data):
        return _go_on(text)
    found, given = actions(data), _parsed(text)
    if not found:
        return text if is_text(text) else given
    several = given.get("decisions") if isinstance(given, dict) else given
    if isinstance(several, list):
        if len(several) != len(found):
            message = f"there are {len(several)} decisions on {len(found)} tool calls"
            raise UsageError(message, f"they are {', '.join(each.name for each in found)}")
        texts = [json.dumps(each) for each in several]
    elif len(found) > 1 and text.startswith("edit"):
        hint = "answer with a JSON list, a decision each"
        raise UsageError("several tool calls wait, and an edit is of one", hint)
    else:
        texts = [text] * len(found)
    return decided(data, [decision(*each) for each in zip(found, texts, strict=True)])


def _go_on(text: str) -> str:
    if text not in (CONTINUE, STEP):
        raise UsageError(f"nothing is asked that {text!r} answers", f"answer {CONTINUE} or {STEP}")
    return text


def is_text(text: str) -> bool:
    """Whether an answer that is no decision is taken as it is, as it is no JSON."""
    return _parsed(text) is None and text.strip() != "null"


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def approval(data: ev.InterruptData, tools: Collection[str]) -> Any | None:
    """The resume value that approves all it asks; None where a tool is not among these, or `all`.

    What stops before a node without a question is approved by the node's name.
    """
    if is_stop(data):
        is_ours = breakpoint_of(data) is not None
        return CONTINUE if not is_ours and {"all", data.node} & {*tools} else None
    found = actions(data)
    if not found or not all(_approves(each, tools) for each in found):
        return None
    return decided(data, [{"type": "approve"}] * len(found))


def _approves(action: Action, tools: Collection[str]) -> bool:
    return "approve" in action.allowed and bool({"all", action.name} & {*tools})


def answering(
    given: Mapping[str, Any], tools: Collection[str] = (), ask: Asker | None = None
) -> Asker:
    """An asker that gives what was `given`, once, and approves calls of these tools.

    The rest is asked of `ask`, where there is somebody.
    """
    left = dict(given)

    async def answer(asked: Sequence[ev.Interrupt]) -> dict[str, Any] | None:
        answers = {each.data.id: left.pop(each.data.id) for each in asked if each.data.id in left}
        for each in asked:
            if each.data.id not in answers and (made := approval(each.data, tools)) is not None:
                answers[each.data.id] = made
        rest = {each.data.id: each for each in asked if each.data.id not in answers}
        if not rest or ask is None:
            return answers or None
        said = await ask([_without_approved(each, tools) for each in rest.values()])
        if said is None:
            return None
        return answers | {k: _with_approved(rest[k].data, tools, said[k]) for k in said}

    return answer


def _without_approved(asked: ev.Interrupt, tools: Collection[str]) -> ev.Interrupt:
    """The same question, without the calls that are approved."""
    found, calls = actions(asked.data), requests(asked.data.value)
    left = [each for each, one in zip(calls, found, strict=True) if not _approves(one, tools)]
    if len(left) == len(calls):
        return asked
    value = {**asked.data.value, "action_requests": left}
    return replace(asked, data=replace(asked.data, value=value))


def _with_approved(data: ev.InterruptData, tools: Collection[str], answer: Any) -> Any:
    """What was answered to the rest, with the approvals in their places."""
    approved = [_approves(each, tools) for each in actions(data)]
    if not any(approved):
        return answer
    rest = iter(answer["decisions"])
    return decided(data, [{"type": "approve"} if yes else next(rest) for yes in approved])
