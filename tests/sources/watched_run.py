"""Two runs of stand-ins for LangChain's objects, in a process without it: their events on stdout.

Run by `test_without_langchain.py`. stderr has what was imported that a viewer must not need.
"""

from __future__ import annotations

import copy
import math
import sys
from collections.abc import Iterator
from itertools import count
from types import SimpleNamespace
from typing import Any

from catagent.events.codec import encode
from catagent.events.types import Event
from catagent.sources.agent_events import custom_event
from catagent.sources.base import AgentRun
from catagent.sources.tracker import Tracker
from catagent.sources.translation import EventReader, Translation

HEAVY = ("langchain_core", "langgraph", "langsmith", "pydantic", "pydantic_core", "httpx")


class BaseMessage:
    """What LangChain's messages have, with its defaults."""

    def __init__(self, content: Any, **fields: Any) -> None:
        self.content, self.name, self.id = content, None, None
        self.additional_kwargs: dict[str, Any] = {}
        self.response_metadata: dict[str, Any] = {}
        self.__dict__.update(fields)


class AIMessage(BaseMessage):
    """A model's, or a chunk of it."""

    type = "ai"

    def __init__(self, content: Any, **fields: Any) -> None:
        none: dict[str, Any] = {"tool_calls": [], "invalid_tool_calls": [], "usage_metadata": None}
        super().__init__(content, **{**none, "tool_call_chunks": [], **fields})


class HumanMessage(BaseMessage):
    """A person's."""

    type = "human"


class ToolMessage(BaseMessage):
    """A tool's."""

    type, status, artifact, tool_call_id = "tool", "success", None, "c1"


for kind in (BaseMessage, AIMessage, HumanMessage, ToolMessage):
    kind.__module__ = "langchain_core.messages"

QUESTION = HumanMessage([{"type": "text", "text": "where?"}, {"type": "image", "url": "cat.png"}])
CALL = {"name": "find", "args": {"a": 1}, "id": "c1"}
DECISION = AIMessage("", id="m1", tool_calls=[CALL], usage_metadata={"total_tokens": 3})
SEARCH = {"type": "server_tool_use", "id": "s1", "name": "web", "input": {}, "index": 0}
ANSWER = AIMessage(
    [SEARCH, {"type": "text", "text": "on the sofa"}], id="m2", response_metadata={"model": "x"}
)


class Program:
    """Calls the tracker as LangChain would; what became of that is `events`."""

    def __init__(self) -> None:
        eighths = count()
        nobody: Any = None
        self.run = AgentRun(nobody, "", None, max_steps=math.inf, clock=lambda: next(eighths) / 8)
        self.tracker = Tracker(self.run)
        self.translation = Translation(self.run, self.tracker)
        self.reader = EventReader(self.translation)
        self.events: list[Event] = []
        self.tracker.on_custom = lambda *about: self.events.append(custom_event(*about))

    def begin(self, kind: str, run: str, parent: str | None, given: Any, **about: Any) -> None:
        about = {"name": run, "run_id": run, "parent_run_id": parent, **about}
        getattr(self.tracker, f"on_{kind}_start")({}, given, **about)
        self.say(f"on_{kind}_start", run, input=given)

    def stream(self, run: str, chunk: BaseMessage) -> None:
        self.tracker.on_llm_new_token("", run_id=run, chunk=SimpleNamespace(message=chunk))
        self.say("on_chat_model_stream", run, chunk=chunk)

    def end(self, kind: str, run: str, output: Any) -> None:
        getattr(self.tracker, f"on_{kind}_end")(output, run_id=run)
        self.say(f"on_{kind}_end", run, output=output)

    def answer(self, run: str, message: BaseMessage) -> None:
        made = SimpleNamespace(generations=[[SimpleNamespace(message=copy.copy(message))]])
        self.tracker.on_llm_end(made, run_id=run)
        self.say("on_chat_model_end", run)

    def say(self, event: str, run: str, **data: Any) -> None:
        for events in self.reader({"event": event, "run_id": run, "data": data}):
            self.events += events

    def finish(self) -> Iterator[Event]:
        yield from self.events
        yield from self.translation.unsaid()
        yield from self.translation.chunks.finish()


def node(number: int, name: str) -> dict[str, Any]:
    return {"langgraph_checkpoint_ns": f"{name}:{number}", "langgraph_node": name}


def graph() -> Iterator[Event]:
    """A model calls a tool, inside of which another is asked, and answers."""
    program = Program()
    program.begin("chain", "graph", None, {"messages": [QUESTION]})
    program.begin("chain", "agent", "graph", {"messages": [QUESTION]}, metadata=node(1, "agent"))
    program.begin("chat_model", "model", "agent", [[QUESTION]], metadata=node(1, "agent"))
    for args in ('{"a"', ": 1}"):
        piece = {"name": "find" if "{" in args else None, "args": args, "id": "c1", "index": 0}
        program.stream("model", AIMessage("", tool_call_chunks=[piece]))
    program.answer("model", DECISION)
    program.end("chain", "agent", {"messages": [DECISION]})
    program.begin("chain", "tools", "graph", DECISION, metadata=node(2, "tools"))
    program.begin("tool", "find", "tools", "{}", inputs={"a": 1}, tool_call_id="c1")
    program.begin("chat_model", "inner", "find", [[QUESTION]])
    program.tracker.on_custom_event("half", 50, run_id="find")
    program.stream("inner", AIMessage("sofa"))
    program.answer("inner", AIMessage("sofa", response_metadata={"finish_reason": "error"}))
    seen = ToolMessage("sofa", id="m3")
    program.end("tool", "find", seen)
    program.end("chain", "tools", {"messages": [seen]})
    program.begin("chain", "agent 2", "graph", {"messages": [seen]}, metadata=node(3, "agent"))
    program.begin("chat_model", "model 2", "agent 2", [[QUESTION, DECISION, seen]])
    program.stream("model 2", AIMessage([{**SEARCH, "input": {}}]))
    program.stream("model 2", AIMessage([{"type": "text", "text": "on the sofa", "index": 1}]))
    program.answer("model 2", ANSWER)
    program.end("chain", "agent 2", {"messages": [ANSWER]})
    program.end("chain", "graph", {"messages": [QUESTION, DECISION, seen, ANSWER]})
    return program.finish()


def executor() -> Iterator[Event]:
    """An executor, which is the root, runs two tools at once, and answers."""
    program = Program()
    program.begin("chain", "executor", None, {"input": "?"})
    for tool in ("x", "y"):
        action = SimpleNamespace(tool=tool, tool_input=tool, messages=[DECISION], answered=list)
        program.tracker.on_agent_action(action, run_id="executor")
    for tool in ("y", "x"):
        program.begin("tool", tool, "executor", tool)
        program.end("tool", tool, tool.upper())
    program.end("chain", "executor", {"output": "done"})
    return program.finish()


if __name__ == "__main__":
    for event in (*graph(), *executor()):
        sys.stdout.buffer.write(encode(event))
    sys.stderr.write(str([name for name in HEAVY if name in sys.modules]))
