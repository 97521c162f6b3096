"""What is still so in Python: each test has the name of its row in docs/workarounds.md."""

from __future__ import annotations

import asyncio
import atexit
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.workarounds.conftest import StillNeeded

pytestmark = pytest.mark.versions

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_lost_tracebacks(still_needed: StillNeeded) -> None:
    """Mended in 3.13, so that it is needed for as long as an older one is supported."""
    code = (
        "import asyncio, traceback\n"
        "def late(): raise TimeoutError\n"
        "async def wait(): await asyncio.to_thread(late)\n"
        "try: asyncio.run(wait())\n"
        "except TimeoutError as error: print(traceback.extract_tb(error.__traceback__)[-1].name)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    lost = done.stdout.strip() != "late"
    assert lost == (sys.version_info < (3, 13))
    lowest = tomllib.loads(PROJECT.read_text())["project"]["requires-python"]
    still_needed(lost or lowest.startswith((">=3.11", ">=3.12")))


def test_lost_cancellation(still_needed: StillNeeded) -> None:
    """Mended in 3.12, so that it is needed for as long as an older one is supported."""

    async def wait(future: asyncio.Future[None]) -> str:
        await asyncio.wait_for(future, timeout=60)
        return "went on"

    async def cancel_as_it_is_done() -> bool:
        future = asyncio.get_running_loop().create_future()
        task = asyncio.create_task(wait(future))
        await asyncio.sleep(0)
        future.set_result(None)
        task.cancel()
        await asyncio.wait([task])
        return not task.cancelled()

    lowest = tomllib.loads(PROJECT.read_text())["project"]["requires-python"]
    lost = asyncio.run(cancel_as_it_is_done())
    assert lost == (sys.version_info < (3, 12))
    still_needed(lost or lowest.startswith(">=3.11"))


def test_exits_from_tasks(still_needed: StillNeeded) -> None:
    async def leave() -> None:
        sys.exit(3)

    async def main() -> None:
        other = asyncio.create_task(leave())
        await asyncio.wait([other])
        other.exception()  # or the loop would report it, in whatever test comes to collect it

    loop = asyncio.new_event_loop()
    task = loop.create_task(main())
    try:
        loop.run_until_complete(task)
    except SystemExit:
        still_needed(not task.done())
        loop.run_until_complete(task)
    finally:
        loop.close()


def test_lost_interrupts(still_needed: StillNeeded) -> None:
    code = (
        "import signal, weakref\n"
        "class Lock: pass\n"
        "lock = Lock()\n"
        "ref = weakref.ref(lock, lambda _: signal.raise_signal(signal.SIGINT))\n"
        "del lock\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True)
    still_needed(done.returncode == 0)


def test_exit_functions(still_needed: StillNeeded) -> None:
    public = {name for name in dir(atexit) if not name.startswith("_")}
    still_needed(public == {"register", "unregister"})


def test_threads_without_context(still_needed: StillNeeded) -> None:
    code = (
        "import contextvars, threading\n"
        "var = contextvars.ContextVar('var', default='lost')\n"
        "var.set('there')\n"
        "threading.Thread(target=lambda: print(var.get())).start()\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True)
    still_needed(done.stdout == b"lost\n")
