"""The tree of LangChain runs, read off callbacks: who is inside whose tool call, and how it went.

LangChain's streaming APIs each leave something out: the tool call that a run belongs to, parent
ids, failures. Callbacks have all of it, so every source attaches one `Tracker` and looks up there.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from contextvars import ContextVar
from typing import Any
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, BaseMessage

from catagent.events import types as ev
from catagent.sources import message_checks
from catagent.sources.base import Pulse
from catagent.sources.span import LLM_KINDS, Span, asking
from catagent.sources.step_limit import Decisions
from catagent.stop import Stop
from catagent.workarounds.callbacks import CalledFirst, log_nothing_of

# The executor gives a tool's call id with its action alone: (executor's run id, call id).
_action_in_context: ContextVar[tuple[UUID, str | None] | None] = ContextVar("action", default=None)

_REPORTED = LLM_KINDS | {"tool"}


class RunClosedError(Exception):
    """Raised into what still runs in a thread after its run was closed."""


class Tracker(CalledFirst, BaseCallbackHandler):
    """Keeps the spans of one run; stops what must not go on by raising from a callback."""

    run_inline = True
    raise_error = True

    def __init__(
        self, max_steps: int, pulse: Pulse | None = None, stop: Stop | None = None
    ) -> None:
        self.decisions = Decisions(max_steps)
        self._pulse = pulse or Pulse()
        self._stop = stop or Stop()
        self.spans: dict[str, Span] = {}
        self.root: Span | None = None
        self.llms: list[Span] = []
        self.ended: deque[Span] = deque()
        self.warnings: deque[ev.WarningData] = deque()
        self.closed = False
        self._tasks: dict[str, asyncio.Task[Any]] = {}
        self._written: dict[UUID, message_checks.WrittenArgs] = {}
        self._tools: dict[str, list[Span]] = {}

    async def close(self) -> None:
        """Stop what still runs: threads at their next callback, orphaned tasks at once.

        When one of an executor's parallel tools fails, LangChain leaves the others running.
        """
        self.closed = True
        orphans = {task for task in self._tasks.values() if task is not asyncio.current_task()}
        for task in orphans:
            task.cancel()
        if orphans:
            await asyncio.wait(orphans, timeout=self._stop.patience(0.7))

    def tool(self, call_id: str | None, output: Any) -> Span | None:
        """The tool run with this call id. Ids may repeat: best the one that gave this output."""
        found = self._tools.get(call_id or "", [])
        return next((span for span in found if span.output is output), found[-1] if found else None)

    def _begin(
        self,
        kind: str,
        run_id: UUID,
        parent_run_id: UUID | None,
        serialized: dict[str, Any] | None,
        about: dict[str, Any],
    ) -> Span:
        self._check_open()
        parent = self.spans.get(str(parent_run_id))
        span = Span(str(run_id), kind, _name(about, serialized), list(about.get("tags") or []), [])
        span.scope = span.run_id
        if parent is not None:
            span.parent_ids = [*parent.parent_ids, parent.run_id]
            span.tool_call_id = parent.tool_call_id
            span.scope = span.run_id if parent.kind == "tool" else parent.scope
        self.root = self.root or span
        self.spans[span.run_id] = span
        return span

    def _check_open(self) -> None:
        """Stop here what was cancelled and did not notice.

        A thread cannot be cancelled. And until Python 3.12 `asyncio.wait_for`, through which
        LangChain reads every chunk of OpenAI's, loses a cancellation that comes with a chunk.
        """
        try:
            task = asyncio.current_task()
        except RuntimeError:  # no loop in a thread
            task = None
        if task is not None and (self.closed or task.cancelling()):
            task.cancel()
        elif task is None and self.closed:
            raise RunClosedError

    def on_chain_start(
        self,
        serialized: dict[str, Any],
        inputs: Any,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,
    ) -> None:
        """A chain, prompt or parser began."""
        self._begin("chain", run_id, parent_run_id, serialized, about)

    def on_retriever_start(
        self,
        serialized: dict[str, Any],
        query: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,
    ) -> None:
        """A retriever began."""
        self._begin("retriever", run_id, parent_run_id, serialized, about)

    def on_chat_model_start(
        self,
        serialized: dict[str, Any],
        messages: list[list[BaseMessage]],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,
    ) -> None:
        """A chat model began."""
        self._begin_llm("chat_model", run_id, parent_run_id, serialized, about)

    def on_llm_start(
        self,
        serialized: dict[str, Any],
        prompts: list[str],
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        **about: Any,
    ) -> None:
        """A text-completion model began."""
        self._begin_llm("llm", run_id, parent_run_id, serialized, about)

    def _begin_llm(
        self,
        kind: str,
        run_id: UUID,
        parent: UUID | None,
        serialized: dict[str, Any] | None,
        about: dict[str, Any],
    ) -> None:
        span = self._begin(kind, run_id, parent, serialized, about)
        params = about.get("invocation_params") or {}
        metadata = about.get("metadata") or {}
        model = params.get("model") or params.get("model_name") or metadata.get("ls_model_name")
        span.model = str(model or span.name)
        span.provider = str(metadata.get("ls_provider") or "")
        self.llms.append(span)
        self._pulse.begin()
        asking.set(span)

    def on_llm_new_token(
        self, token: Any, *, run_id: UUID, chunk: Any = None, **kwargs: Any
    ) -> None:
        """A model streams: keep the arguments that it writes, as it writes them."""
        self._check_open()
        if run_id not in self._written:
            self._written[run_id] = message_checks.WrittenArgs()
        message = getattr(chunk, "message", None)
        pieces = getattr(message, "tool_call_chunks", None)
        if token or pieces or getattr(message, "additional_kwargs", None):
            self._pulse.beat()  # an empty chunk is a server's way of saying nothing
        if pieces:
            self._written[run_id].add(pieces)

    def on_llm_end(self, response: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A model ended: see that its message is whole, and that its agent may go on."""
        span = self._end(run_id)
        generation = response.generations[0][0] if response.generations[0] else None
        if span is None or generation is None:
            return
        span.message = getattr(generation, "message", None)
        span.output = span.message if span.message is not None else generation.text
        if isinstance(span.message, AIMessage):
            self._examine(span, span.message, self._written.pop(run_id, None))

    def _examine(
        self, span: Span, message: AIMessage, streamed: message_checks.WrittenArgs | None
    ) -> None:
        self.decisions.wrote(span, message)
        self.warnings.extend(message_checks.warnings_for(message, span.name))
        error = message_checks.check_message(message, span.name, streamed, span.provider)
        if error is None:
            error = self.decisions.decided(span, message)
        if error is not None:
            span.error = error
            raise error

    def on_llm_error(
        self, error: BaseException, *, run_id: UUID, response: Any = None, **kwargs: Any
    ) -> None:
        """A model failed, or its reader stopped reading. `response` is what came before that."""
        written = response.generations[0] if response and response.generations else None
        part = written[0] if written else None
        self._end(run_id, output=getattr(part, "message", None), error=error)

    def on_chain_end(self, outputs: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain ended."""
        self._end(run_id, output=outputs)

    def on_chain_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A chain failed."""
        self._end(run_id, error=error)

    def on_agent_action(self, action: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """The executor is about to run a tool, in this very task or thread."""
        call_id = getattr(action, "tool_call_id", None)
        _action_in_context.set((run_id, call_id))
        llm = self.decisions.decider(call_id) or (self.llms[-1] if self.llms else None)
        if llm is not None:
            self.decisions.act(llm)

    def on_tool_start(
        self,
        serialized: dict[str, Any],
        input_str: str,
        *,
        run_id: UUID,
        parent_run_id: UUID | None = None,
        inputs: dict[str, Any] | None = None,
        tool_call_id: str | None = None,
        **about: Any,
    ) -> None:
        """A tool began."""
        span = self._begin("tool", run_id, parent_run_id, serialized, about)
        span.tool_input = input_str if inputs is None else inputs
        with contextlib.suppress(RuntimeError):  # no loop in a thread
            if (task := asyncio.current_task()) is not None:
                self._tasks[span.run_id] = task
        action = _action_in_context.get()
        if tool_call_id is None and action is not None and action[0] == parent_run_id:
            tool_call_id = action[1]
        span.call_id = tool_call_id
        span.tool_call_id = tool_call_id or span.tool_call_id
        self._tools.setdefault(tool_call_id or "", []).append(span)
        llm = self.decisions.decider(tool_call_id)
        if llm is not None and llm.scope == span.scope:
            self.decisions.count(llm)

    def on_tool_end(self, output: Any, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool ended."""
        self._end(run_id, output=output)

    def on_tool_error(self, error: BaseException, *, run_id: UUID, **kwargs: Any) -> None:
        """A tool raised."""
        self._end(run_id, error=error)

    def _end(
        self, run_id: UUID, *, output: Any = None, error: BaseException | None = None
    ) -> Span | None:
        span = self.spans.get(str(run_id))
        if span is not None:
            span.ended, span.output, span.error = time.monotonic(), output, error
            self._tasks.pop(span.run_id, None)
            if span.kind in LLM_KINDS:
                self._pulse.end()
            if span.kind in _REPORTED:
                self.ended.append(span)
        return span


def _name(about: dict[str, Any], serialized: dict[str, Any] | None) -> str:
    if about.get("name"):
        return str(about["name"])
    known = serialized or {}
    return str(known.get("name") or (known.get("id") or ["Unnamed"])[-1])


log_nothing_of(Tracker)
