"""Which calls are over, or wait for nobody, where LangChain says nothing of it.

It reports no end of a chat model's `ainvoke`, or a tool, that was cancelled; and a stream that its
reader holds on to is at work only while that asks for more. So the coroutine or generator that a
call runs in is looked up: it is gone the moment that its call is over, however that ended.
"""

import asyncio
import contextlib
import gc
import inspect
import traceback
import weakref
from collections import deque
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, TypeAlias

from catagent.sources.span import Span

_Running: TypeAlias = "CoroutineType[Any, Any, Any] | AsyncGeneratorType[Any, Any]"
# What is suspended, and where it says what it waits in.
_WAITS_IN: dict[type, str] = {
    CoroutineType: "cr_await",
    AsyncGeneratorType: "ag_await",
    GeneratorType: "gi_yieldfrom",
}
# How near LangChain's function is to the callback that a call began, how deep a task may wait.
_FRAMES, _DEPTH = 12, 500
# By name: text-completion models cost an import of 10 ms, and hardly an agent has one.
_IN_THREADS = frozenset({"BaseChatModel.stream", "BaseLLM.stream"})
_IN_TASKS = frozenset(
    {"BaseChatModel.agenerate", "BaseChatModel.astream", "BaseLLM.astream", "BaseTool.arun"}
)


class Abandoned:
    """Watches the calls of one run; `notice` is called on the loop of one that was given up."""

    def __init__(self, notice: Callable[[], None]) -> None:
        self._notice = notice
        self._running: dict[str, weakref.ref[_Running]] = {}
        self._known: weakref.WeakSet[_Running] = weakref.WeakSet()
        self._streams: dict[str, FrameType] = {}
        self._over: deque[Span] = deque()

    def enter(self, span: Span) -> None:
        """A call begins, in this very task or thread."""
        near = islice(traceback.walk_stack(inspect.currentframe()), _FRAMES)
        streams = (frame for frame, _ in near if frame.f_code.co_qualname in _IN_THREADS)
        if (stream := next(streams, None)) is not None:
            self._streams[span.run_id] = stream
        elif (task := current_task()) is not None:
            task.get_loop().call_soon(self._look, span, task)

    def leave(self, span: Span) -> None:
        """A call has ended, as LangChain says."""
        self._running.pop(span.run_id, None)
        self._streams.pop(span.run_id, None)

    def take(self) -> Iterator[Span]:
        """The calls that are over of which nobody said so."""
        while self._over:
            if (span := self._over.popleft()).ended is None:
                yield span

    def is_asked(self, span: Span) -> bool:
        """Whether what a model says is waited for, as far as it can be known."""
        stream = self._streams.get(span.run_id)
        if stream is not None:
            return stream.f_back is not None  # a generator that stands still was called by nobody
        found = self._running.get(span.run_id, lambda: None)()
        return not isinstance(found, AsyncGeneratorType) or found.ag_running

    def _look(self, span: Span, task: asyncio.Task[Any]) -> None:
        """Find what the call runs in, when its task first waits: the outermost that is new."""
        new = (each for each in _awaits(task.get_coro()) if each not in self._known)
        if span.ended is not None or (running := next(new, None)) is None:
            return
        self._known.add(running)
        gone = partial(self._gone, span, task.get_loop())
        if isinstance(running, AsyncGeneratorType):  # LangChain says how one ends
            self._running[span.run_id] = weakref.ref(running)
        else:
            self._running[span.run_id] = weakref.ref(running, gone)
            task.add_done_callback(gone)  # somebody may keep the task, and with it what it ran

    def _gone(self, span: Span, loop: asyncio.AbstractEventLoop, _: object) -> None:
        """Called on any thread, even in the middle of something, by the garbage collector."""
        if span.ended is None:
            self._over.append(span)
            with contextlib.suppress(RuntimeError):  # the loop is closed: the run has ended
                loop.call_soon_threadsafe(self._notice)


def current_task() -> asyncio.Task[Any] | None:
    """The task that this is called in, None in a thread without a loop."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        return None


def _awaits(waiting: Any) -> Iterator[_Running]:
    """The calls of models and tools that a coroutine waits in, the outermost first."""
    for _ in range(_DEPTH):
        code = getattr(waiting, "cr_code", None) or getattr(waiting, "ag_code", None)
        if code is not None and code.co_qualname in _IN_TASKS:
            yield waiting
        if (waiting := _awaited_by(waiting)) is None:
            return


def _awaited_by(waiting: Any) -> Any:
    if (name := _WAITS_IN.get(type(waiting))) is not None:
        return getattr(waiting, name)
    if asyncio.isfuture(waiting):
        return None
    # One step of a generator (`anext`), or a coroutine's iterator: they say it nowhere else.
    held = gc.get_referents(waiting)
    inner = (each for each in held if type(each) in _WAITS_IN or inspect.isawaitable(each))
    return next(inner, None)
