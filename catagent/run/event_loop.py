"""The event loop of a run: brought to its end whatever a task throws at it, and let go of then."""

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, TypeVar

from catagent.run.session import Session
from catagent.stop import SHUTDOWN_S, Stop

T = TypeVar("T")
_LOOK_S = 0.05
# Tasks that would not end. Python must not take them apart: they would refuse that too, aloud.
left_behind: list[asyncio.Task[Any]] = []


def run(main: Coroutine[Any, Any, T], stop: Stop | None = None) -> T:
    """Run a coroutine to its end on a loop of its own, and return what it returns.

    Like `asyncio.run`, but a tool that exits or stops the loop does not end it, and what will not
    end is left behind, after what `stop` has left. Raises RuntimeError inside a running loop.
    """
    if is_running():
        main.close()
        raise RuntimeError("an event loop is running already")
    stop = stop or Stop()
    loop = new_loop()
    try:
        return _complete(loop, loop.create_task(main))
    finally:
        loop.set_exception_handler(lambda *_: None)  # what is left over is reported no more
        stop.begin_shutdown()
        _complete(loop, loop.create_task(_wind_down(stop)))
        loop.close()
        _join_threads(stop.patience(0.5))


def block_on(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run a coroutine to its end while this thread waits, and return what it returns.

    On a thread of its own where an event loop runs already. An interrupt of this thread cancels it.
    """
    return _on_a_thread(main) if is_running() else _run(main)


def _run(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        return runner.run(main())


def _on_a_thread(main: Callable[[], Coroutine[Any, Any, T]]) -> T:
    begun: Future[Callable[[], object]] = Future()

    async def body() -> T:
        work, loop = asyncio.ensure_future(main()), asyncio.get_running_loop()
        begun.set_result(partial(loop.call_soon_threadsafe, work.cancel))
        return await work

    with ThreadPoolExecutor(1, "catagent-run") as pool:
        running = pool.submit(copy_context().run, _run, body)
        try:
            return running.result()
        except BaseException:
            if not running.done():
                begun.result()()
            raise


def is_running() -> bool:
    """Whether this is called inside of an event loop."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


def _complete(loop: asyncio.AbstractEventLoop, task: asyncio.Task[T]) -> T:
    """asyncio lets these through every task, out of the loop; it runs as well afterwards."""
    while not (task.done() or loop.is_closed()):
        with contextlib.suppress(SystemExit, KeyboardInterrupt, RuntimeError):
            loop.run_until_complete(task)
    return task.result()


async def _wind_down(stop: Stop) -> None:
    """Cancel what still runs, then close the generators that were left half read."""
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await _settled(tasks, stop.patience(0.5))
    closing = asyncio.create_task(asyncio.get_running_loop().shutdown_asyncgens())
    await _settled({closing}, stop.patience())


async def _settled(tasks: set[asyncio.Task[Any]], patience_s: float) -> None:
    if tasks:
        _, pending = await asyncio.wait(tasks, timeout=patience_s)
        left_behind.extend(pending)


def _join_threads(patience_s: float) -> None:
    """Wait for the threads that Python itself would wait for, without an end."""
    until = time.monotonic() + patience_s
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join(max(0.0, until - time.monotonic()))


class _Impatient(ThreadPoolExecutor):
    """Threads for plain tools. One that hangs in its tool must not keep the run from its end."""

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Ask the threads to end, and wait for none of them."""
        super().shutdown(wait=False, cancel_futures=True)


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop that does not wait for a tool that hangs in a thread."""
    loop = asyncio.new_event_loop()
    loop.set_default_executor(_Impatient())
    return loop


async def on_thread(work: Callable[[], T]) -> T:
    """The result of `work` from a daemon thread: unlike an executor's, it never delays the exit."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def body() -> None:
        try:
            outcome.set_result(work())
        except BaseException as raised:
            # A future would not take the end of an iterator, and nobody would hear of it.
            ended = isinstance(raised, StopIteration)
            outcome.set_exception(RuntimeError(repr(raised)) if ended else raised)

    threading.Thread(target=body, name="catagent-open", daemon=True).start()
    return await asyncio.wrap_future(outcome)


async def unless_due(stop: Stop, work: Coroutine[Any, Any, T]) -> T | None:
    """What comes of the work; None where `stop` is due before, which leaves it unfinished."""
    task = asyncio.ensure_future(work)
    try:
        while not (task.done() or stop.is_due):
            await asyncio.wait((task,), timeout=_LOOK_S)
        return task.result() if task.done() else None
    finally:
        task.cancel()


@contextlib.contextmanager
def watchdog(running: Callable[[], Session | None], leave: Callable[[], None]) -> Iterator[None]:
    """While inside, end the process with the run's exit code if the loop stands still at the end.

    `running` says which run is, None for none that could end. A tool that blocks the loop keeps
    every task from running, also the one that would end the run. `leave` closes what is
    open, on a thread, in place of the caller: one of them gets to do so.
    """
    over, last_word = threading.Event(), threading.Lock()

    def watch() -> None:
        while not over.wait(_LOOK_S):
            if (session := running()) is None or not session.is_due:
                continue
            if not session.responds(SHUTDOWN_S) and last_word.acquire(False):
                try:
                    session.abandon()
                    leave()
                finally:
                    os._exit(session.exit_code)

    threading.Thread(target=watch, name="catagent-watchdog", daemon=True).start()
    try:
        yield
    finally:
        last_word.acquire()  # never given back: where the thread has it, the process ends here
        over.set()
