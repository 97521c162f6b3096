"""What the lines of a batch ask, or why they ask nothing."""

from __future__ import annotations

import io

import pytest
from msgspec import UNSET

from catagent.batch import questions as module
from catagent.batch.questions import Question, questions
from catagent.errors import UsageError


def read(text: bytes) -> list[Question]:
    return list(questions(io.BytesIO(text)))


def test_a_line_is_a_question_and_a_blank_one_is_none() -> None:
    assert read(b"\xef\xbb\xbfwhere?\r\n\n  \nwho?") == [Question(1, "where?"), Question(4, "who?")]


def test_json_has_an_input_and_perhaps_an_id() -> None:
    found = read(b'{"input": "who?", "id": "a"}\n{"id": 7, "input": {"topic": "cats"}, "x": 1}\n')
    assert found == [Question(1, "who?", "a"), Question(2, {"topic": "cats"}, 7)]
    assert read(b'"who?"\n') == [Question(1, '"who?"')]
    assert read(b'{"input": "who?"}')[0].id is UNSET


@pytest.mark.parametrize(
    "line",
    [
        *(b"{who", b"{}", b'{"input": 1}', b'{"input": null}', b'{"input": " "}', b'{"input": {}}'),
        *(b'{"input": "a", "id": [1]}', b"\xff who?", b'{"input": "\\ud800"}'),
        b'{"input": {"a": ' + b"[" * 9999 + b"]" * 9999 + b"}}",
    ],
)
def test_what_is_no_question_is_a_problem_of_its_line_alone(line: bytes) -> None:
    bad, good = read(line + b"\nwho?\n")
    assert bad.problem
    assert bad.n == 1
    assert good == Question(2, "who?")


def test_a_line_that_is_too_long_is_a_problem_and_not_in_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LONGEST", 1 << 20)
    long, good = read(b"x" * (3 << 20) + b"\nwho?\n")
    assert "over 1 MiB" in long.problem
    assert len(long.input) == 200
    assert good == Question(2, "who?")


def test_lines_are_read_when_they_are_there() -> None:
    stream = io.BytesIO(b"one\ntwo\n")
    found = questions(stream)
    assert next(found).input == "one"
    assert stream.tell() == 4


def test_an_input_that_breaks_off_is_no_end_of_it() -> None:
    class Broken(io.BytesIO):
        def readline(self, size: int | None = -1, /) -> bytes:
            raise OSError(5, "Input/output error")

    with pytest.raises(UsageError, match="cannot be read: Input/output error"):
        next(questions(Broken()))
