"""Eight times as much of whatever a recording holds takes eight times as long, not more."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterator

import pytest

from catagent.events import types as ev
from catagent.events.masking import EventMask
from catagent.exports.facts import outline
from catagent.exports.text import transcript_rows
from catagent.recordings.call_keys import CallKeys
from catagent.recordings.reader import by_run
from catagent.sinks.agui_events import Translator
from catagent.views.options import ViewOptions
from catagent.views.style import plain_look
from catagent.views.transcript import Transcript
from tests.support.runs import finished, started

Events = Iterator[ev.Event]
FEW, TIMES = 300, 8
LOOK = plain_look(ViewOptions())


def token(run: str, call: str | None = None) -> ev.Event:
    data = ev.LlmTokenData(channel="text", delta="hi ")
    return ev.LlmToken(run_id=run, parent_ids=["r"], call=call, data=data)


def argument(index: int) -> ev.Event:
    data = ev.LlmTokenData(channel="tool_args", delta="{}", index=index, tool="t", call=str(index))
    return ev.LlmToken(run_id=f"m{index}", parent_ids=["r"], data=data)


def asked(run: str, call: str | None = None) -> ev.Event:
    data = ev.LlmStartedData(model="m")
    return ev.LlmStarted(run_id=run, parent_ids=["r"], call=call, data=data)


def said(run: str, call: str | None = None, writes: str = "") -> ev.Event:
    calls = [ev.ToolCall(id="c", name="t", args={}, call=writes)] if writes else []
    data = ev.LlmFinishedData(model="m", text="hi", tool_calls=calls)
    return ev.LlmFinished(run_id=run, parent_ids=["r"], call=call, data=data)


def runs(call: str) -> ev.Event:
    data = ev.ToolStartedData(tool="t", tool_input={})
    return ev.ToolStarted(run_id=f"t{call}", parent_ids=["r"], call=call, data=data)


def ran(call: str) -> ev.Event:
    data = ev.ToolFinishedData(tool="t", output="o", status="success")
    return ev.ToolFinished(run_id=f"t{call}", parent_ids=["r"], call=call, data=data)


def unknown_models(size: int) -> Events:
    yield from (token(f"m{n}") for n in range(size))


def unknown_runs(size: int) -> Events:
    for n in range(size):
        yield ev.LlmToken(run_id=f"r{n}", data=ev.LlmTokenData(channel="text", delta="hi"))


def models_at_once(size: int) -> Events:
    for event in (asked, token, said):
        yield from (event(f"m{n}") for n in range(size))


def retries_at_once(size: int) -> Events:
    yield from (asked(f"m{n}") for n in range(size))
    data = ev.RetryData(attempt=1, max_attempts=2, delay_s=1.0, reason="busy")
    yield from (ev.Retry(run_id=f"m{n}", parent_ids=["r"], data=data) for n in range(size))


def calls_written_at_once(size: int) -> Events:
    yield from map(argument, range(size))
    yield from (said(f"m{n}") for n in range(size))


def tools_at_once(size: int) -> Events:
    for event in (runs, ran):
        yield from (event(f"{n}") for n in range(1, size + 1))


def tools_that_nobody_observes(size: int) -> Events:
    yield runs("1")
    for n in range(1, size + 1):
        yield from (runs(f"1.{n}"), ran(f"1.{n}"), said(f"m{n}"))


def calls_that_nobody_runs(size: int) -> Events:
    for n in range(1, size + 1):
        yield from (said(f"i{n}", call=f"{n}", writes=f"{n}.1"), said(f"m{n}"))


def runs_at_once(size: int) -> Events:
    for event in (started(), finished()):
        for n in range(size):
            event.run_id = f"r{n}"
            yield type(event)(**{name: getattr(event, name) for name in event.__struct_fields__})


def mask(events: list[ev.Event]) -> None:
    masked = EventMask(["hunter2hunter2"])
    for event in events:
        masked(event)


def keys(events: list[ev.Event]) -> None:
    give = CallKeys()
    for event in events:
        give(event)


def view(events: list[ev.Event]) -> None:
    transcript = Transcript(LOOK)
    for event in events:
        transcript.update(event)
    transcript.settle()


def agui(events: list[ev.Event]) -> None:
    translator = Translator()
    for event in events:
        list(translator.translate(event))


def seconds(work: Callable[[list[ev.Event]], object], events: Events) -> float:
    whole = list(events)
    gc.disable()  # what it finds grows by itself
    try:
        began = time.process_time()
        work(whole)
        return time.process_time() - began
    finally:
        gc.enable()


@pytest.mark.parametrize("work", [mask, keys, by_run, outline, view, agui])
@pytest.mark.parametrize(
    "shape",
    [
        unknown_models,
        unknown_runs,
        models_at_once,
        retries_at_once,
        calls_written_at_once,
        tools_at_once,
        tools_that_nobody_observes,
        calls_that_nobody_runs,
        runs_at_once,
    ],
)
def test_what_a_recording_costs_grows_with_its_length(
    work: Callable[[list[ev.Event]], object], shape: Callable[[int], Events]
) -> None:
    few = min(seconds(work, shape(FEW)) for _ in range(3))
    many = min(seconds(work, shape(FEW * TIMES)) for _ in range(2))
    assert many < 3 * TIMES * max(few, 0.001)


@pytest.mark.parametrize("depth", [40, 700, 1500])
def test_calls_may_be_nested_without_end(depth: int) -> None:
    calls = [".".join("1" * n) for n in range(1, depth + 1)]
    events = [*map(runs, calls), *map(ran, reversed(calls))]
    rows = "\n".join(transcript_rows(events, LOOK, 100))
    assert rows.count("tool: t") == depth
    assert len(outline(events)[0].tools) == depth
    assert max(map(len, rows.splitlines())) <= 200
