"""Values that msgspec converts mean what they mean to Typer, mistakes alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import typer

from catagent.cli.command import Command, Group
from catagent.cli.main import app, run
from catagent.cli.mistakes import Refused
from catagent.errors import UsageError


def functions(of: typer.Typer, group: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """What each command calls, by its name with that of its group."""
    for command in of.registered_commands:
        assert command.callback is not None
        yield f"{group}{command.name}", command.callback
    for below in of.registered_groups:
        assert below.typer_instance is not None
        yield from functions(below.typer_instance, f"{group}{below.name} ")


OURS, PLAIN = typer.Typer(), typer.Typer()
for name, function in functions(app):
    OURS.command(name, cls=Command)(function)
    PLAIN.command(name)(function)


def parsed(of: typer.Typer, command: str, arguments: list[str]) -> Any:
    """What a command is given, or that it is refused: in words of ours, not Typer's."""
    group: Any = typer.main.get_command(of)
    try:
        return group.commands[command].make_context(command, list(arguments)).params
    except (UsageError, Refused) as error:
        return "is empty" if "is empty" in str(error) else "refused"


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("ask", []),
        ("ask", ["why?"]),
        ("ask", ["why", "is", "it?", "-m", "log", "there"]),
        ("ask", ["-"]),
        ("ask", ["why?", "-m", "log", "-o", "jsonl", "--json", "--no-history"]),
        ("ask", ["--include-tags", "a", "--include-tags", "b", "--exclude-names", ""]),
        ("ask", ["--max-steps", "3", "--timeout", "0.5", "--record", "run.jsonl"]),
        ("ask", ["--max-steps", " 3", "--timeout", ".5"]),
        ("ask", ["--max-steps", "0"]),
        ("ask", ["--max-steps", "null"]),
        ("ask", ["--max-steps", "3.5"]),
        ("ask", ["--timeout", "soon"]),
        ("ask", ["--timeout", "inf"]),
        ("ask", ["--mode", "Events"]),
        ("ask", ["--nothing-like-it"]),
        ("tool", ["get_items", "place=on a table", "x=1"]),
        ("replay", ["run.jsonl"]),
        ("replay", ["run.jsonl", "--speed", "2", "--idle-limit", "1"]),
        ("replay", []),
        ("export", ["last", "page.html", "--title", "null"]),
        ("schema", []),
    ],
)
def test_commands_take_and_refuse_the_values_that_typers_do(
    command: str, arguments: list[str]
) -> None:
    assert parsed(OURS, command, arguments) == parsed(PLAIN, command, arguments)


@pytest.mark.parametrize("value", ["1", "x", ""])
@pytest.mark.parametrize("command", dict(functions(app)))
def test_every_option_takes_and_refuses_what_it_does_in_typer(command: str, value: str) -> None:
    group: Any = typer.main.get_command(OURS)
    for parameter in group.commands[command].params:
        arguments = [parameter.opts[0], value, "an argument"]
        ours = parsed(OURS, command, arguments)
        # An empty path is the current folder to Typer.
        assert ours == "is empty" or ours == parsed(PLAIN, command, arguments)


@pytest.mark.parametrize(
    ("arguments", "name"),
    [(["ask", "--record", "", "a question"], "--record"), (["export", "last", ""], "file")],
)
def test_an_empty_path_is_refused_by_its_name(arguments: list[str], name: str) -> None:
    with pytest.raises(UsageError, match=f"^{name} is empty"):
        run(arguments)


def all_below(command: Any) -> Iterator[Any]:
    yield command
    for child in getattr(command, "commands", {}).values():
        yield from all_below(child)


def test_every_command_is_of_a_class_that_needs_no_pydantic() -> None:
    for command in all_below(typer.main.get_command(app)):
        assert isinstance(command, Command | Group), f"{command.name} has no cls="


def test_no_option_has_a_range() -> None:
    """It would be ignored: what converts a value looks at its type alone."""
    for command in all_below(typer.main.get_command(app)):
        for parameter in command.params:
            limits = (parameter.min, parameter.max)
            assert limits == (None, None), f"{command.name} is to check {parameter.name} itself"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        ("shwo", "there is no command 'shwo'", "did you mean show?"),
        ("-o jsonl shwo", "there is no command 'shwo'", "did you mean show?"),
        (
            "why?",
            "there is no command 'why?'",
            "catagent --help lists them; or ask: catagent ask 'why?'",
        ),
        ("shwo last", "there is no command 'shwo'", "did you mean show?"),
        (f"expotr {__file__}", "there is no command 'expotr'", "did you mean export?"),
        ("runs shwo", "there is no command 'shwo'", "did you mean show?"),
        ("--modle", "there is no option --modle", "did you mean --mode or --model"),
        ("runs -x", "there is no option -x", "catagent runs --help says what there is"),
        ("ask -m evnts why", "--mode is 'evnts'", "did you mean events? there is: steps, log"),
        ("-m nothing why is it?", "--mode is 'nothing'", "there is: steps, log, events"),
        ("ask --max-steps 3.5 why", "--max-steps is '3.5'", "it is a whole number"),
        ("ask --max-steps 0 why", "--max-steps is 0", "it is a whole number, 1 or more"),
        ("ask --timeout nan why", "--timeout is nan", "it is a number, 0 or more"),
        ("ask -a app.py why", "app.py names a file and no agent in it", "app.py:attribute"),
        ("export last run.htm", "cannot export to run.htm", "did you mean .html? end the"),
        ("replay last --speed fast", "--speed is 'fast'", "it is a number"),
        ("replay", "missing argument 'RUN'", "catagent replay --help says what there is"),
        ("show a b", "unexpected extra argument (b)", "catagent show --help says what there is"),
        (
            "show me the cat",
            "unexpected extra argument (the cat)",
            "catagent show --help says what there is; or ask: catagent ask show me the cat",
        ),
        (
            "watch python app.py",
            "unexpected extra argument (app.py)",
            "a program comes after two dashes: catagent watch -- python app.py",
        ),
        ("ask --mode", "option '--mode' requires an argument", "catagent --help says"),
    ],
)
def test_a_mistake_in_a_command_line_is_named_with_what_to_do_next(
    line: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        run(line.split())
    assert raised.value.message == message
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize(
    ("words", "question"),
    [
        (["where is the cat?"], "where is the cat?"),
        (["where", "is", "the", "cat?"], "where is the cat?"),
        (["--mode", "steps", "where is it?"], "where is it?"),
        (["-o", "jsonl", "where", "is", "-q", "it?", "-v"], "where is it?"),
        (["--", "where", "is", "-q?"], "where is -q?"),
        (["ask", "where"], "where"),
        (["-"], "-"),
        (["-o", "jsonl"], ""),
    ],
)
def test_words_that_begin_with_no_command_are_a_question(
    words: list[str], question: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []
    group: Any = typer.main.get_command(app)
    monkeypatch.setattr(group.commands["ask"], "callback", lambda **given: asked.append(given))
    group(words, prog_name="catagent", standalone_mode=False)
    assert " ".join(asked[0]["question"] or ()) == question
