"""What an agent's own chunks say: actions, observations and the answer, for every shape of agent.

A graph's chunk holds the messages that a node adds; an AgentExecutor's holds `actions`, `steps`
or `output`. All three modes read them here, so that all three say the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from langchain_core.messages import AIMessage, BaseMessage, ToolMessage

from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.sources import to_events
from catagent.sources.answers import as_text, final, messages_in
from catagent.sources.base import AgentRun
from catagent.sources.messages import (
    CUT_SHORT,
    finish_reason_of,
    message_of,
    messages_of,
    output_text,
    text_of,
)
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.step_limit import step_limit
from catagent.sources.tracker import Tracker

# What the executor says in the place of an answer when it stopped by itself.
_EXECUTOR_STOPPED = "Agent stopped due to"
_NOT_RUN = frozenset({"invalid_tool", "_Exception"})


class ChunkReader:
    """Reads the chunks of one run, in order; `finish` gives the answer once they are through."""

    def __init__(self, run: AgentRun, tracker: Tracker) -> None:
        self._shape = run.shape
        self._tracker = tracker
        self._max_steps = run.max_steps
        self._seen: set[str] = set()
        # As the graph keeps them: what comes under an id that is there takes its place.
        self._messages: dict[str | int, BaseMessage] = {}
        self._structured: Any = None
        self._output: Any = None
        self._interrupted = False

    def read(self, chunk: Any) -> Iterator[ev.Event]:
        """The actions and observations in a chunk."""
        match self._shape:
            case "graph":
                namespace, updates = _unwrap(chunk)
                for update in updates.values() if isinstance(updates, dict) else ():
                    yield from self._read_update(update, nested=bool(namespace))
                self._interrupted |= isinstance(updates, dict) and "__interrupt__" in updates
            case "executor" if isinstance(chunk, dict):
                yield from self._read_executor(chunk)

    def finish(self) -> Iterator[ev.Event]:
        """The answer, or AgentError for a run that ended without one."""
        answer = self._answer()
        if answer is None:
            raise AgentError(
                "The agent waits for a person's decision, which catagent cannot give."
                if self._interrupted
                else "The agent ended without an answer.",
                hint="try again, or another model",
            )
        if not answer.data.output.strip():
            yield ev.Warned(
                data=ev.WarningData(code="empty_answer", message="The agent's answer is empty.")
            )
        yield answer

    def _read_update(self, update: Any, *, nested: bool) -> Iterator[ev.Event]:
        for part in update if isinstance(update, list | tuple) else [update]:
            if not isinstance(part, dict):
                continue
            if not nested and part.get("structured_response") is not None:
                self._structured = part["structured_response"]
            for message in messages_in(part):
                yield from self._read_message(message, nested=nested)

    def _read_message(self, message: BaseMessage, *, nested: bool) -> Iterator[ev.Event]:
        if not nested and isinstance(message, AIMessage | ToolMessage):
            self._messages[message.id or id(message)] = message
        if message.id in self._seen:
            return
        if message.id is not None:
            self._seen.add(message.id)
        if isinstance(message, AIMessage):
            for call in message.tool_calls:
                yield self._action(call["name"], call["args"], call["id"], [message])
        elif isinstance(message, ToolMessage):
            yield self._tool_message(message)

    def _tool_message(self, message: ToolMessage) -> ev.Observation:
        call_id, name = message.tool_call_id, message.name
        tool = self._tracker.tool(call_id, message)
        data = ev.ObservationData(
            tool=name or (tool.name if tool else ""),
            status=message.status,
            output=text_of(message.content),
            tool_call_id=call_id,
            messages=[message_of(message)],
        )
        return self._observation(data, tool)

    def _read_executor(self, chunk: dict[str, Any]) -> Iterator[ev.Event]:
        messages = chunk.get("messages") or []
        for action in chunk.get("actions") or ():
            call_id = getattr(action, "tool_call_id", None)
            yield self._action(action.tool, action.tool_input, call_id, messages)
        for step in chunk.get("steps") or ():
            yield self._step(step, messages)
        if not ("actions" in chunk or "steps" in chunk):
            self._output = chunk

    def _step(self, step: Any, messages: Any) -> ev.Observation:
        call_id = getattr(step.action, "tool_call_id", None)
        tool = self._tracker.tool(call_id, step.observation)
        data = ev.ObservationData(
            tool=step.action.tool,
            status="error" if tool is not None and tool.name in _NOT_RUN else "success",
            output=output_text(step.observation),
            tool_call_id=call_id,
            messages=messages_of(messages),
        )
        return self._observation(data, tool)

    def _action(self, tool: str, args: Any, call_id: str | None, messages: Any) -> ev.Action:
        first = messages[0] if messages else None
        span = self._tracker.decisions.decider(call_id, first) or self._last_llm()
        data = ev.ActionData(
            tool=tool, tool_input=plain(args), tool_call_id=call_id, messages=messages_of(messages)
        )
        if span is None:
            return ev.Action(name=tool, data=data)
        if self._shape == "graph":
            # A tool that is not there never starts; the executor reports each action by itself.
            self._tracker.decisions.count(span)
        return ev.Action(data=data, **{**to_events.envelope(span), "name": tool})

    def _observation(self, data: ev.ObservationData, tool: Span | None) -> ev.Observation:
        envelope = to_events.envelope(tool) if tool else self._beside(data.tool_call_id)
        return ev.Observation(data=data, **{**envelope, "name": data.tool})

    def _beside(self, call_id: str | None) -> dict[str, Any]:
        """Where a tool that never ran would have been: under its agent."""
        llm = self._tracker.decisions.decider(call_id)
        return {"tool_call_id": call_id, "parent_ids": llm.parent_ids if llm else []}

    def _answer(self) -> ev.Answer | None:
        match self._shape:
            case "graph":
                return self._graph_answer()
            case "executor":
                return self._executor_answer()
            case _:
                return self._plain_answer()

    def _plain_answer(self) -> ev.Answer | None:
        if self._tracker.root is None:
            return None
        found = final(self._tracker.root.output)
        return self._as_answer(as_text(found), found if isinstance(found, BaseMessage) else None)

    def _graph_answer(self) -> ev.Answer | None:
        root = self._tracker.root
        found = None if root is None or self._interrupted else final(root.output)
        seen = next(reversed(self._messages.values()), None)
        last = found if isinstance(found, BaseMessage) else seen
        if self._structured is not None:
            return self._as_answer(as_text(self._structured), last, [])
        if isinstance(last, AIMessage) and last.tool_calls:
            return None
        whole = found if last is None else last
        return None if whole is None else self._as_answer(as_text(whole), last)

    def _executor_answer(self) -> ev.Answer | None:
        # astream_events drops the last chunk of an executor that answers at once.
        output = self._output or (self._tracker.root.output if self._tracker.root else None)
        if not isinstance(output, dict):
            return None
        values = {key: value for key, value in output.items() if key != "messages"}
        text = as_text(values.get("output", values))
        if text.startswith(_EXECUTOR_STOPPED) and not self._written_by_model(text):
            raise step_limit(self._max_steps)
        return self._as_answer(text, None, messages_of(output.get("messages") or []))

    def _written_by_model(self, text: str) -> bool:
        written = self._last_llm()
        message = written.message if written else None
        return message is not None and text_of(message.content) == text

    def _last_llm(self) -> Span | None:
        root = self._tracker.root
        own = (span for span in reversed(self._tracker.llms) if root and span.scope == root.scope)
        return next(own, None)

    def _as_answer(
        self, text: str, message: BaseMessage | None, messages: list[ev.Message] | None = None
    ) -> ev.Answer:
        span = self._tracker.decisions.decider(None, message) if message else self._last_llm()
        author = message or (span.message if span else None)
        complete = author is None or finish_reason_of(author) not in CUT_SHORT
        if messages is None:
            messages = messages_of(message)
        data = ev.AnswerData(output=text, complete=complete, messages=messages)
        where = span or self._tracker.root
        return ev.Answer(data=data, **(to_events.envelope(where) if where else {}))


def _unwrap(chunk: Any) -> tuple[tuple[str, ...], Any]:
    """Namespace and node updates of a graph's chunk, in each of the forms that it comes in."""
    if isinstance(chunk, tuple):
        return chunk[0], chunk[-1]
    if isinstance(chunk, dict) and chunk.keys() >= {"type", "ns", "data"}:
        return chunk["ns"], chunk["data"] if chunk["type"] == "updates" else None
    return (), chunk
