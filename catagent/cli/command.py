"""The classes of all commands: Typer's, without pydantic, and with an exit code for a closed pipe.

Since 0.29 Typer converts every value with pydantic, even that of an option that was not given, and
importing pydantic takes 60 ms: half of the way to the first frame. msgspec is imported anyway.
"""

from functools import partial
from typing import Any

import msgspec
import typer
from typer.core import TyperCommand, TyperGroup

from catagent.errors import ExitCode, UsageError


class Command(TyperCommand):
    """The `cls` of every command. A number is checked against its type alone: none has a range."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return Typer's parameters, and that of `--help`, which is first made here."""
        return _light(super().get_params(ctx))


class Group(TyperGroup):
    """A group of commands: the `cls` of every `typer.Typer`."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return the parameters as a command does."""
        return _light(super().get_params(ctx))

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a closed pipe, a failure to Typer, has an exit code of its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(ExitCode.BROKEN_PIPE) from None


def _light(parameters: list[Any]) -> list[Any]:
    for parameter in parameters:
        parameter.get_runtime_param = _Conversion
    return parameters


class _Conversion:
    """Converts values in the place of Typer's RuntimeParam, to the types that the command wants."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        kind, make = param.type_descriptor.annotation, partial(_make, param.opts[0])
        try:
            return msgspec.convert(value, kind, strict=False, dec_hook=make)
        except msgspec.ValidationError:  # Typer says what is wrong with it
            return type(param).get_runtime_param(param).coerce(value, param=param, ctx=ctx)


def _make(name: str, kind: Any, text: Any) -> Any:
    """Make what msgspec does not know, a path for one, from its text.

    Raises UsageError for an empty one: it would be a path to the current folder.
    """
    if not text:
        raise UsageError(f"{name} is empty", "give it the name of a file")
    return kind(text)
