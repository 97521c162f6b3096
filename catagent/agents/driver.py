"""Runs an agent in the interpreter of its project: `python driver.py FD`, started by `ask`.

It imports the standard library and the agent, nothing of catagent's but the observer; Python 3.9
and later. What an agent is given for a question is settled here, for agents in our process too.

FD is a socket. A line of JSON comes in: {"module", "file" or null, "attribute", "folders", "name",
"question", "run_id"}. Out go {"versions"}, {"began": microseconds of the epoch}, and of a
failure {"usage": message, "hint"} or {"error": as the observer writes one}. Closing the socket on
the other side cancels the run.
"""

from __future__ import annotations

import sys

if __name__ == "__main__":  # what is next to this file is for nobody here to import
    sys.path[:] = [entry for entry in sys.path if entry != __file__.rpartition("/")[0]]

import asyncio
import atexit
import contextlib
import importlib
import importlib.util
import inspect
import json
import os
import platform
import signal
import socket
import time
import uuid
from collections.abc import Callable, Mapping
from difflib import get_close_matches
from importlib import metadata
from typing import Any, NoReturn, get_type_hints

_PACKAGES = ("langchain", "langchain-core", "langgraph", "langchain-openai")
_LANGCHAIN = ("langchain", "langgraph")
# Input keys that mean "the question", for agents that want several.
_QUESTION_KEYS = ("input", "question", "query", "text", "prompt", "topic")
# An asynchronous task of Python before 3.11 cannot be given a context: what a graph runs in one
# does not know whose part it is, unless it is handed its config. Threads know it.
_LOSES_CONTEXT = sys.version_info < (3, 11)
_BRING = "bring a Runnable, a graph, or a function without arguments that returns one of them"


class UnusableError(Exception):
    """The agent is not there, or cannot be run: what is the matter, and what to do next."""


def main(descriptor: int) -> int:
    """Serve one request, and return the exit code."""
    with socket.socket(fileno=descriptor) as talk:
        talk.set_inheritable(False)
        _say(talk, versions={"python": platform.python_version(), **versions()})
        try:
            with talk.makefile("r", encoding="utf-8") as lines:
                request = json.loads(lines.readline())
            sys.path[:0] = request["folders"]
            agent = load(request["module"], request["file"], request["attribute"])
            asyncio.run(_run(agent, request, talk))
        except UnusableError as error:
            _say(talk, usage=error.args[0], hint=error.args[1])
        except (KeyboardInterrupt, asyncio.CancelledError):
            return 130
        except BaseException as error:
            _say(talk, error=importlib.import_module("_catagent_observer.errors").describe(error))
        else:
            return 0
        return 1


def _say(talk: socket.socket, **what: object) -> None:
    with contextlib.suppress(OSError):  # nobody listens any more
        talk.sendall(json.dumps(what, default=str).encode() + b"\n")


def versions() -> dict[str, str]:
    """The versions of what runs an agent, by package."""
    found = {}
    for package in _PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def load(module: str, file: str | None, attribute: str) -> Any:
    """What stands at the attribute of a module, of that file where one is given.

    Raises UnusableError for what is not there, also where the module misses another.
    """
    try:
        found = importlib.import_module(module) if file is None else _import_file(module, file)
    except ModuleNotFoundError as error:
        name, hint = error.name or "", "name another interpreter with --python PATH"
        is_named = f"{module}.".startswith(f"{name}.")
        where = "it is looked for in its folder and there:" if is_named else "install it there, or"
        hint = f"{where} {hint}"
        if name.startswith(_LANGCHAIN) and not versions():
            hint = f"LangChain is not installed there: {hint}"
        missing = module if is_named else name
        raise UnusableError(f"No module named {missing!r} in {sys.executable}", hint) from error
    except SyntaxError as error:
        message = f"{error.filename}, line {error.lineno}: {error.msg}"
        hint = f"mend it for Python {platform.python_version()}, which {sys.executable} is"
        raise UnusableError(message, hint) from error
    for part in attribute.split("."):
        if not hasattr(found, part):
            public = [name for name in dir(found) if not name.startswith("_")]
            near = get_close_matches(part, public, n=5, cutoff=0.3) or public[:5] or ["nothing"]
            message = f"{file or module} has no attribute {attribute!r}"
            raise UnusableError(message, f"there is: {', '.join(near)}")
        found = getattr(found, part)
    return found


def _import_file(name: str, file: str) -> Any:
    """Import it under its name, unless something else has that: `import queue` is Python's."""
    if package := name.rpartition(".")[0]:
        importlib.import_module(package)
    known = sys.modules.get(name)
    if getattr(known, "__file__", None) == file:
        return known
    spec: Any = importlib.util.spec_from_file_location(f"{name}_" if known else name, file)
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


