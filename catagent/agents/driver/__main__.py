"""Runs an agent in the interpreter of its project: `python driver/__main__.py FD`, by `ask`.

FD is a socket. A line of JSON comes in: {"module", "file" or null, "attribute", "folders", "name",
"input", "context", "configurable", "run_id", "thread_id", "thread": its file or "", "keep": a file
for a pause or "", "records", "does": "run", "describe" or "undo", "resume": answers by the ids of
interrupts or null, "breaks", "step", "passed", "frozen": what is answered or null}. Out go
{"versions"}, then of a run {"began": microseconds of the epoch} and {"lost": why a pause is not
kept or "", "is_graph"}, else {"done"}, and of a failure {"error": as the observer writes one,
"traceback"}, with {"usage": message, "hint"} where an agent is of no use. Closing the socket on the
other side cancels the run.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # what is next to this file is for nobody here to import
    sys.path[:] = [entry for entry in sys.path if entry != __file__.rpartition("/")[0]]

import asyncio
import atexit
import contextlib
import importlib.util
import json
import os
import platform
import signal
import socket
import time
import traceback
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any, NoReturn

if __name__ == "__main__":  # a package under a name that nobody else has, with our work-arounds
    _init = __file__.replace("__main__.py", "__init__.py")
    _spec: Any = importlib.util.spec_from_file_location("_catagent_driver", _init)
    _spec.submodule_search_locations.append(f"{_init.rpartition('/agents/')[0]}/workarounds")
    sys.modules[_spec.name] = importlib.util.module_from_spec(_spec)
    __package__ = _spec.name  # what the imports below are relative to

from .breakpoints import Breakpoints, handler_of
from .describe import describe
from .factory import called, offered, opened, runnable_of
from .frozen import answering
from .inputs import input_of
from .inside import Fitting
from .kinds import UnusableError, is_a, unbound
from .load import load, versions
from .mending import next_input, undone
from .needs import configured, identified, needs_loop, require_context, streaming
from .nested import hand_on_outputs
from .supplies import Supplies

_BRING = "bring a Runnable, a graph, or a function that returns one"
_TOOLS = "give these tools to create_agent, or install catagent there: it has a model for them"
# An asynchronous task of Python before 3.11 cannot be given a context: what a graph runs in one
# does not know whose part it is, unless it is handed its config. Threads know it.
_LOSES_CONTEXT = sys.version_info < (3, 11)


def main(descriptor: int) -> int:
    """Serve one request, and return the exit code."""
    with socket.socket(fileno=descriptor) as talk:
        talk.set_inheritable(False)
        _say(talk, versions={"python": platform.python_version(), **versions()})
        try:
            with talk.makefile("r", encoding="utf-8") as lines:
                request = json.loads(lines.readline())
            sys.path[:0] = request["folders"]
            frozen = request["frozen"]
            with answering(frozen) if frozen else contextlib.nullcontext():
                _serve(request, talk)
        except UnusableError as error:
            _say_failure(talk, error.__cause__, usage=error.args[0], hint=error.args[1])
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130
        except BaseException as error:
            _say_failure(talk, error)
        else:
            return 0
        return 1


def _serve(request: dict[str, Any], talk: socket.socket) -> None:
    agent = load(*(request[each] for each in ("module", "file", "attribute", "folders")))
    supplies = Supplies(request["thread"])
    offers = offered(_config(request, None), request["context"], supplies)
    asyncio.run(_run(called(agent, request["name"], offers), supplies, request, talk))


def _say(talk: socket.socket, **what: object) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        talk.sendall(json.dumps(what, default=str).encode() + b"\n")


def _say_failure(talk: socket.socket, error: BaseException | None, **what: Any) -> None:
    if error is not None:
        trace = traceback.format_exception(type(error), error, error.__traceback__)
        what["traceback"] = "".join(trace)
        with contextlib.suppress(ImportError):  # LangChain, which it needs, may not be there
            what["error"] = importlib.import_module("_catagent_observer.errors").describe(error)
    _say(talk, **what)


def _config(request: dict[str, Any], agent: Any) -> dict[str, Any]:
    """A graph with a checkpointer of its own asks for a thread."""
    given = {"thread_id": request["thread_id"], **request["configurable"]}
    config = configured(given, request["name"], agent)
    return {**config, "run_name": request["name"], "run_id": uuid.UUID(request["run_id"])}


def _reporting(request: dict[str, Any]) -> Callable[..., None]:
    """What has the observer record what no callback says: a kind, the run or None, and more."""
    observer = importlib.import_module("_catagent_observer.handler")
    handler, root = observer.Handler(observer.recorder_of(request["records"])), request["run_id"]
    return lambda kind, run, *more: handler.report(kind, uuid.UUID(run or root), *more)


def _ready(runnable: Any, supplies: Supplies, request: dict[str, Any]) -> tuple[Any, Any, Any]:
    """What was brought, bound to all that it needs, its config, and what is to see its chunks."""
    config, report = {**_config(request, runnable), "callbacks": streaming()}, _reporting(request)
    stops = Breakpoints.wanted(request["breaks"], request["passed"], step=request["step"])
    if stops is not None:
        stops.say = partial(_pause, report, is_graph=is_a(unbound(runnable), "Pregel"))
        config["callbacks"].append(handler_of(stops))
    more = {**supplies.supply(runnable), **identified(runnable, config)}
    writers = importlib.import_module(f"{__package__}.stream_writer")
    config["configurable"] |= writers.relayed(
        lambda run, data: report("custom", run, "custom", data), supplies.store
    )
    agent = Fitting(request["name"], writers.with_store, request["context"]).of(runnable)
    see = partial(_see, graph=unbound(runnable), config=config, report=report)
    return agent.bind(**more) if more else agent, config, see


class StoppedError(BaseException):
    """Raised at a breakpoint into what is no graph."""


def _pause(report: Callable[..., None], run: Any, pauses: Any, *, is_graph: bool) -> None:
    for pause in pauses:
        report("pause", str(run), *pause)
    if not is_graph:
        raise StoppedError


def _see(chunk: Any, graph: Any, config: Any, report: Callable[..., None]) -> bool:
    """Whether a graph waits from now on.

    Report that it stops where it was compiled to, and before which nodes if it says so.
    """
    waits = isinstance(chunk, dict) and "__interrupt__" in chunk
    if waits and chunk["__interrupt__"] == ():
        report("stopped", None, [])
        with contextlib.suppress(Exception):  # its checkpointer may be asynchronous alone
            report("stopped", None, [*graph.get_state(config).next])
    return waits


async def _run(made: Any, supplies: Supplies, request: dict[str, Any], talk: socket.socket) -> None:
    """Run what a factory made to its end, so that its models stream."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel() -> None:
        loop.remove_reader(talk)
        task.cancel()  # type: ignore[union-attr]

    loop.add_reader(talk, cancel)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cancel)
    async with opened(made) as agent:
        hint = _TOOLS if isinstance(agent, (list, tuple)) else _BRING
        runnable = runnable_of(agent, f"the agent {request['name']}", hint)
        if request["does"] != "run":
            _say(talk, done=await _done(request["does"], runnable, _config(request, runnable)))
            return
        require_context(runnable, request["name"], request["context"])
        hand_on_outputs(runnable)
        agent, config, see = _ready(runnable, supplies, request)
        name, answers = request["name"], request["resume"]
        given = input_of(runnable, name, request["input"]) if answers is None else None
        given = await next_input(runnable, name, config, given, answers, request["passed"])
        _say(talk, began=time.time_ns() // 1000)
        seen = list[bool]()
        with contextlib.suppress(StoppedError):
            if _LOSES_CONTEXT and not needs_loop(runnable):
                seen = await loop.run_in_executor(
                    None, lambda: [*map(see, agent.stream(given, config))]
                )
            else:
                seen = [see(chunk) async for chunk in agent.astream(given, config)]
        loop.remove_reader(talk)
        lost = supplies.lost(request["keep"]) if any(seen) else ""
        _say(talk, lost=lost, is_graph=is_a(unbound(runnable), "Pregel"))
        supplies.close()


async def _done(what: str, runnable: Any, config: dict[str, Any]) -> Any:
    return describe(runnable) if what == "describe" else await undone(runnable, config)


def _leave(code: int) -> NoReturn:
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit runs none, and waits for no thread
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    _leave(main(int(sys.argv[1])))
