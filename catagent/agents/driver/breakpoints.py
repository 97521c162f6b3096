"""Where an agent is to stop, as a debugger has it: before tools and nodes that a person named.

A callback of LangChain's that raises as one of them begins keeps it from beginning. LangGraph takes
its own GraphInterrupt for a pause of that task, which it runs again when it goes on.
"""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple


class Pause(NamedTuple):
    """One stop: its `id`, the same when the task is run again, and the value of its interrupt."""

    id: str
    value: dict[str, Any]


class Breakpoints:
    """Stops before the tools and nodes of these `names`, with `step` before each of them.

    `passed` are the ids of the pauses after which a person went on. `say` gets the pauses, and the
    id of the run that was about to run what they are before; in an agent that is no graph it raises
    what ends that.
    """

    def __init__(self, names: Iterable[str], passed: Iterable[str], *, step: bool = False) -> None:
        self._names, self._passed, self._step = frozenset(names), frozenset(passed), step
        self._calls: dict[Any, list[dict[str, Any]]] = {}
        self.say: Callable[[Any, list[Pause]], object] = print

    @classmethod
    def wanted(
        cls, names: Iterable[str], passed: Iterable[str], *, step: bool
    ) -> Breakpoints | None:
        """Those that were asked for, None for none: every callback costs."""
        return cls(names, passed, step=step) if names or step else None

    def before_chain(self, _: Any, given: Any, about: dict[str, Any]) -> list[Pause]:
        """The stop before a graph's node, if it is one, `about` which a callback says this."""
        metadata, name = about.get("metadata") or {}, str(about.get("name"))
        if not metadata.get("langgraph_checkpoint_ns") or metadata.get("langgraph_node") != name:
            return []
        calls = _calls_in(given)
        if len(calls) > 1:
            self._calls[about["run_id"]] = calls
        # One that runs a single tool is not worth a step: the tool is next.
        is_step = self._step and not _is_call(given) and not name.startswith("__")
        is_wanted = is_step or name in self._names
        return self._new([self._pause("node", name, given, about)] if is_wanted else [])

    def before_tool(self, serialized: Any, text: str, about: dict[str, Any]) -> list[Pause]:
        """The stops before a tool, and before the others of its node.

        Those that one node runs at once would lose what came of them if another of them stopped.
        """
        name, given = about.get("name") or (serialized or {}).get("name"), about.get("inputs")
        args = text if given is None else given
        call: dict[str, Any] = {"name": name, "args": args, "id": about.get("tool_call_id")}
        others = self._calls.get(about.get("parent_run_id"), [])
        calls = others if any(_is_same(each, call) for each in others) else [call]
        wanted = (each for each in calls if self._step or each["name"] in self._names)
        pauses = [self._pause("tool", c["name"], c["args"], about, c["id"]) for c in wanted]
        return self._new(pauses)

    def _pause(
        self, kind: str, name: str, given: Any, about: dict[str, Any], call_id: Any = None
    ) -> Pause:
        ns = (about.get("metadata") or {}).get("langgraph_checkpoint_ns")
        # Of a graph's task that is the same when it runs again; nothing else can be gone on with.
        which = call_id or (repr(given) if kind == "tool" else "") if ns else about["run_id"]
        key = hashlib.sha256(f"{ns} {kind} {name} {which}".encode()).hexdigest()[:32]
        said = {"kind": kind, "name": name, "input": given, "tool_call_id": call_id}
        return Pause(key, {"breakpoint": said})

    def _new(self, pauses: list[Pause]) -> list[Pause]:
        return [each for each in pauses if each.id not in self._passed]

    def go_on(self, pause: Pause, *, step: bool) -> None:
        """Pass it: where the agent itself has waited there, which is not run again."""
        self._passed, self._step = self._passed | {pause.id}, step

    def stop(self, pauses: list[Pause], about: dict[str, Any]) -> None:
        """Leave the agent by what LangGraph takes for a pause, if there are any."""
        if not pauses:
            return
        self.say(about.get("parent_run_id"), pauses)
        raise importlib.import_module("langgraph.errors").GraphInterrupt(tuple(map(_kept, pauses)))


def handler_of(stops: Breakpoints) -> Any:
    """The handler of LangChain's that stops there, for a run that no tracker of ours is in."""
    callbacks: Any = importlib.import_module("langchain_core.callbacks")
    module: Any = importlib.import_module(f"{__package__}.callbacks")

    class Stops(module.CalledFirst, callbacks.BaseCallbackHandler):  # type: ignore[misc]
        run_inline = raise_error = True

        def on_chain_start(self, serialized: Any, inputs: Any, **about: Any) -> None:
            stops.stop(stops.before_chain(serialized, inputs, about), about)

        def on_tool_start(self, serialized: Any, text: str, **about: Any) -> None:
            stops.stop(stops.before_tool(serialized, text, about), about)

    module.log_nothing_of(Stops)
    return Stops()


def _kept(pause: Pause) -> Any:
    """What a checkpointer keeps of it: not the input, which it may be unable to."""
    kind: Any = importlib.import_module("langgraph.types").Interrupt
    said = {**pause.value["breakpoint"]}
    del said["input"]
    value = {"breakpoint": said}
    try:
        return kind(value=value, id=pause.id)
    except TypeError:  # before LangGraph 0.6
        return kind(value=value, resumable=True, ns=[pause.id])


def _calls_in(given: Any) -> list[dict[str, Any]]:
    """The tool calls that a node may run: those in the last message of its state."""
    state = given if isinstance(given, dict) else getattr(given, "__dict__", {})
    messages = given if isinstance(given, list) else state.get("messages")
    last = messages[-1] if isinstance(messages, list) and messages else None
    return list(getattr(last, "tool_calls", None) or ())


def _is_same(call: dict[str, Any], other: dict[str, Any]) -> bool:
    keys = ("id",) if other["id"] else ("name", "args")
    return all(call.get(key) == other[key] for key in keys)


def _is_call(given: Any) -> bool:
    """Whether a node's input is a tool call alone, as LangGraph sends it to its `tools`."""
    first = given[0] if isinstance(given, list) and given else given
    kinds = (first.get("type"), first.get("__type")) if isinstance(first, dict) else ()
    return "tool_call" in kinds or "tool_call_with_context" in kinds
