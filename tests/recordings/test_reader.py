"""Reading and pacing recordings."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import AsyncIterator
from itertools import chain
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.errors import RecordingError
from catagent.events import types as ev
from catagent.events.codec import Header, encode, encode_plain
from catagent.exports.cast import recording as cast
from catagent.exports.html import page as html
from catagent.exports.markdown import document as markdown
from catagent.exports.text import document as text
from catagent.recordings.pace import Pace, read_chunks, replay
from catagent.recordings.reader import Reader, by_run, open_recording
from catagent.sinks.agui_events import Translator
from tests.support.recordings import read_recording
from tests.support.runs import ROOT, cat_run, interleaved, stamped, started

RUN = [encode(event) for event in cat_run()]
WHOLE = encode_plain(Header(schema=ev.SCHEMA)) + b"".join(RUN)


def read(data: bytes, chunk: int = 1 << 16) -> tuple[list[ev.Event], str]:
    reader, events = Reader(), []
    try:
        for at in range(0, len(data), chunk):
            for event in reader.feed(data[at : at + chunk]):
                events.append(event)
        for event in reader.end():
            events.append(event)
    except RecordingError as error:
        return events, error.message
    return events, ""


@pytest.mark.parametrize("chunk", [1, 7, 4096, 1 << 20])
def test_reading_does_not_depend_on_chunk_boundaries(chunk: int) -> None:
    assert read(WHOLE, chunk) == (cat_run(), "")


def test_header_blank_lines_crlf_and_last_newline_are_optional() -> None:
    assert read(b"".join(RUN)) == (cat_run(), "")
    assert read(b"\xef\xbb\xbf" + WHOLE) == (cat_run(), "")
    assert read(b"\n\n" + b"\r\n\n".join(line.rstrip() for line in RUN)) == (cat_run(), "")


def test_an_unknown_type_is_kept_whole() -> None:
    line = b'{"type":"llm.dreamt","v":1,"seq":7,"data":{"sheep":[1,2.5,null]}}\n'
    events, damage = read(RUN[0] + line + RUN[-1])
    assert damage == ""
    assert isinstance(events[1], ev.Unknown)
    assert encode(events[1]) == line


@pytest.mark.parametrize(
    ("damaged", "what"),
    [
        (b"\x00\x00\x00\n", "not a JSON line"),
        (b"\xff\xfe{}\n", "not a JSON line"),
        (b'{"type":"new","data":1e400}\n', "not a JSON line: Number out of range"),
        (b'{"type":"new","data":NaN}\n', "not a JSON line: JSON is malformed"),
        (b'{"type":"new","data":"\\ud800"}\n', "not a JSON line"),
        (b"\x1f\x8b\x08\x00\n", "not a JSON line"),
        (b"[1]\n", "not an event"),
        (b'"text"\n', "not an event"),
        (b'{"v":1}\n', "not an event"),
        (b'{"type":5}\n', "not an event"),
        (b'{"type":"llm.token","data":{"channel":"text"}}\n', "no valid llm.token event"),
        (b'{"type":"answer","seq":"x","data":{"output":""}}\n', "no valid answer event"),
        (b'{"type":"answer","v":2,"data":{"output":""}}\n', "it is of version 2"),
        (b"[" * 100_000 + b"\n", "nested too deep"),
        (RUN[1][:40] + b"\n", "not a JSON line"),
    ],
)
def test_damage_ends_a_recording_after_its_good_lines(damaged: bytes, what: str) -> None:
    events, message = read(WHOLE[: -len(RUN[-1])] + damaged + RUN[-1])
    assert events == cat_run()[:-1]
    assert f"damaged at line {len(RUN) + 1}: {what}" in message


def test_a_recording_of_a_killed_process_is_read_to_its_last_line() -> None:
    events, message = read(WHOLE[: -len(RUN[-1])] + RUN[-1][:10])
    assert events == cat_run()[:-1]
    assert "not a JSON line" in message
    events, message = read(WHOLE[: -len(RUN[-1])])
    assert events == cat_run()[:-1]
    assert "unfinished" in message


def another(run: str, events: list[ev.Event] | None = None) -> list[ev.Event]:
    """The events of a run, as those of another run."""
    lines = b"".join(map(encode, cat_run() if events is None else events))
    return read(lines.replace(ROOT.encode(), run.encode()))[0]


def test_a_run_that_goes_on_after_its_end_is_damage() -> None:
    for line in (RUN[0], RUN[5], b'{"type":"llm.dreamt"}\n'):
        events, message = read(WHOLE + line)
        assert events == cat_run()
        assert "goes on after run.finished" in message


def test_a_recording_may_hold_several_runs_at_once() -> None:
    both = list(interleaved(another("one"), another("two")))
    events, damage = read(b"".join(map(encode, both)))
    assert (events, damage) == (both, "")
    assert by_run(events) == {"one": another("one"), "two": another("two")}


def test_recordings_put_together_are_one_of_several_runs() -> None:
    header = WHOLE.splitlines(keepends=True)[0]
    events, damage = read(WHOLE + header + b"".join(map(encode, another("two"))))
    assert (list(by_run(events)), damage) == ([ROOT, "two"], "")


def test_an_end_names_the_runs_that_are_unfinished() -> None:
    cut = [*another("one")[:9], *another("two"), *another("three")[:5]]
    events, message = read(b"".join(map(encode, cut)))
    assert events == cut
    assert message.endswith("without run.finished of one, three")


def test_an_event_that_names_no_run_is_of_the_one_that_the_stream_is_in() -> None:
    warned: ev.Event = ev.Warned(data=ev.WarningData(code="length", message="Cut."))
    one, two = another("one"), another("two")
    events = [warned, *one[:3], *two[:3], warned, *two[3:-1], two[-1], warned, *one[3:]]
    assert read(b"".join(map(encode, events))) == (events, "")
    found = by_run(events[1:])
    assert (len(found["one"]), len(found["two"])) == (len(one) + 1, len(two) + 1)


@pytest.mark.parametrize("depth", [90, 150, 500, 700, 900, 10_000, 100_000])
def test_what_is_nested_too_deep_is_damage_or_a_placeholder(depth: int) -> None:
    """And what is not can be masked, shown, exported and written again."""
    deep = b'{"k":' * depth + b"[]" + b"}" * depth
    for line in (
        b'{"type":"node","data":{"kind":"custom","phase":"stream","content":%b}}' % deep,
        b'{"type":"action","data":{"tool":"t","tool_input":%b}}' % deep,
        b'{"type":"update","data":{"node":"n","changes":%b}}' % deep,
        b'{"type":"llm.dreamt","data":%b}' % deep,
        b'{"type":"answer","raw":%b,"data":{"output":"o"}}' % deep,
        b'{"type":"llm.token","raw":%b,"data":{"channel":"text","delta":"sk-"}}' % deep,
        b'{"type":"llm.started","data":{"model":"m","messages":[{"type":"ai","content":"c",'
        b'"artifact":%b}]}}' % deep,
    ):
        events, message = read(RUN[0] + line + b"\n" + RUN[-1])
        assert message == "" or "damaged at line 2: n" in message
        assert "nested too deep" in message or len(events) == 3
        assert depth > 90 or b"unserialisable" not in encode(events[1])
        list(chain.from_iterable(map(Translator().translate, events)))
        for export in (text, html, markdown, cast):
            assert export(events, None)
        again = read(b"".join(map(encode, events)))[0]
        assert again == events


def test_an_empty_recording_is_an_error() -> None:
    assert read(b"") == ([], "the recording is empty")
    assert read(b"\n") == ([], "the recording is empty")


def test_a_newer_format_is_refused_with_a_hint() -> None:
    header = encode_plain(Header(v=2, schema="catagent.events/2"))
    with pytest.raises(RecordingError, match="events/2") as refused:
        list(Reader().feed(header))
    assert "upgrade" in refused.value.hint


@given(st.lists(st.binary(max_size=40) | st.sampled_from([b"\n", *RUN]), max_size=12))
def test_any_bytes_give_events_or_a_recording_error(pieces: list[bytes]) -> None:
    reader = Reader()
    with contextlib.suppress(RecordingError):
        for piece in pieces:
            list(reader.feed(piece))
        list(reader.end())


def test_a_line_without_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("catagent.recordings.reader.MAX_LINE", 1 << 20)
    events, message = read(RUN[0] + b"x" * (4 << 20))
    assert len(events) == 1
    assert "damaged at line 2: longer than 1 MB" in message


def test_a_long_line_is_read_in_linear_time() -> None:
    big = started("x" * (8 << 20))
    assert read(encode(big) + RUN[-1], 1 << 12)[0][0] == big


class FakeClock:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(round(seconds, 6))


def pauses(times: list[str], speed: float, idle_limit: float | None = None) -> list[float]:
    clock = FakeClock()
    pace = Pace(speed, idle_limit, clock, clock.sleep)

    async def play() -> None:
        for ts in times:
            await pace.wait(ts)

    asyncio.run(play())
    return clock.slept


TIMES = [f"2026-11-22T12:00:{second}Z" for second in ("00", "00.5", "10.5", "10.5", "11")]


def test_replay_keeps_the_pace_of_the_recording() -> None:
    assert pauses(TIMES, 1) == [0.5, 10, 0.5]


def test_speed_divides_and_idle_limit_caps_recorded_time() -> None:
    assert pauses(TIMES, 4) == [0.125, 2.5, 0.125]
    assert pauses(TIMES, 2, idle_limit=1) == [0.25, 0.5, 0.25]
    assert pauses(TIMES, 0) == []


def test_missing_or_backward_times_cause_no_pause() -> None:
    assert pauses(["", "2026-11-22T12:00:05Z", "2026-11-22T12:00:00Z", "soon", "9" * 40], 1) == []


def test_a_suspended_replay_goes_on_where_it_was() -> None:
    clock = FakeClock()
    pace = Pace(1, None, clock, clock.sleep)

    async def play() -> None:
        await pace.wait(TIMES[0])
        clock.now += 3600
        await pace.wait(TIMES[1])
        await pace.wait(TIMES[2])

    asyncio.run(play())
    assert clock.slept == [0, 10]


def test_replay_keeps_seq_and_ts() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield WHOLE

    async def collect() -> list[ev.Event]:
        return [event async for event in replay(chunks(), Pace(0))]

    assert asyncio.run(collect()) == cat_run()


def collect_from(descriptor: int) -> bytes:
    async def collect() -> bytes:
        return b"".join([chunk async for chunk in read_chunks(descriptor)])

    return asyncio.run(collect())


def test_files_pipes_and_fifos_are_read_alike(tmp_path: Path) -> None:
    plain, fifo = tmp_path / "plain", tmp_path / "fifo"
    plain.write_bytes(WHOLE * 50)
    os.mkfifo(fifo)
    with open_recording(plain) as descriptor:
        assert collect_from(descriptor) == WHOLE * 50
    thread = threading.Thread(target=fifo.write_bytes, args=(WHOLE * 50,))
    thread.start()
    with open_recording(fifo) as descriptor:
        assert collect_from(descriptor) == WHOLE * 50
    thread.join()


def test_a_silent_pipe_does_not_block_the_event_loop() -> None:
    reading, writing = os.pipe()

    async def cancel_while_silent() -> str:
        task = asyncio.ensure_future(anext(read_chunks(reading)))
        await asyncio.sleep(0.01)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            return "cancelled"
        return "read"

    assert asyncio.run(cancel_while_silent()) == "cancelled"
    os.close(reading)
    os.close(writing)


def test_a_missing_recording_or_a_folder_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="no recording at") as missing:
        read_recording(tmp_path / "run.jsonl")
    assert "--record" in missing.value.hint
    with pytest.raises(RecordingError, match="is a folder"):
        read_recording(tmp_path)


def test_load_returns_the_good_events_and_the_damage(tmp_path: Path) -> None:
    (tmp_path / "cut").write_bytes(WHOLE[:-5])
    events, damage = read_recording(tmp_path / "cut")
    assert events == cat_run()[:-1]
    assert damage is not None


CANARY = "canary-4711-canary"


def leaking(pieces: list[str]) -> bytes:
    """An unmasked recording of a run that streams these pieces as its answer."""
    text = "".join(pieces)
    run, tokens = stamped([*cat_run()[:-1]]), []
    for number, piece in enumerate(pieces):
        data = ev.LlmTokenData(channel="text", delta=piece)
        tokens.append(ev.LlmToken(run_id="last", data=data, name=str(number)))
    ended = ev.LlmFinished(run_id="last", data=ev.LlmFinishedData(model="m", text=text))
    whole = stamped([started(text), *run[1:], *tokens, ended, cat_run()[-1]])
    return b"".join(map(encode, whole))


@pytest.mark.parametrize("secret", [CANARY, "sk-proj-abcdefghijkl"])
@pytest.mark.parametrize("size", [1, 5, 100])
def test_a_recording_from_elsewhere_shows_no_secret_of_its_reader(
    secret: str, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However it was cut; what stays is under the numbers and times that it came with."""
    monkeypatch.setenv("SOME_API_KEY", CANARY)
    text = f"it is {secret} and sk-"
    pieces = [text[at : at + size] for at in range(0, len(text), size)]
    events, damage = read(leaking(pieces))
    assert damage == ""
    assert secret not in b"".join(map(encode, events)).decode()
    (finished,) = [e for e in events if isinstance(e, ev.LlmFinished) and e.run_id == "last"]
    tokens = [e for e in events if isinstance(e, ev.LlmToken) and e.run_id == "last"]
    assert "".join(token.data.delta for token in tokens) == finished.data.text
    assert finished.data.text.startswith("it is ")
    assert finished.data.text.endswith(" and sk-")
    numbers = [event.seq for event in events]
    assert numbers == sorted(numbers)
    assert all(event.ts for event in events)
