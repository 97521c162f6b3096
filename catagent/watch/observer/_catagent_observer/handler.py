"""The one callback handler of a process: LangChain hands it everything, and it records that.

It reaches every thread, task and context as the default of a ContextVar of LangChain's own public
`register_configure_hook`. Whatever goes wrong in here is swallowed, and counted.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from contextvars import ContextVar
from types import ModuleType
from typing import Any

from langchain_core.callbacks.base import BaseCallbackHandler
from langchain_core.messages import AIMessageChunk

from _catagent_observer.errors import describe
from _catagent_observer.recorder import Make, Recorder, Run
from _catagent_observer.values import dumps, said_by

_MOST_OF_METADATA = 1000
_recorders: dict[str, Recorder] = {}


def install(context: ModuleType, folder: str, tokens: bool) -> None:
    """Register a handler with `langchain_core.tracers.context`. `tokens` makes models stream."""
    recorder = _recorders.get(folder) or Recorder(folder, tokens=tokens)
    _recorders[folder] = recorder
    handler = (StreamingHandler if tokens else Handler)(recorder)
    variable = ContextVar("catagent_observer", default=handler)
    context.register_configure_hook(variable, inheritable=True)


def _safely(method: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(method)
    def call(self: Handler, *args: Any, **kwargs: Any) -> None:
        try:
            method(self, *args, **kwargs)
        except Exception:
            self.recorder.lost += 1

    return call


class Handler(BaseCallbackHandler):
    """Records, and changes nothing. Has no `tap_output_iter`: that makes models stream."""

    # Asynchronous programs' callbacks would come out of order through an executor.
    run_inline = True

    def __init__(self, recorder: Recorder) -> None:
        self.recorder = recorder

    def __reduce__(self) -> Any:
        """A copy, or what another process unpickles, does nothing: this one is added to it."""
        return BaseCallbackHandler, ()

    def on_llm_new_token(
        self,
        token: Any,
        chunk: Any = None,
        run_id: Any = None,
        parent_run_id: Any = None,
        tags: Any = None,
        **_: Any,
    ) -> None:
        """Every token: whatever is done here is done thousands of times."""
        try:
            run = self.recorder.runs.get(run_id)
            if run is None or (run.copies > 1 and not run.is_said_first()):
                return
            text = _mere_text(token, chunk, run)
            if text is None:
                self._chunk(run, token, chunk)
            else:
                self.recorder.token(run, text)
        except Exception:
            self.recorder.lost += 1

    def _chunk(self, run: Run, token: Any, chunk: Any) -> None:
        message = getattr(chunk, "message", None)
        if message is None:
            self.recorder.record("chunk", run, lambda make: make.value(token))
            return
        run.metadata = dict(message.response_metadata)
        self.recorder.record("chunk", run, lambda make: make.chunk(message))

    @_safely
    def on_stream_event(self, event: Any, *, run_id: Any, **_: Any) -> None:
        """A piece of what `stream_events(version="v3")` streams, as the chunk that it is."""
        run = self._reported(run_id)
        kind, index = event["event"], event.get("index")
        if run is None or kind not in ("content-block-delta", "content-block-start"):
            return
        piece = event["content"] if kind == "content-block-start" else event["delta"]
        if piece["type"] == "text-delta":
            self.recorder.token(run, piece["text"])
        elif piece["type"] == "reasoning-delta":
            block = {"type": "reasoning", "reasoning": piece["reasoning"], "index": index}
            message = AIMessageChunk(content=[block])
            self.recorder.record("chunk", run, lambda make: make.chunk(message))
        elif piece["type"] in ("tool-call-delta", "tool_call_chunk"):
            call: Any = {**{key: piece.get(key) for key in ("name", "id", "args")}, "index": index}
            message = AIMessageChunk(content="", tool_call_chunks=[call])
            self.recorder.record("chunk", run, lambda make: make.chunk(message))

    @_safely
    def on_chain_start(self, serialized: Any, inputs: Any, **about: Any) -> None:
        """A chain, a graph or a node began: those between a root and a node say nothing new."""
        is_node = any(tag[:11] == "graph:step:" for tag in about.get("tags") or ())
        is_whole = is_node or about.get("parent_run_id") not in self.recorder.runs
        content: dict[str, Make] = {"input": lambda make: make.value(inputs)} if is_whole else {}
        self._start("chain", serialized, about, content, is_whole=is_whole)

    @_safely
    def on_tool_start(self, serialized: Any, input_str: Any, **about: Any) -> None:
        """A tool began."""
        given = about.get("inputs")
        given = input_str if given is None else given
        self._start("tool", serialized, about, {"input": lambda make: make.value(given)})

    @_safely
    def on_retriever_start(self, serialized: Any, query: Any, **about: Any) -> None:
        """A retriever began."""
        self._start("retriever", serialized, about, {"input": lambda make: make.value(query)})

    @_safely
    def on_chat_model_start(self, serialized: Any, messages: Any, **about: Any) -> None:
        """A chat model began."""
        sent = messages[0] if messages else []
        prompt: Make = lambda make: make.items(sent, prompt=True)  # noqa: E731
        self._start_model("chat_model", serialized, about, prompt)

    @_safely
    def on_llm_start(self, serialized: Any, prompts: Any, **about: Any) -> None:
        """A text-completion model began."""
        self._start_model("llm", serialized, about, lambda make: make.value(list(prompts)))

    def _start_model(self, kind: str, serialized: Any, about: dict[str, Any], sent: Make) -> None:
        params = about.get("invocation_params")
        content: dict[str, Make] = {"input": sent, "params": lambda make: make.value(params)}
        self._start(kind, serialized, about, content)

    def _start(
        self,
        kind: str,
        serialized: Any,
        about: dict[str, Any],
        content: dict[str, Make],
        *,
        is_whole: bool = True,
    ) -> None:
        run_id, parent = about["run_id"], about.get("parent_run_id")
        run = self.recorder.runs.get(run_id)
        if run is not None:
            run.copies += 1
            return
        if parent not in self.recorder.runs:
            self.recorder.report_secrets()
        said = {
            "id": str(run_id),
            "parent": None if parent is None else str(parent),
            "name": _name(about, serialized),
            "tags": [str(tag) for tag in about.get("tags") or ()],
            "metadata": _small(about.get("metadata") or {}),
        }
        more = {name: about[name] for name in ("run_type", "tool_call_id") if about.get(name)}
        self.recorder.start(run_id, kind, {**said, **more}, content, is_whole=is_whole)

    @_safely
    def on_chain_end(self, outputs: Any, *, run_id: Any, **_: Any) -> None:
        """A chain, a graph or a node ended."""
        self._end(run_id, lambda make: make.value(outputs))

    on_tool_end = on_retriever_end = on_chain_end

    @_safely
    def on_llm_end(self, response: Any, *, run_id: Any, **_: Any) -> None:
        """A model ended."""
        self._end(run_id, *_written(response))

    def _end(self, run_id: Any, *values: Make) -> None:
        run = self.recorder.runs.pop(run_id, None)
        if run is not None:
            self.recorder.record("end", run, *(values if run.is_whole else ()))

    @_safely
    def on_chain_error(self, error: BaseException, *, run_id: Any, **more: Any) -> None:
        """A run raised; a graph that waits for a person does, too."""
        run = self.recorder.runs.pop(run_id, None)
        if run is not None:
            said = describe(error)
            written = _written(more.get("response"))
            self.recorder.record("error", run, lambda make: make.value(said), *written)

    on_tool_error = on_retriever_error = on_llm_error = on_chain_error

    @_safely
    def on_agent_action(self, action: Any, *, run_id: Any, **_: Any) -> None:
        """An executor is about to run a tool; `run_id` is the executor's."""
        names = ("tool", "tool_input", "log", "tool_call_id", "message_log")
        found = ((name, getattr(action, name, None)) for name in names)
        said = {name: value for name, value in found if value is not None}
        self._report("action", run_id, lambda make: make.value(said))

    @_safely
    def on_custom_event(self, name: str, data: Any, *, run_id: Any, **_: Any) -> None:
        """The program sent an event of its own."""
        self._report("custom", run_id, lambda make: make.value(name), lambda make: make.value(data))

    @_safely
    def on_retry(self, retry_state: Any, *, run_id: Any, **_: Any) -> None:
        """LangChain tries something again, that failed."""
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None and outcome.failed else None
        message = "" if error is None else f"{type(error).__name__}: {said_by(error)}"
        said = {"attempt": retry_state.attempt_number, "message": message}
        self._report("retry", run_id, lambda make: make.value(said))

    def _report(self, kind: str, run_id: Any, *values: Make) -> None:
        run = self._reported(run_id)
        if run is not None:
            self.recorder.record(kind, run, *values)

    def _reported(self, run_id: Any) -> Run | None:
        """The run that something is reported of for the first time; None at the others."""
        run = self.recorder.runs.get(run_id)
        return run if run is not None and run.is_said_first() else None


