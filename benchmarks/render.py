"""What it costs to show a run: CPU of the live view, the JSON lines and LangChain itself.

    python -m benchmarks.render            the table, in about a minute
    python -m benchmarks.render --smoke    small, asserts that every token is shown exactly once

All numbers come from one process and one run, so that only their ratios mean something. Frames
are drawn as often as they would be at a given rate of tokens, without waiting in between.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from itertools import chain, product
from pathlib import Path
from typing import NamedTuple

from catagent.events import codec
from catagent.events import types as ev
from catagent.sinks.live import FRAMES_PER_SECOND
from catagent.sinks.painter import Painter
from catagent.views.live import LiveView, Size
from catagent.views.options import ViewOptions
from catagent.views.wrap import without_colors

COUNTS = (1_000, 10_000, 50_000)
RATES = (200, 2_000)
SIZE = Size(columns=100, rows=40)


class Shown(NamedTuple):
    """What drawing a run took: CPU seconds, frames, bytes."""

    cpu: float
    frames: int
    written: int


def run_of(tokens: int, tools: int = 1) -> list[ev.Event]:
    """Tools in parallel whose models stream `tokens` in all, each of them unique."""
    calls = [_call(f"t{tool}x", tokens // tools) for tool in range(tools)]
    started = ev.RunStartedData(agent="cat", model="m", mode="events", input="where?")
    finished = ev.RunFinishedData(status="success", exit_code=0)
    turns = chain.from_iterable(zip(*calls, strict=True))
    return [ev.RunStarted(data=started), *turns, ev.RunFinished(data=finished)]


def _call(prefix: str, tokens: int) -> Iterator[ev.Event]:
    tool, llm = "get_items", f"llm-{prefix}"
    began = ev.ToolStartedData(tool=tool, tool_call_id=prefix, tool_input={"n": 1})
    yield ev.ToolStarted(name=tool, run_id=prefix, tool_call_id=prefix, data=began)
    for index in range(tokens):
        data = ev.LlmTokenData(channel="text", delta=f"{prefix}{index} ")
        yield ev.LlmToken(
            name="llm", run_id=llm, parent_ids=[prefix], tool_call_id=prefix, data=data
        )
    done = ev.ToolFinishedData(tool=tool, tool_call_id=prefix, status="success", output="")
    yield ev.ToolFinished(name=tool, run_id=prefix, tool_call_id=prefix, data=done)


def show(events: list[ev.Event], rate: int, fd: int) -> Shown:
    """Draw a run that comes at `rate` events a second."""
    view, painter = LiveView(ViewOptions(color="16"), began=0.0), Painter(fd)
    per_frame = max(1, rate // FRAMES_PER_SECOND)
    began = time.process_time()
    for number, event in enumerate(events):
        view.update(event, number / rate)
        if number % per_frame == 0:
            painter.frame(*view.frame(SIZE, number / rate, ""))
    painter.finish(view.last(SIZE))
    return Shown(time.process_time() - began, painter.frames, painter.written)


def lines(events: list[ev.Event], fd: int) -> float:
    """Write a run as JSON lines, flushed one by one; CPU seconds."""
    began = time.process_time()
    with os.fdopen(os.dup(fd), "wb") as stream:
        for event in events:
            stream.write(codec.encode(event))
            stream.flush()
    return time.process_time() - began


def langchain(tokens: int) -> float:
    """What LangChain takes to stream as much from a fake model, without a network: CPU seconds."""
    from langchain_core.language_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    async def consume() -> int:
        message = AIMessage(" ".join(f"w{index}" for index in range(tokens // 2)))
        model = GenericFakeChatModel(messages=iter([message]))
        return len([event async for event in model.astream_events("x", version="v2")])

    began = time.process_time()
    asyncio.run(consume())
    return time.process_time() - began


def best(measure: Callable[[], float], rounds: int) -> float:
    """The least of a few rounds: what others do on the machine only ever adds."""
    return min(measure() for _ in range(rounds))


def table(counts: tuple[int, ...], rounds: int) -> Iterator[str]:
    """The rows of the table, as Markdown."""
    yield "| tokens | tokens/s | tools | live, µs/token | JSON lines | LangChain | live/LangChain |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for count in counts:
        chain_cost = best(partial(langchain, count), rounds)
        for rate, tools in product(RATES, (1, 4)):
            events = run_of(count, tools)
            live, json_lines = costs(events, rate, rounds)
            micro = [f"{cost / count * 1e6:.1f}" for cost in (live, json_lines, chain_cost)]
            cells = [f"{count:,}", f"{rate:,}", str(tools), *micro, f"{live / chain_cost:.1%}"]
            yield f"| {' | '.join(cells)} |"


def costs(events: list[ev.Event], rate: int, rounds: int) -> tuple[float, float]:
    """What it takes to draw these events, and to write them as JSON lines: CPU seconds."""
    with Path(os.devnull).open("wb") as nowhere:
        fd = nowhere.fileno()
        live = best(lambda: show(events, rate, fd).cpu, rounds)
        return live, best(lambda: lines(events, fd), rounds)


def smoke() -> None:
    """Check that every token is drawn exactly once, in order, and that nothing grows."""
    for tools in (1, 4):
        with tempfile.TemporaryFile() as screen:
            shown = show(run_of(400, tools), 200, screen.fileno())
            check(0 < shown.frames <= 404 // (200 // FRAMES_PER_SECOND) + 2, "too many frames")
        view, rows = LiveView(ViewOptions(), began=0.0), []
        for event in run_of(400, tools):
            view.update(event, 0.0)
            rows += view.frame(SIZE, 0.0, "").final
        found = re.findall(r"t\dx\d+", without_colors(" ".join([*rows, *view.last(SIZE)])))
        expected = [f"t{n}x{i}" for n in range(tools) for i in range(400 // tools)]
        check(found == expected, "a token is missing, or there twice")


def check(holds: bool, problem: str) -> None:
    """End with the problem, unless it holds."""
    if not holds:
        raise SystemExit(f"render: {problem}")


def main() -> None:
    """Print the table, or check."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--smoke", action="store_true")
    if parser.parse_args().smoke:
        smoke()
        langchain(100)
        print("render: counts are right")
        return
    for row in table(COUNTS, rounds=3):
        print(row, flush=True)


if __name__ == "__main__":
    main()
