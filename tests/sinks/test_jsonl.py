"""The JSON lines of stdout."""

from __future__ import annotations

import os
import threading

import pytest

from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.sinks.agui import AguiSink
from catagent.sinks.jsonl import JsonlSink
from tests.support.runs import cat_run, started
from tests.support.screen import shown_by


def test_a_jsonl_reader_has_each_line_before_the_next_event() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb", buffering=0) as reader, os.fdopen(writing, "wb") as stream:
        sink = JsonlSink(stream)
        for event in cat_run():
            sink.write(event)
            assert decode(os.read(reader.fileno(), 1 << 20)) == event


def test_a_full_non_blocking_pipe_gets_every_byte() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    got: list[bytes] = []

    def read_all() -> None:
        with os.fdopen(reading, "rb") as reader:
            got.append(reader.read())

    thread = threading.Thread(target=read_all)
    with os.fdopen(writing, "wb", buffering=0) as stream:
        sink = JsonlSink(stream)
        big = started("x" * 300_000)
        thread.start()
        for _ in range(10):
            sink.write(big)
    thread.join()
    assert got[0] == encode(big) * 10


def test_a_closed_pipe_raises_broken_pipe() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "wb", buffering=0) as stream, pytest.raises(BrokenPipeError):
        JsonlSink(stream).write(started())


def test_jsonl_on_a_terminal_has_no_control_character() -> None:
    event = started("a\x1b[31m \x9b31m \x7f \u202e b\u2066 é 🐈")
    shown = shown_by(lambda stream: JsonlSink(stream).write(event))
    assert not set(shown.decode()) & set("\x1b\x7f\x9b\u202e\u2066")
    assert "é 🐈" in shown.decode()
    assert decode(shown) == event


def test_an_event_that_json_cannot_hold_is_written_with_placeholders() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    reading, writing = os.pipe()
    node = ev.NodeData(kind="custom", phase="end", content={"x": object(), "s": "\ud83d", 1: cycle})
    with os.fdopen(reading, "rb") as reader:
        with os.fdopen(writing, "wb") as stream:
            JsonlSink(stream).write(ev.Node(data=node))
        event = decode(reader.read())
    assert isinstance(event, ev.Node)
    assert event.data.content["x"]["$unserialisable"] == "builtins.object"
    assert event.data.content["s"] == "\ufffd"


def test_agui_on_a_terminal_has_no_control_character() -> None:
    event = ev.RunFinished(
        run_id="r",
        data=ev.RunFinishedData(
            status="error",
            exit_code=1,
            error=ev.ErrorInfo(kind="model", type="X", message="a\x9b31m \x7f \u202e b é", hint=""),
        ),
    )
    shown = shown_by(lambda stream: AguiSink(stream).write(event))
    assert not set(shown.decode()) & set("\x7f\x9b\u202e")
    assert r"\u009b31m" in shown.decode()
    assert "b é" in shown.decode()