class StreamingHandler(Handler):
    """Makes models stream that have a way to: LangChain looks for these two methods."""

    def tap_output_iter(self, run_id: Any, output: Any) -> Any:
        """Hand on what a run streams."""
        return output

    def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
        """Hand on what a run streams."""
        return output


def _mere_text(token: Any, chunk: Any, run: Run) -> str | None:
    """The text of a chunk that says nothing else, or nothing that the last one did not; or None."""
    message = getattr(chunk, "message", None)
    if message is None:
        text = getattr(chunk, "text", token)
        return text if isinstance(text, str) else None
    said = message.__dict__
    metadata = said.get("response_metadata")
    if (
        said.get("tool_call_chunks")
        or said.get("additional_kwargs")
        or said.get("usage_metadata")
        or (metadata and metadata != run.metadata)
    ):
        return None
    text = said["content"]
    return text if isinstance(text, str) else None


def _written(response: Any) -> list[Make]:
    """What a model wrote, as far as it did: the first of its messages."""
    generations = getattr(response, "generations", None)
    if not generations or not generations[0]:
        return []
    first = generations[0][0]
    message = getattr(first, "message", None)
    if message is not None:
        return [lambda make: make.value(message)]
    text, info = first.text, first.generation_info
    return [lambda make: {"$text": make.value(text), "info": make.value(info)}]


def _name(about: dict[str, Any], serialized: Any) -> str:
    """As LangChain's tracers name a run."""
    if about.get("name"):
        return str(about["name"])
    known = serialized or {}
    return str(known.get("name") or (known.get("id") or ["Unnamed"])[-1])


def _small(metadata: dict[str, Any]) -> dict[str, Any]:
    """Those entries that are plain and short."""
    return {name: value for name, value in metadata.items() if name[:1] != "$" and _is_small(value)}


def _is_small(value: Any) -> bool:
    try:
        return len(dumps(value)) < _MOST_OF_METADATA
    except (TypeError, ValueError, RecursionError):
        return False
