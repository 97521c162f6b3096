"""Many runs in one process, and one long run: flat memory, and nothing left over."""

from __future__ import annotations

import asyncio
import gc
import itertools
import os
import threading
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from catagent.config import Loaded, load
from catagent.errors import ExitCode
from catagent.events.filters import Filters
from catagent.models.spec import choose_model
from catagent.run import event_loop
from catagent.run.request import Request
from catagent.run.runner import Run
from catagent.sinks.jsonl import JsonlSink
from tests.support.cli import with_server
from tests.support.replies import failing
from tests.support.scripts import cat, failing_first, with_fault
from tests.support.server import Script, ScriptedServer

AGENTS = ("cat", "cat-classic")
MODES = ("steps", "log", "events")
FULL = [pytest.mark.full, pytest.mark.timeout(1800)]


def loaded(home: Path, url: str, **flags: object) -> Loaded:
    environ = with_server(home, url, CATAGENT_HISTORY="false")
    return load({"max_retries": 0, **flags}, environ)


def run(settings: Loaded) -> int:
    """One run of the whole product in this process, its lines thrown away; its exit code."""
    model = choose_model(None, settings.environ)
    agent = settings.settings.agent
    request = Request(
        agent=agent, question="where?", model=model, tool_model=model, filters=Filters()
    )
    with Path(os.devnull).open("wb") as nowhere:
        return event_loop.run(
            Run(request, settings, sinks=[JsonlSink(nowhere)]).drive()
        ).data.exit_code


def descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def left_over() -> tuple[int, int, int]:
    """Threads, descriptors, and tasks and loops that are still in memory."""
    gc.collect()
    tasks = [o for o in gc.get_objects() if isinstance(o, asyncio.Task | asyncio.BaseEventLoop)]
    return threading.active_count(), descriptors(), len(tasks)


def flaky(count: list[int]) -> Script:
    """Every run another end: done, cut off, refused."""
    ends = (
        cat(5),
        with_fault(cat(5), "items", fault="cut", fault_after=2),
        failing_first(cat(5), failing(503), times=1_000_000),
        cat(5, parallel=3),
    )
    return lambda request: ends[count[0] % len(ends)](request)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no /proc here")
# After few runs the caches of other packages still fill; what a run left would be more than that.
@pytest.mark.parametrize(("runs", "most"), [(36, 16_384), pytest.param(1_000, 4096, marks=FULL)])
def test_many_runs_in_one_process_leave_nothing(tmp_path: Path, runs: int, most: int) -> None:
    """Done, failed and refused, by both agents in all modes; the first few fill the caches."""
    count = [0]
    with ScriptedServer(flaky(count)) as server:
        sizes: list[int] = []
        warmed: tuple[int, int, int] = (0, 0, 0)
        for number in range(runs):
            count[0] = number
            flags = {"agent": AGENTS[number % 2], "mode": MODES[number // 2 % 3]}
            code = run(loaded(tmp_path, server.url, **flags))
            server.requests.clear()  # or the server, in this same process, grows
            assert code in (ExitCode.OK, ExitCode.FAILED)
            if number == runs // 3:
                tracemalloc.start()
                warmed = left_over()
            if number > runs // 3 and number % 6 == 0:
                gc.collect()
                sizes.append(tracemalloc.get_traced_memory()[0])
        assert server.wait_closed()
        after = left_over()
        tracemalloc.stop()
    assert all(now <= before for now, before in zip(after, warmed, strict=True)), (warmed, after)
    # What tracemalloc sees is what was allocated since it started and is still held.
    growth = (sizes[-1] - sizes[0]) / (6 * (len(sizes) - 1))
    assert growth < most, f"{growth:.0f} bytes a run: {sizes}"


def peak(work: Callable[[], object]) -> int:
    """The most memory that the work held at once, in bytes."""
    gc.collect()
    tracemalloc.start()
    work()
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


# Of few tokens, the block that is not folded yet and what awaits collection are a good part.
@pytest.mark.parametrize(
    ("mode", "agent", "tokens", "most"),
    [
        ("events", "cat", 4_000, 1024),
        *(
            pytest.param(mode, agent, 40_000, 512, marks=FULL)
            for mode, agent in itertools.product(MODES, AGENTS)
        ),
    ],
)
def test_a_long_message_holds_little_more_than_its_text(
    tmp_path: Path, mode: str, agent: str, tokens: int, most: int
) -> None:
    """What a token adds at the peak: its text and a few pointers. LangChain's chunks are 2.7 KB."""
    peaks = []
    for count in (tokens // 4, tokens // 4, tokens):  # the first fills the caches
        with ScriptedServer(cat(count)) as server:
            settings = loaded(tmp_path, server.url, mode=mode, agent=agent)
            peaks.append(peak(partial(run, settings)))
    grown = (peaks[2] - peaks[1]) / (tokens - tokens // 4)
    assert grown < most, f"{grown:.0f} bytes a token: {peaks}"
