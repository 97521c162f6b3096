"""What a person may answer to each question of a run that waits, and what is made of it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from msgspec.structs import replace

from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.run import answers
from catagent.run.answers import CONTINUE, STEP, Action, actions, is_stop
from catagent.sinks.jsonl import escaped

# In place of an answer: the arguments are to be edited.
EDIT = object()
_LEAVES = "Ctrl-C leaves it open"
# What a person writes for each decision, of which the beginning will do.
_FORMS = {"reject": "reject [REASON]", "respond": "respond TEXT"}
_SAME = {"y": "approve", "yes": "approve", "n": "reject", "no": "reject"}
_WORDS = {"": CONTINUE, "c": CONTINUE, CONTINUE: CONTINUE, "s": STEP, STEP: STEP}


class Wanted(NamedTuple):
    """What is asked, in a `line`; `take` makes a value of the answer, or raises UsageError.

    It raises EOFError where the person leaves. An answer of several `lines` begins as `text`.
    `kind` says of what was typed by now what it would be taken for.
    """

    line: str
    take: Callable[[str], Any]
    text: str = ""
    lines: bool = False
    kind: Callable[[str], str] = lambda text: ""


def singly(data: ev.InterruptData) -> list[ev.InterruptData]:
    """A question about several tool calls as one about each."""
    calls = answers.requests(data.value)
    if len(calls) < 2:
        return [data]
    return [replace(data, value={**data.value, "action_requests": [call]}) for call in calls]


def together(data: ev.InterruptData, said: Iterator[Any]) -> Any:
    """The resume value, of the next of the answers: as many as there were questions."""
    found = actions(data)
    return answers.decided(data, [next(said) for _ in found]) if found else next(said)


def wanted(data: ev.InterruptData, which: str) -> Wanted:
    """What may be answered to one question, `which` of several."""
    if is_stop(data):
        return Wanted(f"{which}Enter goes on, s steps, q leaves", _go_on)
    found = actions(data)
    if not found:
        line = f"{which}a text or JSON; {_LEAVES}"
        return Wanted(line, lambda text: _anything(data, text), kind=_kind)
    forms = ", ".join(_FORMS.get(each, each) for each in found[0].allowed)
    return Wanted(f"{which}{forms}; {_LEAVES}", lambda text: _decision(found[0], text))


def arguments(data: ev.InterruptData) -> Wanted:
    """The arguments of a tool call, to be edited."""
    action = actions(data)[0]
    text = escaped(json.dumps(action.args, ensure_ascii=False, indent=2).encode()).decode()
    line = f"the arguments of {action.name}: Esc Enter sends them, Ctrl-C goes back"
    return Wanted(line, lambda text: _edited(action, text), text, lines=True)


def _go_on(text: str) -> str:
    word = text.strip()
    if word in ("q", "quit"):
        raise EOFError
    if word not in _WORDS:
        raise UsageError(f"{word!r} is none of these")
    return _WORDS[word]


def _kind(text: str) -> str:
    if not text.strip():
        return ""
    return "this is a text" if answers.is_text(text) else "this is JSON"


def _anything(data: ev.InterruptData, text: str) -> Any:
    if not text.strip():
        raise UsageError("nothing is no answer", 'write "" for an empty text')
    return answers.answer_to(data, text)


def _decision(action: Action, text: str) -> Any:
    """A decision from its beginning and what follows: `r too late` is `reject:too late`."""
    begun, rest = [*re.split(r"[\s:]+", text.strip(), maxsplit=1), ""][:2]
    begun = _SAME.get(begun.lower(), begun.lower())
    word = next((each for each in action.allowed if begun and each.startswith(begun)), begun)
    if word == "edit" and not rest:
        return EDIT
    return answers.decision(action, f"{word}:{rest}" if rest else word)


def _edited(action: Action, text: str) -> Any:
    try:
        json.loads(text)
    except ValueError as error:
        raise UsageError(f"this is not JSON: {error}") from None
    return answers.decision(action, f"edit:{text}")
