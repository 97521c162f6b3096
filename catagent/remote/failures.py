"""The exceptions of a run on a server, made of what that says of them: a class, and its words."""

from __future__ import annotations

import ast
import builtins
import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from catagent.errors import AgentError
from catagent.sources.standins import Exceptions, thing

if TYPE_CHECKING:
    from catagent.remote.running import Ended

INTERRUPT = "GraphInterrupt"
# What servers say in the place of an error's words, which they have elsewhere.
_WITHHELD = re.compile(r"An internal error occurred|\w+: execution failed")
# How the SDKs of providers call their errors, and begin them where a server refused.
_OF_MODELS = re.compile(
    r"\w*?(Authentication|PermissionDenied|RateLimit|BadRequest|NotFound|Conflict|Connection"
    r"|UnprocessableEntity|InternalServer|ContextOverflow|Timeout|API\w*)Error"
)
_STATUS = re.compile(r"Error code: (\d{3})\b")
_WRITTEN = re.compile(r"(\w+)(\(.*\))", re.DOTALL)


class Failures:
    """Those of one run: what was the same exception there is the same object here.

    `words` are those that its server said elsewhere, by the class of the error.
    """

    def __init__(self) -> None:
        self.words: dict[str, str] = {}
        self._last = ""
        self._exceptions = Exceptions()

    def of(self, told: Any) -> BaseException:
        """The exception that a part of the stream tells of."""
        name, said = name_of(told), _said(told)
        if _WITHHELD.fullmatch(said):
            said = self.words.get(name) or self._last or said
        known = hasattr(builtins, name)
        form: dict[str, Any] = {"mro": [f"{'builtins' if known else 'served'}.{name}"]}
        form["is_there"] = True
        if (kind := _OF_MODELS.fullmatch(name)) is not None and not known:
            form["mro"].append(f"served.API{kind[1].removeprefix('API')}Error")
        if (status := _STATUS.match(said)) is not None:
            form["status"] = int(status[1])
        return self._exceptions.of({**form, "message": said})

    def waiting(self, pauses: Iterable[Any]) -> BaseException:
        """LangGraph's, of a node or tool that waits for a person."""
        asked = tuple(pause_of(each) for each in pauses if isinstance(each, dict))
        form = {"mro": [f"langgraph.errors.{INTERRUPT}", "langgraph.errors.GraphBubbleUp"]}
        key = tuple(each.id for each in asked)
        return self._exceptions.of({**form, "message": "", "interrupts": asked, "key": key})

    def at(self, end: Ended) -> BaseException:
        """What a run that has not ended well was ended by; and learn the words of its errors."""
        self.learn([each.get("error") for each in end.state.tasks], end.error)
        if end.status == "interrupted":
            return AgentError("The run was cancelled on its server.")
        return self.of(end.error)

    def lacks(self, told: Any) -> bool:
        """Whether the words of an error are withheld, and not known from elsewhere."""
        return bool(_WITHHELD.fullmatch(_said(told))) and name_of(told) not in self.words

    def learn(self, written: Iterable[Any], last: Any) -> None:
        """Take in errors as the state of a thread has them: `ValueError('no such place')`.

        `last` is what the server says of the one that the run ended with.
        """
        for each in written:
            if (found := _WRITTEN.fullmatch(str(each))) is not None:
                self.words[found[1]] = _unquoted(found[2])
        if not _WITHHELD.fullmatch(_said(last)):
            self._last = _said(last)


def pause_of(told: dict[str, Any]) -> Any:
    """What stands for LangGraph's Interrupt."""
    named = {key: str(told[key]) for key in ("id",) if told.get(key) is not None}
    return thing("langgraph.types.Interrupt", {"value": None, **told, **named})


def is_of_a_model(error: BaseException) -> bool:
    """Whether its class is called as those of the SDKs of models are."""
    return _OF_MODELS.fullmatch(type(error).__name__) is not None


def name_of(told: Any) -> str:
    """The class of an error that a part of the stream tells of."""
    found = told.get("error") or told.get("type") if isinstance(told, dict) else None
    name = str(found or "Exception")
    return name if name.isidentifier() else "Exception"


def _said(told: Any) -> str:
    return str(told.get("message") or "") if isinstance(told, dict) else str(told)


def _unquoted(args: str) -> str:
    """The words in what an exception was made with; all of it where that is no literal."""
    try:
        found = ast.literal_eval(args)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return args[1:-1]
    return str(found[0] if isinstance(found, tuple) and found else found)
