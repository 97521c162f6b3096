"""What it costs to inspect runs while they go on: CPU of one core, and how long a key takes.

    python -m benchmarks.inspecting            2,000 tokens a second, of 1 and of 50 runs
    python -m benchmarks.inspecting --smoke    a short one, whose screen is looked at

The inspector is a process of its own on a terminal of its own, which gets the events at a pace.
A key is pressed that shows the help, and again, ten times: the time is until it is on the screen.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import pty
import resource
import select
import subprocess
import sys
import termios
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime
from itertools import count
from statistics import median
from typing import NamedTuple

from benchmarks.tokens import MiscountError
from catagent.events import types as ev
from catagent.inspect.app import inspect_runs
from catagent.views.options import ViewOptions
from catagent.views.style import live_look

RATE, SECONDS, BATCHES = 2_000, 10.0, 50
ROWS, COLUMNS = 50, 160
_SHOWN = b"a page down"  # by the help, and by nothing else


class Cost(NamedTuple):
    """Of one core, in percent, and of keys in milliseconds."""

    cpu: float
    key: float
    slowest: float


def _start(run: str, seq: int) -> Iterator[ev.Event]:
    data = ev.RunStartedData(agent="cat", model="m", mode="events", input=f"question {seq}")
    yield ev.RunStarted(run_id=run, name="cat", ts=_now(), data=data)


def _steps(run: str, words: int = 200) -> Iterator[ev.Event]:
    """A model that writes, and a tool, over and over."""
    for step in count():
        model, tool = f"{run}-m{step}", f"{run}-t{step}"
        asked = ev.LlmStartedData(model="gpt", messages=[ev.Message(type="human", content="?")])
        yield ev.LlmStarted(run_id=model, parent_ids=[run], ts=_now(), data=asked)
        for word in range(words):
            data = ev.LlmTokenData(channel="text", delta=f"word{word} " + "\n" * (word % 9 == 0))
            yield ev.LlmToken(run_id=model, parent_ids=[run], ts=_now(), data=data)
        text = " ".join(f"word{word}" for word in range(words))
        done = ev.LlmFinishedData(model="gpt", text=text, usage=ev.Usage(output_tokens=words))
        yield ev.LlmFinished(run_id=model, parent_ids=[run], ts=_now(), data=done)
        began = ev.ToolStartedData(tool="look", tool_input={"step": step})
        yield ev.ToolStarted(run_id=tool, parent_ids=[run], name="look", ts=_now(), data=began)
        ended = ev.ToolFinishedData(tool="look", status="success", output="a cat")
        yield ev.ToolFinished(run_id=tool, parent_ids=[run], name="look", ts=_now(), data=ended)


def _now() -> str:
    return datetime.now(UTC).isoformat()


async def feed(runs: int, seconds: float) -> AsyncIterator[Sequence[ev.Event]]:
    """So many runs at once, RATE events a second of all of them, for so long."""
    names = [f"run{number}" for number in range(runs)]
    yield [event for number, name in enumerate(names) for event in _start(name, number)]
    streams, began, given = [_steps(name) for name in names], time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds:
        due = int(passed * RATE) - given
        yield [next(streams[(given + at) % runs]) for at in range(due)]
        given += due
        await asyncio.sleep(1 / BATCHES)


def measured(runs: int, seconds: float, keys: int = 10) -> tuple[Cost, bytes]:
    """Run the inspector for so long; return the cost, and all that it wrote."""
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(ours, (ROWS, COLUMNS))
    argv = [sys.executable, "-m", "benchmarks.inspecting", f"--runs={runs}", f"--for={seconds}"]
    env = {**os.environ, "TERM": "xterm-256color"}
    child = subprocess.Popen(argv, stdin=theirs, stdout=theirs, stderr=theirs, env=env)
    os.close(theirs)
    written = _until(ours, b"\x1b[?1049h", 20)
    written += _until(ours, None, 1.0)
    waits, pause = list[float](), max(0.1, (seconds - 2) / keys / 2)
    for _ in range(keys):
        began = time.perf_counter()
        os.write(ours, b"?")
        written += _until(ours, _SHOWN, 5)
        waits.append(1000 * (time.perf_counter() - began))
        written += _until(ours, None, pause)
        os.write(ours, b"?")
        written += _until(ours, None, pause)
    os.write(ours, b"q")
    written += _until(ours, b"cpu ", 20)
    written += _until(ours, None, 0.2)
    child.wait()
    os.close(ours)
    cpu = float(written.rpartition(b"cpu ")[2].split()[0])
    return Cost(cpu, median(waits), max(waits)), written


def _until(terminal: int, marker: bytes | None, seconds: float) -> bytes:
    """What is written until a marker of it, or for so long."""
    seen, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and (marker is None or marker not in seen):
        if select.select([terminal], [], [], left)[0]:
            try:
                seen += os.read(terminal, 1 << 16)
            except OSError:
                break
    return seen


def _inspect(runs: int, seconds: float) -> None:
    """The child: what it used once the first frame was due, a second from its start."""
    before = list[tuple[float, float]]()

    async def fed() -> AsyncIterator[Sequence[ev.Event]]:
        async for events in feed(runs, seconds):
            yield events
            if not before and time.monotonic() - began > 1:
                before.append((_cpu(), time.monotonic()))

    began = time.monotonic()
    inspect_runs(fed(), look=live_look(ViewOptions(color="16")), is_live=True)
    used, since = before[0]
    print(f"cpu {100 * (_cpu() - used) / (time.monotonic() - since):.1f}")


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def smoke() -> None:
    """Run it for a moment; raises where the runs are not seen."""
    _, written = measured(3, 3.0, keys=1)
    if b"question 2" not in written:
        raise MiscountError("the inspector does not show the third run")


def main() -> None:
    """Measure and print; --runs is the child's."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.inspecting", description=__doc__)
    parser.add_argument("--smoke", action="store_true", help="that it runs, and is seen")
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--for", type=float, default=SECONDS, dest="seconds")
    given = parser.parse_args()
    if given.runs:
        _inspect(given.runs, given.seconds)
    elif given.smoke:
        smoke()
    else:
        for runs in (1, 50):
            cost, _ = measured(runs, given.seconds)
            print(
                f"{runs:3} runs, {RATE:,} tokens/s: {cost.cpu:.0f} % of a core, "
                f"a key {cost.key:.0f} ms, {cost.slowest:.0f} ms at most"
            )


if __name__ == "__main__":
    main()
