"""Plain lines: append-only, complete, understandable without colour."""

from __future__ import annotations

import os
import re
from tempfile import TemporaryFile
from typing import TextIO

import pytest

from catagent.events import types as ev
from catagent.sinks.plain import PlainSink
from catagent.views.options import ViewOptions
from tests.support import runs
from tests.support.screen import Screen


def lines(events: list[ev.Event], options: ViewOptions | None = None) -> list[str]:
    with TemporaryFile("w+", encoding="utf-8") as stream:
        sink = PlainSink(options or ViewOptions(), stream)
        for event in events:
            sink.write(event)
        sink.close()
        text = contents(stream)
    assert text.endswith("\n")
    return text.splitlines()


def contents(stream: TextIO) -> str:
    """What was written so far, straight to the file."""
    return os.pread(stream.fileno(), 1 << 20, 0).decode()


def test_plain_lines_read_like_a_protocol() -> None:
    assert lines(runs.cat_run(runs.words("item", 3))) == [
        "run: cat, openai:gpt-4o-mini, events",
        "question: what items are located where the cat is hiding?",
        "tool: where_cat_is_hiding()",
        "  where_cat_at:",
        "  on a shelf",
        "  done: 1.2 s, 10 tokens in, 3 out, observation: the text above",
        'tool: get_items(place="on a shelf")',
        "  Get Items LLM:",
        "  item0 item1 item2",
        "  done: 1.2 s, 10 tokens in, 3 out, observation: the text above",
        "answer:",
        "On the shelf:",
        "",
        "- **books**",
        "- a `vase`",
        "- a photo",
        "run: done in 3.4 s, 2 tool calls",
    ]


def test_a_plain_line_is_written_once_and_as_soon_as_it_is_final() -> None:
    with TemporaryFile("w+", encoding="utf-8") as stream:
        sink = PlainSink(ViewOptions(), stream)
        before = ""
        for event in runs.model("m", ["first ", f"line{' ' * 500}\nsec", "ond\n", "third"]):
            sink.write(event)
            assert contents(stream).startswith(before)
            before = contents(stream)
        assert before == "answer:\nfirst line\nsecond\nthird\n"


def test_plain_lines_in_a_pipe_keep_their_length() -> None:
    long = "word " * 500
    assert long.strip() in lines(runs.model("m", [long]))


def test_plain_lines_on_a_terminal_are_wrapped_and_parallel_calls_stay_apart() -> None:
    screen = Screen(40, 200)
    with open(screen.fd, "w", closefd=False) as stream:
        sink = PlainSink(ViewOptions(), stream)
        calls = [runs.tool(f"c{n}", "t", {}, runs.words(f"t{n}x", 50)) for n in range(3)]
        for event in runs.interleaved(*calls):
            sink.write(event)
        sink.close()
    os.write(screen.fd, b"the-end")
    screen.until(lambda: "the-end" in screen.text())
    expected = [f"t{n}x{index}" for n in range(3) for index in range(50)]
    assert re.findall(r"t\dx\d+", screen.text()) == expected
    assert b"\x1b" not in screen.bytes
    screen.close()


def test_plain_lines_have_color_only_where_asked_for() -> None:
    events = runs.cat_run(runs.words("item", 3))
    assert "\x1b" not in "\n".join(lines(events))
    assert "\x1b[" in "\n".join(lines(events, ViewOptions(color="16")))


def test_plain_lines_are_ascii_where_the_stream_holds_no_more() -> None:
    events = runs.model("m", ["naïve — 日本"])
    assert lines(events, ViewOptions(ascii=True)) == [r"agent: na\xefve \u2014 \u65e5\u672c"]


def test_plain_lines_show_the_error_and_its_hint() -> None:
    error = ev.ErrorInfo(kind="network", type="E", message="It hung up.", hint="Try again.")
    assert lines([runs.finished(status="error", exit_code=1, error=error)])[:2] == [
        "error: It hung up.",
        "       hint: Try again.",
    ]


def test_a_failing_stream_raises_to_the_caller() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", closefd=False) as stream:
        sink = PlainSink(ViewOptions(), stream)
        with pytest.raises(BrokenPipeError):
            sink.write(runs.started())
        stream.buffer.raw.close()  # type: ignore[attr-defined]
    os.close(writer)
