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

from _catagent_observer.errors import describe
from _catagent_observer.recorder import Recorder, Run, recorder_of
from _catagent_observer.values import dumps, said_by

_MOST_OF_METADATA = 1000


def install(context: ModuleType, folder: str, tokens: bool) -> None:
    """Register a handler with `langchain_core.tracers.context`. `tokens` makes models stream."""
    handler = (StreamingHandler if tokens else Handler)(recorder_of(folder))
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


def _start(kind: str) -> Callable[..., None]:
    """The callback of a run of this kind that begins."""

    @_safely
    def on_start(self: Handler, serialized: Any, given: Any, **about: Any) -> None:
        run_id, parent, runs = about["run_id"], about.get("parent_run_id"), self.recorder.runs
        if run_id in runs:
            runs[run_id].copies += 1
            return
        if parent not in runs:
            self.recorder.report_secrets()
        # Of chains, only what goes into roots and graphs' nodes, or is an answer for one of these:
        # the others have it from those.
        is_told = parent not in runs or _is_node(about) or type(given).__name__ == "Command"
        content = {"input": given} if kind != "chain" or is_told else {}
        if kind == "chat_model":
            content["input"] = given[0] if given else ()
        elif kind == "tool" and about.get("inputs") is not None:
            content["input"] = about["inputs"]
        if "invocation_params" in about:
            content["params"] = about["invocation_params"]
        self.recorder.start(run_id, kind, _described(serialized, about), content)

    return on_start


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
        recorder = self.recorder
        try:
            run = recorder.runs.get(run_id)
            if run is None or (run.copies > 1 and not run.is_said_first()):
                return
            message = getattr(chunk, "message", None)
            text = getattr(chunk, "text", token) if message is None else _mere_text(message, run)
            if isinstance(text, str):
                recorder.token(run, text)
            else:
                recorder.record("chunk", run, token if message is None else message)
        except Exception:
            recorder.lost += 1

    on_chain_start, on_tool_start, on_retriever_start, on_chat_model_start, on_llm_start = map(
        _start, ("chain", "tool", "retriever", "chat_model", "llm")
    )

    @_safely
    def on_chain_end(self, outputs: Any, *, run_id: Any, **_: Any) -> None:
        run = self.recorder.runs.pop(run_id, None)
        if run is not None:
            self.recorder.record("end", run, *([outputs] if run.is_whole else ()))

    on_tool_end = on_retriever_end = on_chain_end

    @_safely
    def on_llm_end(self, response: Any, *, run_id: Any, **_: Any) -> None:
        run = self.recorder.runs.pop(run_id, None)
        if run is not None:
            self.recorder.record("end", run, *_written(response))

    @_safely
    def on_chain_error(self, error: BaseException, *, run_id: Any, **about: Any) -> None:
        """A run raised; or a graph waits for a person, or goes on elsewhere."""
        run = self.recorder.runs.pop(run_id, None)
        if run is not None:
            self.recorder.record("error", run, describe(error), *_written(about.get("response")))

    on_tool_error = on_retriever_error = on_llm_error = on_chain_error

    @_safely
    def on_agent_action(self, action: Any, *, run_id: Any, **_: Any) -> None:
        self.report("action", run_id, action)

    @_safely
    def on_custom_event(self, name: Any, data: Any, *, run_id: Any, **_: Any) -> None:
        self.report("custom", run_id, name, data)

    @_safely
    def on_retry(self, retry_state: Any, *, run_id: Any, **_: Any) -> None:
        outcome = retry_state.outcome
        error = outcome.exception() if outcome is not None and outcome.failed else None
        message = "" if error is None else f"{type(error).__name__}: {said_by(error)}"
        said = {"attempt": retry_state.attempt_number, "message": message}
        self.report("retry", run_id, said)

    @_safely
    def report(self, kind: str, run_id: Any, *values: Any) -> None:
        """Record what happens in a run: what LangChain reports, or the driver of an agent."""
        run = self.recorder.runs.get(run_id)
        if run is not None and run.is_said_first():
            self.recorder.record(kind, run, *values)


class StreamingHandler(Handler):
    """Makes models stream that can: LangChain looks for these two methods."""

    def tap_output_iter(self, run_id: Any, output: Any) -> Any:
        return output

    def tap_output_aiter(self, run_id: Any, output: Any) -> Any:
        return output


def _mere_text(message: Any, run: Run) -> Any:
    """The text of a chunk that says nothing else, or else only what the last one did; or None."""
    said = message.__dict__
    metadata = said.get("response_metadata")
    if (
        said.get("tool_call_chunks")
        or said.get("additional_kwargs")
        or said.get("usage_metadata")
        or (metadata and metadata != run.metadata)
    ):
        run.metadata = metadata and dict(metadata)
        return None
    return said["content"]


def _written(response: Any) -> list[Any]:
    """What a model wrote, as far as it did: the first of its generations, or the message in it."""
    generations = getattr(response, "generations", None)
    return [getattr(each, "message", each) for each in generations[0][:1]] if generations else []


def _is_node(about: dict[str, Any]) -> bool:
    """Whether it is a graph's node, or a task of an entrypoint, which has its name and no tag."""
    node = (about.get("metadata") or {}).get("langgraph_node", "")
    is_step = any(tag[:11] == "graph:step:" for tag in about.get("tags") or ())
    return is_step or (node != "" and node == about.get("name"))


def _described(serialized: Any, about: dict[str, Any]) -> dict[str, Any]:
    """What is said of a run, plain and short; it is named as LangChain's tracers name it."""
    parent, known = about.get("parent_run_id"), serialized or {}
    name = about.get("name") or known.get("name") or (known.get("id") or ["Unnamed"])[-1]
    metadata = (about.get("metadata") or {}).items()
    said = {
        "id": str(about["run_id"]),
        "parent": None if parent is None else str(parent),
        "name": str(name),
        "tags": list(map(str, about.get("tags") or ())),
        "metadata": {key: value for key, value in metadata if _is_small(key, value)},
    }
    return said | {key: about[key] for key in ("run_type", "tool_call_id") if about.get(key)}


def _is_small(name: str, value: Any) -> bool:
    """Whether an entry of metadata is plain, and short enough to be in every record of a start."""
    try:
        return name[:1] != "$" and len(dumps(value)) < _MOST_OF_METADATA
    except (TypeError, ValueError, RecursionError):
        return False
