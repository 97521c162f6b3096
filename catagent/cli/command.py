"""The classes of all commands: Typer's, without pydantic, and with an exit code for a closed pipe.

Since 0.29 Typer converts every value with pydantic, even that of an option that was not given, and
importing pydantic takes 60 ms: half of the way to the first frame. msgspec is imported anyway.
"""

from functools import partial
from os.path import isfile
from typing import Any

import msgspec
import typer
from typer.core import TyperCommand, TyperGroup

from catagent.cli.help import write_help
from catagent.cli.mistakes import bad_value, no_command
from catagent.errors import ExitCode, UsageError, nearest


class _Ours:
    """What commands and groups of them share: how values are made, and help."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Return Typer's parameters, and that of `--help`, which is first made here."""
        parameters: list[Any] = super().get_params(ctx)  # type: ignore[misc]
        for parameter in parameters:
            parameter.get_runtime_param = _Conversion
        return parameters

    def format_options(self, ctx: Any, formatter: Any) -> None:
        """Write all of help that stands below usage and description."""
        write_help(self, ctx, formatter)


class Command(_Ours, TyperCommand):
    """The `cls` of every command. A number is checked against its type alone: none has a range."""


class Group(_Ours, TyperGroup):
    """A group of commands: the `cls` of every `typer.Typer`."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command. Raises UsageError for one that is not there."""
        if args[0] not in self.commands and not ctx.resilient_parsing:
            raise no_command(args[0], self.commands, ctx.command_path)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        """Run the command; a closed pipe, a failure to Typer, has an exit code of its own."""
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise typer.Exit(ExitCode.BROKEN_PIPE) from None


class Root(Group):
    """The program itself, where a question needs no command.

    A first word that is a command is one. Else two words or more are a question for `ask`, with
    its options before, after and among them; one word alone never is, nor is a command misspelt
    before a recording.
    """

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `ask` before a question. Raises UsageError for one word that is no command."""
        own = {name for option in self.get_params(ctx) for name in option.opts}
        if args and args[0].partition("=")[0] not in own | self.commands.keys():
            self._require_question(ctx, args)
            args = ["ask", *args]
        return super().parse_args(ctx, args)

    def _require_question(self, ctx: Any, args: list[str]) -> None:
        ask: Any = self.commands["ask"]
        asked = ask.make_context("ask", list(args), parent=ctx, resilient_parsing=True)
        words = " ".join(asked.params["question"] or ()).split()
        is_kept = words[1:] == ["last"] or (
            len(words) == 2 and isfile(words[1])  # noqa: PTH113 - is_file raises for a long word
        )
        is_slip = is_kept and nearest(words[0], self.commands)  # "shwo last"
        if (is_slip or (len(words) == 1 and words != ["-"])) and not ctx.resilient_parsing:
            raise no_command(words[0], self.commands, ctx.command_path)


class _Conversion:
    """Converts values in the place of Typer's RuntimeParam, to the types that the command wants."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        if value is None:
            return () if param.multiple or param.nargs == -1 else None
        kind, make = param.type_descriptor.annotation, partial(_make, param.opts[0])
        try:
            return msgspec.convert(value, kind, strict=False, dec_hook=make)
        except msgspec.ValidationError:  # Typer may take it, such as a number after a space
            typers = type(param).get_runtime_param(param)
        try:
            return typers.coerce(value, param=param, ctx=ctx)
        except typer.BadParameter:
            raise bad_value(param.opts[0], value, kind) from None


def _make(name: str, kind: Any, text: Any) -> Any:
    """Make what msgspec does not know, a path for one, from its text.

    Raises UsageError for an empty one: it would be a path to the current folder.
    """
    if not text:
        raise UsageError(f"{name} is empty", "give it the name of a file")
    return kind(text)
