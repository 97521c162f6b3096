"""Typer's parameters without pydantic, which would be half of the way to the first frame.

Typer makes a pydantic validator for every option, whether it was given or not, and importing
pydantic takes 60 ms. What most command lines hold needs none: nothing, text, numbers, one of a few
words. Paths and whatever is wrong go Typer's own way, and so do its messages. No option may have
a range (`min`, `max`) beside its type: numbers are not held against one here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Literal, get_args, get_origin

_NUMBERS: dict[Any, type[int | float]] = {
    int: int,
    int | None: int,
    float: float,
    float | None: float,
}


def lighten(command: Any) -> None:
    """Do so for a command as `typer.main.get_command` makes it, and for all those inside it."""
    command.get_params = partial(_light_ones, command.get_params)
    for child in getattr(command, "commands", {}).values():
        lighten(child)


def _light_ones(typers_own: Callable[[Any], list[Any]], ctx: Any) -> list[Any]:
    """The command's parameters, that for --help included, which is made as late as here."""
    parameters = typers_own(ctx)
    for parameter in parameters:
        # An older Typer has no such method, and no pydantic either.
        if hasattr(parameter, "get_runtime_param") and not hasattr(parameter, "light"):
            parameter.light = _Light(parameter.get_runtime_param, parameter.type_descriptor)
            parameter.get_runtime_param = parameter.light.itself
    return parameters


class _Light:
    """Stands in the place of Typer's RuntimeParam: turns a value into what the command wants."""

    def __init__(self, typers_own: Callable[[], Any], descriptor: Any) -> None:
        self._typers_own = typers_own
        self._annotation = descriptor.annotation

    def itself(self) -> _Light:
        return self

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """As Typer does: nothing becomes None, or an empty tuple where there may be several."""
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        if _is_fine(value, self._annotation):
            return value
        number = _number(value, self._annotation)
        if number is not None:
            return number
        if self._annotation == list[str] and isinstance(value, tuple | list):
            return [str(item) for item in value]
        return self._typers_own().coerce(value, param=param, ctx=ctx)


def _number(value: Any, annotation: Any) -> int | float | None:
    kind = _NUMBERS.get(annotation)
    if kind is None or not isinstance(value, str):
        return None
    try:
        return kind(value)
    except ValueError:
        return None


def _is_fine(value: Any, annotation: Any) -> bool:
    """Whether it is of the right type already: text, one of the words, or a default."""
    if get_origin(annotation) is Literal:
        return value in get_args(annotation)
    return annotation in (str, bool, int, float) and type(value) is annotation
