"""Where a question can come from."""

from __future__ import annotations

import io
import os
import threading

import pytest

from catagent.cli.question import read_question
from catagent.errors import UsageError


class Terminal(io.StringIO):
    """A stdin with a person in front of it."""

    def isatty(self) -> bool:
        return True


def ask(argument: str | None, stdin: io.StringIO) -> str:
    return read_question(argument, stdin, notice=pytest.fail)


@pytest.mark.parametrize(
    ("argument", "stdin", "question"),
    [
        ("where?", Terminal(), "where?"),
        (None, io.StringIO("where?\n"), "where?"),
        ("-", io.StringIO(" where? "), "where?"),
        ("-", Terminal("typed"), "typed"),
        ("what is this?", io.StringIO("a\nb\n"), "what is this?\n\n<stdin>\na\nb\n</stdin>"),
        ("where?", io.StringIO(""), "where?"),
    ],
)
def test_the_question_comes_from_the_argument_stdin_or_both(
    argument: str | None, stdin: io.StringIO, question: str
) -> None:
    assert ask(argument, stdin) == question


@pytest.mark.parametrize(
    ("argument", "stdin"), [(None, Terminal()), ("  ", Terminal()), (None, io.StringIO("\n"))]
)
def test_no_question_is_an_error_with_an_example(argument: str | None, stdin: io.StringIO) -> None:
    with pytest.raises(UsageError) as caught:
        ask(argument, stdin)
    assert "catagent ask" in caught.value.hint


def test_a_question_that_is_not_text_is_an_error() -> None:
    stdin = io.TextIOWrapper(io.BytesIO(b"\xff\xfe\xff"), encoding="utf-8")
    with pytest.raises(UsageError, match="not utf-8 text"):
        read_question("-", stdin, notice=pytest.fail)


def test_waiting_for_a_question_from_a_pipe_is_announced() -> None:
    """A pipe that stays open must not look like a hang."""
    reader, writer = os.pipe()
    announced = threading.Event()
    stdin = os.fdopen(reader, encoding="utf-8")

    def notice(text: str) -> None:
        assert "stdin" in text
        announced.set()
        os.write(writer, b"at last")
        os.close(writer)

    assert read_question("-", stdin, notice) == "at last"
    assert announced.is_set()
    stdin.close()
