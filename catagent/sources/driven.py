"""The tracker of a run that is driven from here: one of LangChain's handlers, which may stop it."""

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
from catagent.workarounds.callbacks import CalledFirst, close_unawaited, log_nothing_of
from catagent.workarounds.threads import keep_tracebacks

# What a chunk may hold beside text: content that is blocks, a call, what its provider added.
_SAID = ("content", "tool_call_chunks", "additional_kwargs")


class RunClosedError(Exception):
    """Raised into what still runs in a thread after its run was closed."""


class StoppedError(BaseException):
    """Raised at a breakpoint into what is no graph: nothing may take it for an error of a tool."""


class DrivenTracker(Tracker, CalledFirst, BaseCallbackHandler):
    """Stops what must not go on by raising from a callback; ends what LangChain says no end of."""

    run_inline = True
    raise_error = True
    says_root = True

    def __init__(self, run: AgentRun) -> None:
        super().__init__(run)
        self.on_failed: Callable[[Span], None] = to_nobody
        self._stop, self._pulse = run.stop, run.pulse
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._is_closed = self._is_over = False
        self._abandoned = Abandoned(self._close_abandoned)
        self._breakpoints = run.breakpoints
        if self._breakpoints is not None:
            self._breakpoints.say = self.pause if run.shape == "graph" else self._leave

    async def close(self) -> None:
        """Close the run. When one of an executor's parallel tools fails, the others still run."""
        self._is_closed = True
        orphans = set(self._tasks.values()) - {asyncio.current_task()}
        for task in orphans:
            task.cancel()
        if orphans:
            await asyncio.wait(orphans, timeout=self._stop.patience(0.7))
        self._is_over = True

    def _stop_cancelled(self) -> None:
        """Stop here what was cancelled and did not notice.

        A thread cannot be cancelled. And until Python 3.12 `asyncio.wait_for`, through which
        LangChain reads every chunk of OpenAI's, loses a cancellation that comes with a chunk.
        """
        task = current_task()
        if task is not None and (self._is_closed or task.cancelling()):
            if task.cancelling():  # by `asyncio.timeout`, which knows one that it asked for alone
                task.uncancel()
            task.cancel()
        elif task is None and self._is_closed:
            raise RunClosedError

    def _close_abandoned(self) -> None:
        """End the calls that were cancelled, of which LangChain says nothing."""
        for span in self._abandoned.take():
            self._close(span, error=asyncio.CancelledError())

    def _begin(self, kind: str, serialized: Serialized, about: dict[str, Any]) -> Span:
        self._stop_cancelled()
        self._close_abandoned()
        span = super()._begin(kind, serialized, about)
        if kind == "tool":
            self._abandoned.enter(span)
            if (task := current_task()) is not None:
                self._tasks[span.run_id] = task
        return span

    def _leave(self, run_id: RunId | None, pauses: list[Any]) -> None:
        self.pause(run_id, pauses)
        raise StoppedError

    def on_chain_start(self, serialized: Serialized, inputs: Any, **about: Any) -> None:
        """A chain, prompt or parser began, unless a breakpoint is before it."""
        if self._breakpoints is not None:
            pauses = self._breakpoints.before_chain(serialized, inputs, about)
            self._breakpoints.stop(pauses, about)
        super().on_chain_start(serialized, inputs, **about)

    def on_tool_start(self, serialized: Serialized, input_str: str, **about: Any) -> None:
        """A tool began, unless a breakpoint is before it."""
        if self._breakpoints is not None:
            pauses = self._breakpoints.before_tool(serialized, input_str, about)
            self._breakpoints.stop(pauses, about)
        super().on_tool_start(serialized, input_str, **about)

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

    def on_llm_new_token(self, token: Any, *, run_id: RunId, chunk: Any = None, **_: Any) -> None:
        """A model streams."""
        self._stop_cancelled()
        message = getattr(chunk, "message", None)
        if token or any(getattr(message, name, None) for name in _SAID):
            self._pulse.beat()  # an empty chunk is a server's way of saying nothing
        super().on_llm_new_token(token, run_id=run_id, chunk=chunk)

    def _broken(self, span: Span, error: CatagentError) -> None:
        raise error

    def _end(self, run_id: RunId, **what: Any) -> Span | None:
        if self._is_over:
            return None
        self._close_abandoned()
        return super()._end(run_id, **what)

    def _close(self, span: Span, *, output: Any = None, error: BaseException | None = None) -> None:
        super()._close(span, output=output, error=error)
        self._tasks.pop(span.run_id, None)
        self._abandoned.leave(span)
        if span.kind in LLM_KINDS:
            self._pulse.end(span.run_id)
        if error is not None and span.is_call:
            self.on_failed(span)


def partial_json(s: str, *, strict: bool = False) -> Any:
    """The JSON in `s`, which may have been cut. Raises ValueError where it does not begin so.

    LangChain's own tries again without the last character, and so on: 10 ms at 1 kB, 4 s at 16 kB.
    """
    try:
        return json.loads(s, strict=strict)
    except json.JSONDecodeError:
        return from_json(s, allow_partial="trailing-strings")


log_nothing_of(DrivenTracker)
keep_tracebacks()
ai.parse_partial_json = partial_json  # type: ignore[attr-defined]
