"""The answer alone."""

from __future__ import annotations

from pathlib import Path

from catagent.events import types as ev
from catagent.sinks.jsonl import AnswerSink
from tests.support.runs import ANSWER, cat_run, failed_run, paused_run
from tests.support.screen import shown_by


def written(events: list[ev.Event], path: Path) -> bytes:
    with path.open("wb") as stream:
        sink = AnswerSink(stream)
        for event in events:
            sink.write(event)
        sink.close()
    return path.read_bytes()


def test_the_answer_stands_alone_on_a_line_and_is_not_changed(tmp_path: Path) -> None:
    assert written(cat_run(), tmp_path / "a") == f"{ANSWER}\n".encode()


def test_a_run_without_an_answer_writes_nothing(tmp_path: Path) -> None:
    assert written(failed_run(), tmp_path / "a") == b""


def test_a_run_that_waits_for_an_answer_writes_nothing(tmp_path: Path) -> None:
    assert written(paused_run(), tmp_path / "a") == b""


def test_an_answer_with_a_newline_or_a_lone_surrogate_is_written(tmp_path: Path) -> None:
    answer = ev.Answer(data=ev.AnswerData(output="a\ud800\n"))
    assert written([answer], tmp_path / "a") == b"a?\n"


def test_the_answer_on_a_terminal_is_sanitized() -> None:
    answer = ev.Answer(data=ev.AnswerData(output="a \x1b[31mcat"))
    assert shown_by(lambda stream: AnswerSink(stream).write(answer)) == "a ␛[31mcat\r\n".encode()
