"""What is wrong with a command line, in our words: Typer's own errors included."""

import shlex
import sys
from collections.abc import Collection, Sequence
from typing import Any, get_args

import typer

from catagent.errors import UsageError, did_you_mean
from catagent.platforms import IS_UNIX

# Typer has no public name for it.
Refused: type[Any] = typer.BadParameter.__mro__[1]


def require_unix(what: str, instead: str) -> None:
    """Raise UsageError on Windows, with what to do `instead`, for what only works elsewhere."""
    if not IS_UNIX:
        raise UsageError(f"{what} does not work on {sys.platform}", instead)


def no_command(word: str, known: Collection[str], program: str) -> UsageError:
    """The error for a word that is no command of this program."""
    ask = "" if " " in program else f"; or ask: {program} ask {shlex.quote(word)}"
    hint = did_you_mean(word, known, "") or f"{program} --help lists them{ask}"
    return UsageError(f"there is no command {word!r}", hint)


def bad_value(name: str, value: Any, kind: Any) -> UsageError:
    """The error for a value that cannot be made one of this kind."""
    number = {int: "it is a whole number", float: "it is a number"}.get(kind, "")
    words = [each for each in get_args(kind) if isinstance(each, str)]  # of a Literal
    return UsageError(f"{name} is {value!r}", did_you_mean(str(value), words) or number)


def refused(error: Any, args: Sequence[str]) -> UsageError:
    """What Typer says of a command line, and where there is help with it."""
    context = error.ctx
    where = f"{context.command_path if context else 'catagent'} --help says what there is"
    if hasattr(error, "possibilities"):
        near = " or ".join(error.possibilities or ())
        hint = f"did you mean {near}?" if near else where
        return UsageError(f"there is no option {error.option_name}", hint)
    said = error.format_message().removeprefix("Got ").removesuffix(".").replace("(s)", "")
    if said.startswith("unexpected") and context and context.info_name == "watch":
        where = f"a program comes after two dashes: catagent watch -- {shlex.join(args[1:])}"
    elif said.startswith("unexpected"):  # "show me the cat" may have been a question
        where += f"; or ask: catagent ask {shlex.join(args)}"
    return UsageError(said[:1].lower() + said[1:], where)
