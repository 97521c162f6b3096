"""The tracker of a run that is driven from here: one of LangChain's handlers, which may stop it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import partial
from typing import Any

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import ai
from pydantic_core import from_json

from catagent.errors import CatagentError
from catagent.sources.abandoned import Abandoned, current_task
from catagent.sources.base import AgentRun, to_nobody
from catagent.sources.span import LLM_KINDS, RunId, Serialized, Span, asking
from catagent.sources.tracker import Tracker
from catagent.stop import Stop
from catagent.workarounds.callbacks import CalledFirst, close_unawaited, log_nothing_of
from catagent.workarounds.futures import keep_tracebacks


class RunClosedError(Exception):
    """Raised into what still runs in a thread after its run was closed."""


class Closing:
    """The tasks that tools run in; whether the run is closed, and `is_over`: nobody reads it."""

    def __init__(self, stop: Stop) -> None:
        self._stop = stop
        self._closed = False
        self.is_over = False
        self._tasks: dict[str, asyncio.Task[Any]] = {}

    def enter(self, run_id: str) -> None:
        """Take note of the task that a tool runs in."""
        if (task := current_task()) is not None:
            self._tasks[run_id] = task

    def leave(self, run_id: str) -> None:
        """A tool has ended."""
        self._tasks.pop(run_id, None)

    def check(self) -> None:
        """Stop here what was cancelled and did not notice.

        A thread cannot be cancelled. And until Python 3.12 `asyncio.wait_for`, through which
        LangChain reads every chunk of OpenAI's, loses a cancellation that comes with a chunk.
        """
        task = current_task()
        if task is not None and (self._closed or task.cancelling()):
            if task.cancelling():  # by `asyncio.timeout`, which knows one that it asked for alone
                task.uncancel()
            task.cancel()
        elif task is None and self._closed:
            raise RunClosedError

    async def close(self) -> None:
        """Close the run. When one of an executor's parallel tools fails, the others still run."""
        self._closed = True
        orphans = {task for task in self._tasks.values() if task is not asyncio.current_task()}
        for task in orphans:
            task.cancel()
        if orphans:
            await asyncio.wait(orphans, timeout=self._stop.patience(0.7))
        self.is_over = True


class DrivenTracker(Tracker, CalledFirst, BaseCallbackHandler):
    """Stops what must not go on by raising from a callback; ends what LangChain says no end of."""

    run_inline = True
    raise_error = True
    says_root = True

    def __init__(self, run: AgentRun) -> None:
        super().__init__(run)
        self.on_failed: Callable[[Span], None] = to_nobody
        self.closing = Closing(run.stop)
        self._pulse = run.pulse
        self._abandoned = Abandoned(self.close_abandoned)

    def close_abandoned(self) -> None:
        """End the calls that were cancelled, of which LangChain says nothing."""
        for span in self._abandoned.take():
            self._close(span, error=asyncio.CancelledError())

    def _begin(self, kind: str, serialized: Serialized, about: dict[str, Any]) -> Span:
        self.closing.check()
        self.close_abandoned()
        return super()._begin(kind, serialized, about)

    def on_chat_model_start(self, *what: Any, **about: Any) -> None:
        """A chat model began."""
        try:
            super().on_chat_model_start(*what, **about)
        except CatagentError:
            close_unawaited()
            raise

    def _begin_llm(self, *what: Any) -> Span:
        span = super()._begin_llm(*what)
        self._pulse.begin(span.run_id, partial(self._is_asked, span))
        self._abandoned.enter(span)
        asking.set(span)
        return span

    def _is_asked(self, llm: Span) -> bool:
        """Whether a model is waited for: not in a thread that what it ran in has given up."""
        around = (self.spans[run] for run in llm.parent_ids)
        return self._abandoned.is_asked(llm) and all(span.ended is None for span in around)

    def on_llm_new_token(
        self, token: Any, *, run_id: RunId, chunk: Any = None, **kwargs: Any
    ) -> None:
        """A model streams."""
        self.closing.check()
        message = getattr(chunk, "message", None)
        said = token or getattr(message, "content", None)  # blocks, in which there may be no text
        pieces = getattr(message, "tool_call_chunks", None)
        if said or pieces or getattr(message, "additional_kwargs", None):
            self._pulse.beat()  # an empty chunk is a server's way of saying nothing
        super().on_llm_new_token(token, run_id=run_id, chunk=chunk)

    def _broken(self, span: Span, error: CatagentError) -> None:
        raise error

    def on_tool_start(self, *what: Any, **about: Any) -> None:
        """A tool began."""
        super().on_tool_start(*what, **about)
        span = self.spans[str(about["run_id"])]
        self.closing.enter(span.run_id)
        self._abandoned.enter(span)

    def _end(self, run_id: RunId, **what: Any) -> Span | None:
        if self.closing.is_over:
            return None
        self.close_abandoned()
        return super()._end(run_id, **what)

    def _close(self, span: Span, *, output: Any = None, error: BaseException | None = None) -> None:
        super()._close(span, output=output, error=error)
        self.closing.leave(span.run_id)
        self._abandoned.leave(span)
        if span.kind in LLM_KINDS:
            self._pulse.end(span.run_id)
        if error is not None and (span.kind in LLM_KINDS or span.kind == "tool"):
            self.on_failed(span)


def read_partial_json_in_linear_time() -> None:
    """Have LangChain's chunks read a tool's arguments, piece by piece, another way than its own.

    That tries again without the last character, and so on: 10 ms at 1 kB, 4 s at 16 kB.
    """
    ai.parse_partial_json = _parsed  # type: ignore[attr-defined]


def _parsed(s: str, *, strict: bool = False) -> Any:
    """The JSON in `s`, which may have been cut. Raises ValueError where it does not begin so."""
    try:
        return json.loads(s, strict=strict)
    except json.JSONDecodeError:
        return from_json(s, allow_partial="trailing-strings")


log_nothing_of(DrivenTracker)
keep_tracebacks()
read_partial_json_in_linear_time()
