"""The keys and types that a schema of an agent's has, and what does not fit them."""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import json
import re
from typing import Annotated, Any, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

from .kinds import derives, is_required

# What a person may write in the place of a value, by its type.
_EXAMPLES: dict[Any, Any] = {int: 1, float: 0.5, bool: True, dict: {}, list: [], set: [], tuple: []}
_LISTS = (list, collections.abc.Sequence)
_UNSAID = (Any, type(None), *_LISTS)  # types that do not say what is in a list


class Field(NamedTuple):
    """A key of a schema: its type, whether it must be given, whether as messages, its default."""

    kind: Any = Any
    is_required: bool = False
    takes_messages: bool = False
    default: str = ""

    @classmethod
    def of(cls, hint: Any, key: str = "", **more: Any) -> Field:
        """The field of a type hint; it takes messages by its type, its reducer, or by its name."""
        if "Required" in str(get_origin(hint)):  # NotRequired as well
            return cls.of(get_args(hint)[0], key, **more)
        options = _options(hint)
        lists = [each for each in options if get_origin(each) in _LISTS]
        unsaid = all(leaf in _UNSAID for each in options for leaf in _leaves(each))
        takes_messages = (
            "add_messages" in str(getattr(hint, "__metadata__", ""))
            or any(derives(leaf, "BaseMessage") for each in lists for leaf in _leaves(each))
            or (key == "messages" and unsaid)
        )
        return cls(hint, takes_messages=takes_messages, **more)

    @property
    def takes_text(self) -> bool:
        """Whether a text fits."""
        return any(each in (Any, object, str) for each in _options(self.kind))

    def __str__(self) -> str:
        """The type as a person writes it."""
        if self.takes_messages:
            return "messages"
        kinds = _options(self.kind)
        names = [str(kind if get_args(kind) else getattr(kind, "__name__", kind)) for kind in kinds]
        return re.sub(r"\b\w+\.", "", " | ".join(names)).replace("NoneType", "None")

    @property
    def example(self) -> Any:
        """What to write for it in JSON, as far as that is known."""
        if self.takes_messages:
            return [{"role": "user", "content": "…"}]
        kind, *_ = _options(self.kind)
        choices = get_args(kind) if "Literal" in str(get_origin(kind)) else ()
        return choices[0] if choices else _EXAMPLES.get(get_origin(kind) or kind, "…")

    def made_of(self, value: Any) -> Any:
        """A value of JSON, or the messages that LangChain makes of it. Raises ValueError, why not.

        Where Pydantic is old, or cannot describe the type, anything fits.
        """
        if self.takes_messages:
            return _messages_of(value)
        try:
            adapter = importlib.import_module("pydantic").TypeAdapter(self.kind)
        except Exception:  # Pydantic's own
            return value
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValueError as error:
            found: Any = error
            # Of what is inside a value, LangGraph asks for nothing.
            if errors := [each for each in found.errors() if each["type"] != "missing"]:
                raise ValueError("; ".join(map(_words, errors[:3]))) from None
        return value


def fields_of(schema: Any) -> dict[str, Field]:
    """The keys of a TypedDict, a dataclass or a Pydantic model; of anything else none."""
    required = getattr(schema, "__required_keys__", None)
    is_class = derives(schema, "BaseModel") or hasattr(schema, "__dataclass_fields__")
    if required is None and not is_class:
        return {}
    try:
        hints = get_type_hints(schema, include_extras=True)
    except Exception:  # a name in them that is not there
        hints = dict.fromkeys(getattr(schema, "__annotations__", ()), Any)
    if required is None:
        return {
            name: Field.of(
                hints.get(name, Any),
                name,
                is_required=is_required(parameter),
                default="" if is_required(parameter) else repr(parameter.default),
            )
            for name, parameter in inspect.signature(schema).parameters.items()
        }
    # What is annotated as a text is in no `__required_keys__`, or wrongly.
    required = [key for key in required if "NotRequired" not in str(get_origin(hints[key]))]
    return {key: Field.of(hint, key, is_required=key in required) for key, hint in hints.items()}


def _messages_of(value: Any) -> Any:
    convert = importlib.import_module("langchain_core.messages").convert_to_messages
    try:
        return convert(value if isinstance(value, list) else [value])
    except Exception as error:  # of several kinds
        raise ValueError(str(error).partition("\n")[0]) from None


def _options(kind: Any) -> list[Any]:
    """The types of which a value may be one."""
    if get_origin(kind) is Annotated:
        return _options(get_args(kind)[0])
    if get_origin(kind) is Union or type(kind).__name__ == "UnionType":
        return [option for each in get_args(kind) for option in _options(each)]
    return [Any if isinstance(kind, TypeVar) else kind]


def _leaves(kind: Any) -> list[Any]:
    """The classes that a type is made of."""
    return [leaf for each in get_args(kind) for leaf in _leaves(each)] or [get_origin(kind) or kind]


def _words(problem: dict[str, Any]) -> str:
    where = ".".join(map(str, problem["loc"]))
    words = problem["msg"][:1].lower() + problem["msg"][1:]
    return f"{where}: {words}" if where else words
