"""What LangChain's objects are, by the names of their classes: others may stand in for them."""

from __future__ import annotations

import sys
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
    from typing_extensions import TypeIs

_MESSAGES = "langchain_core.messages"


def is_message(value: object) -> TypeIs[BaseMessage]:
    """Whether it is a message, or a chunk of one."""
    return _is(value, "BaseMessage")


def is_ai(value: object) -> TypeIs[AIMessage]:
    """Whether it is a model's message, or a chunk of one."""
    return _is(value, "AIMessage")


def is_tool_message(value: object) -> TypeIs[ToolMessage]:
    """Whether it is what a tool answered."""
    return _is(value, "ToolMessage")


def langchain(module: str) -> Any:
    """A module of langchain-core's, or None where that has not been imported."""
    return import_module(f"langchain_core.{module}") if "langchain_core" in sys.modules else None


def load_langchain() -> None:
    """Import it, to read what another process made with it: `langchain` has it from then on."""
    import_module(_MESSAGES)


def _is(value: object, name: str) -> bool:
    try:
        kind: Any = type(value)
        return name in _names(kind)
    except TypeError:  # a stranger's metaclass, whose classes have no hash
        return False


@lru_cache(maxsize=512)
def _names(kind: type) -> frozenset[str]:
    """The names of LangChain's classes of messages that it is or comes from."""
    classes = (each for each in kind.__mro__ if str(each.__module__).startswith(_MESSAGES))
    return frozenset(each.__name__ for each in classes)