async def _run(agent: Any, request: dict[str, Any], talk: socket.socket) -> None:
    """Run the agent to its end, so that its models stream."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def cancel() -> None:
        loop.remove_reader(talk)
        task.cancel()  # type: ignore[union-attr]

    loop.add_reader(talk, cancel)
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, cancel)
    runnable = await _runnable(agent, request["name"])
    made = input_of(runnable, request["name"], request["question"])
    # A graph with a checkpointer of its own asks for a thread, one with a context for its defaults.
    config: dict[str, Any] = {"configurable": {"thread_id": request["run_id"]}}
    config.update(run_name=request["name"], run_id=uuid.UUID(request["run_id"]))
    config["callbacks"] = _streaming()
    more: Any = {"context": {}} if getattr(runnable, "context_schema", None) else {}
    _say(talk, began=time.time_ns() // 1000)
    if _LOSES_CONTEXT and not needs_loop(runnable):
        await loop.run_in_executor(None, lambda: list(runnable.stream(made, config, **more)))
    else:
        async for _ in runnable.astream(made, config, **more):
            pass
    loop.remove_reader(talk)


def _streaming() -> list[Any]:
    """What makes models stream where the observer cannot: before langchain-core 0.3."""
    if metadata.version("langchain-core") >= "0.3":
        return []
    log: Any = importlib.import_module("langchain_core.tracers.log_stream")
    return [log.LogStreamCallbackHandler(auto_close=False, include_types=["none"])]


def needs_loop(agent: Any) -> bool:
    """Whether there is a function in an agent, in any part of it, that is asynchronous alone."""
    parts, seen = [agent], {}
    while parts:
        part = parts.pop()
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, (dict, list, tuple)):
            parts.extend(part.values() if isinstance(part, dict) else part)
        elif type(part).__module__.startswith(_LANGCHAIN):
            function = getattr(part, "afunc", None) or getattr(part, "coroutine", None)
            if function is not None and getattr(part, "func", None) is None:
                return True
            parts.append(getattr(part, "__dict__", {}))
    return False


async def _runnable(found: Any, name: str) -> Any:
    found = called(found, name, {}, f"it gets none in an interpreter of its own: {_BRING}")
    found = compiled(await found if inspect.isawaitable(found) else found)
    if not is_a(found, "Runnable"):
        raise UnusableError(f"the agent {name} is {found!r:.80}, which cannot be run here", _BRING)
    return found


def called(found: Any, name: str, offered: Mapping[str, Callable[[], Any]], hint: str) -> Any:
    """What stands at the name of an agent; if that is a factory, what it makes.

    It gets what it asks for by name among what is `offered`. Raises UnusableError, with this hint,
    where it must be given anything else.
    """
    if not callable(found) or is_a(found, "Runnable"):
        return found
    parameters = inspect.signature(found).parameters
    for each in filter(is_required, parameters.values()):
        if each.name not in offered:
            raise UnusableError(f"the agent {name} wants an argument called {each.name!r}", hint)
    return found(**{each: offered[each]() for each in parameters if each in offered})


def compiled(found: Any) -> Any:
    """The graph where it is a builder of one, as older versions call it too."""
    return found.compile() if is_a(found, "StateGraph", "Graph") else found


def is_a(found: Any, *names: str) -> bool:
    """Whether it is of a class that is called so, wherever that is from."""
    return any(kind.__name__ in names for kind in type(found).__mro__)


def is_required(parameter: inspect.Parameter) -> bool:
    """Whether a function must be given it."""
    variadic = parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return parameter.default is parameter.empty and not variadic


def input_of(runnable: Any, name: str, question: str) -> Any:
    """The question in the form that an agent takes: a message, a text, or under a key.

    Raises UnusableError where it is not clear under which.
    """
    keys, required = _input_keys(runnable)
    if "messages" in keys or "__root__" in keys:
        messages = [importlib.import_module("langchain_core.messages").HumanMessage(question)]
        return {"messages": messages} if "messages" in keys else messages
    if not keys:
        return question
    known = [key for key in _QUESTION_KEYS if key in keys]
    candidates = known[:1] or required or keys
    if len(candidates) != 1:
        wanted = f"the agent {name} wants {', '.join(keys)}"
        hint = "give it a messages key, or one called input or question"
        raise UnusableError(f"{wanted}, and it is not clear which is the question", hint)
    return {candidates[0]: question}


def _input_keys(runnable: Any) -> tuple[list[str], list[str]]:
    """The keys of the input, and those that it must have; none where it is not a mapping."""
    builder = getattr(_entrance(runnable), "builder", None)
    if builder is not None:
        return _state_keys(builder), []
    is_old = not hasattr(runnable, "get_input_jsonschema")  # langchain-core before 0.3
    try:
        schema = runnable.get_input_schema().schema() if is_old else runnable.get_input_jsonschema()
    except Exception:  # Pydantic's own: a type that it cannot describe
        return [], []
    schema = schema.get("$defs", {}).get(schema.get("$ref", "").rpartition("/")[2], schema)
    # An executor does not say what it wants; the agents made for one all want an input.
    unsaid = ["input"] if schema.get("type") == "object" else []
    return list(schema.get("properties") or unsaid), schema.get("required", [])


def _entrance(runnable: Any) -> Any:
    """Where the input goes first."""
    runnable = unbound(runnable)
    return _entrance(runnable.first) if is_a(runnable, "RunnableSequence") else runnable


def unbound(runnable: Any) -> Any:
    """What `with_config`, `with_retry` and `bind` wrap, which passes on all that it streams."""
    while is_a(runnable, "RunnableBindingBase"):
        runnable = runnable.bound
    return runnable


def _state_keys(builder: Any) -> list[str]:
    """Asking a graph for its JSON schema fails on states that Pydantic cannot describe."""
    # As LangGraph 1, 0.2 and 0.1 call it.
    schemas = [getattr(builder, name, None) for name in ("input_schema", "input", "schema")]
    try:
        keys = list(get_type_hints(next(filter(None, schemas))))
    except Exception:  # of no class: a list of messages, or of names that are not there
        keys = list(getattr(builder, "channels", ()))
    return keys or ["messages"]


def _leave(code: int) -> NoReturn:
    atexit._run_exitfuncs()  # noqa: SLF001 - os._exit runs none, and waits for no thread
    sys.stdout.flush()
    os._exit(code)


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    _leave(main(int(sys.argv[1])))
