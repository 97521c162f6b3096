"""Python's threads: what is lost on the way into them and out."""

from asyncio import futures
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from contextvars import copy_context
from functools import wraps
from threading import Thread
from typing import Any, cast


def inherit_context() -> None:
    """Have threads, and what a pool of them is given, run in a copy of the context around them.

    They begin without, so that LangChain loses who runs what, and a model that is asked there is
    neither shown nor counted; Python 3.14 can do so by itself (`-X thread_inherit_context=1`). For
    a process of ours alone, and once: a person's program may count on the contrary.
    """
    start, submit = Thread.start, cast("Any", ThreadPoolExecutor.submit)
    if hasattr(start, "__wrapped__"):
        return

    @wraps(start)
    def starting(self: Thread) -> None:
        context, work = copy_context(), self.run

        def run() -> None:
            del self.run  # or the thread would keep itself
            context.run(work)

        self.run = run  # type: ignore[method-assign]
        start(self)

    @wraps(submit)
    def submitting(self: ThreadPoolExecutor, work: Any, /, *args: Any, **more: Any) -> Any:
        return submit(self, copy_context().run, work, *args, **more)

    Thread.start = starting  # type: ignore[method-assign]
    ThreadPoolExecutor.submit = submitting  # type: ignore[method-assign, assignment]


@contextmanager
def inheriting_context() -> Iterator[None]:
    """The same for as long as this is open, in a process of somebody else's."""
    start, submit = Thread.start, ThreadPoolExecutor.submit
    inherit_context()
    try:
        yield
    finally:
        Thread.start, ThreadPoolExecutor.submit = start, submit  # type: ignore[method-assign]


def keep_tracebacks() -> None:
    """Have a TimeoutError of a thread's still say where it was raised.

    Until 3.13, asyncio makes another of it, without its traceback.
    """
    convert = futures._convert_future_exc  # type: ignore[attr-defined]

    def converted(raised: BaseException) -> BaseException:
        made: BaseException = convert(raised)
        return made if made is raised else made.with_traceback(raised.__traceback__)

    futures._convert_future_exc = converted  # type: ignore[attr-defined]
