"""Objects that stand in for those of a program that is watched: LangChain is not imported here.

They have the names, and the attributes that `sources/` asks for, of what they stand for.
"""

import asyncio
import builtins
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

from catagent.failures.places import Place

_KINDS: dict[str, tuple[str, dict[str, Any]]] = {
    "ai": ("AIMessage", {"tool_calls": list, "invalid_tool_calls": list, "usage_metadata": None}),
    "tool": ("ToolMessage", {"tool_call_id": "", "status": "success", "artifact": None}),
    "chat": ("ChatMessage", {"role": ""}),
}
_EVERY: dict[str, Any] = {"content": "", "id": None, "name": None}
_EVERY |= {"additional_kwargs": dict, "response_metadata": dict}
_SHOWN = ("name", "id", "tool_calls", "tool_call_id")


class BaseMessage:
    """A message; what its class is called says which, where that is asked for."""

    __module__ = "langchain_core.messages"
    type: str
    content: Any

    def __repr__(self) -> str:
        told = {name: value for name, value in self.__dict__.items() if value and name in _SHOWN}
        return _written(type(self).__name__, {"content": self.content, **told})


@cache
def _message_class(kind: str) -> tuple[type[BaseMessage], dict[str, Any]]:
    name, more = _KINDS.get(kind, ("BaseMessage", {}))
    made = type(name, (BaseMessage,), {"__module__": BaseMessage.__module__})
    return made, {**_EVERY, **more}


def message(fields: dict[str, Any]) -> BaseMessage:
    """The message, or chunk of one, with these fields; those that it lacks are empty."""
    kind = str(fields.get("type", "")).removesuffix("MessageChunk").lower()
    of, defaults = _message_class(kind)
    made = of()
    values = {name: each() if callable(each) else each for name, each in defaults.items()}
    made.__dict__.update(values, **fields)
    return made


class Thing(Mapping[str, Any]):
    """Any other object: its fields are its attributes, and as a mapping it is its plain form."""

    def __init__(self, name: str, fields: dict[str, Any], form: dict[str, Any]) -> None:
        self._name, self._fields, self._form = name, fields, form

    def __getattr__(self, name: str) -> Any:
        try:
            return self.__dict__["_fields"][name]
        except KeyError:
            raise AttributeError(name) from None

    def __getitem__(self, key: str) -> Any:
        return self._form[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._form)

    def __len__(self) -> int:
        return len(self._form)

    def __repr__(self) -> str:
        fields = self._form.get(_TAGS.get(self._name, ""), self._fields)
        return _written(self._name.rpartition(".")[2], fields)


def _written(name: str, fields: Mapping[str, Any]) -> str:
    return f"{name}({', '.join(f'{key}={value!r}' for key, value in fields.items())})"


_TAGS = {"langgraph.types.Command": "$command", "langgraph.types.Send": "$send"}


def thing(name: str, fields: dict[str, Any]) -> Thing:
    """What stands for an object of the class of this name (`module.Class`)."""
    if name == "langgraph.types.Interrupt" and "id" not in fields:  # as it was before LangGraph 0.6
        fields = {**fields, "id": "|".join(map(str, fields.get("ns") or ()))}
    tag = _TAGS.get(name)
    said = {key: value for key, value in fields.items() if value is not None and value != []}
    return Thing(name, fields, {tag: said} if tag else fields)


class Action(SimpleNamespace):
    """An AgentAction, with the messages that LangChain makes of it, and of its observation."""

    message_log: Sequence[BaseMessage] = ()

    @property
    def messages(self) -> list[BaseMessage]:
        """What the model wrote to decide on it."""
        return [*self.message_log] or [message({"type": "ai", "content": self.log})]

    def answered(self, observation: str) -> list[BaseMessage]:
        """What the agent observed."""
        fields = {"type": "function", "name": self.tool} if self.message_log else {"type": "human"}
        return [message({**fields, "content": observation})]


_BASES = {
    f"{each.__module__}.{each.__qualname__}": each
    for each in (*vars(builtins).values(), asyncio.CancelledError)
    if isinstance(each, type) and issubclass(each, BaseException)
}


# What is told of an exception, and how the SDKs of providers call it.
_ATTRIBUTES = {"message": "said", "status": "status_code", "recorded": "catagent_recorded"}
_ATTRIBUTES["is_there"] = "catagent_is_there"
_ATTRIBUTES |= {name: name for name in ("body", "errno", "code")}


class _Said:
    """What every exception here says: what the one that it stands for said."""

    said = ""

    def __str__(self) -> str:
        return self.said


class Exceptions:
    """Those of one run: what was the same exception in the program is the same object here."""

    def __init__(self) -> None:
        self._made: dict[Any, BaseException] = {}

    def of(self, told: dict[str, Any]) -> BaseException:
        """An exception whose classes have the same names, with the same words and attributes."""
        identity = told.get("key"), *told["mro"], told["message"]
        if identity not in self._made:
            self._made[identity] = self._new(told)
        return self._made[identity]

    def _new(self, told: dict[str, Any]) -> BaseException:
        of = _exception_class(tuple(told["mro"]))
        members = [self.of(each) for each in told.get("members") or ()]
        if issubclass(of, BaseExceptionGroup):
            words = told["message"].rpartition(" (")[0] or told["message"]
            made: BaseException = of.__new__(of, words, members or [Exception(words)])
        else:  # LangGraph gives its own something else than words
            made = of.__new__(of, told.get("interrupts", told.get("command", told["message"])))
        if told.get("cause"):
            made.__cause__ = self.of(told["cause"])
        for name, value in _attributes(told).items():
            setattr(made, name, value)
        return made


def _attributes(told: dict[str, Any]) -> dict[str, Any]:
    """What is asked of an exception, by the names that the SDKs of providers have for it."""
    found = {name: told[key] for key, name in _ATTRIBUTES.items() if key in told}
    if "headers" in told:
        found["response"] = SimpleNamespace(headers=told["headers"])
    if "url" in told:
        url = urlsplit(told["url"])
        found["request"] = SimpleNamespace(url=SimpleNamespace(host=url.hostname, port=url.port))
    return found | ({"place": Place(*told["place"])} if "place" in told else {})


@cache
def _exception_class(mro: tuple[str, ...]) -> type[BaseException]:
    base = next((_BASES[name] for name in mro if name in _BASES), Exception)
    own = [name for name in mro if name not in _BASES and name != "builtins.object"]
    if not own and base is RuntimeError:  # which may carry a StopIteration, and no subclass does
        return base
    for name in reversed(own or [f"builtins.{base.__name__}"]):
        module, _, short = name.rpartition(".")
        above = (base,) if issubclass(base, _Said) else (_Said, base)
        base = type(short, above, {"__module__": module})
    return base
