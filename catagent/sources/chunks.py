"""What an agent's own chunks say, in all three modes: actions, observations, and the answer.

A graph's chunk holds what a node adds, which the tracker has read already; an AgentExecutor's holds
`actions`, `steps` or `output`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import msgspec

from catagent.errors import AgentError
from catagent.events import types as ev
from catagent.failures.limits import author_limit
from catagent.sources.agent_events import AgentEvents
from catagent.sources.base import AgentRun
from catagent.sources.calls import Call
from catagent.sources.content import answered, exactly, joined, pieces_of
from catagent.sources.kinds import is_ai, is_message, is_tool_message, langchain
from catagent.sources.message_checks import is_whole
from catagent.sources.messages import has_raw_call, output_text, plain_content, tool_content
from catagent.sources.nodes import MESSAGES_KEY, coerced, items_of
from catagent.sources.span import Span
from catagent.sources.to_events import envelope
from catagent.sources.tracker import Tracker

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage


_NOT_RUN = frozenset({"invalid_tool", "_Exception"})


class ChunkReader:
    """Reads the chunks of one run, in order; `finish` gives the answer once they are through.

    `stopped` is None, or the nodes, as far as they were said, before which a graph was compiled to.
    """

    def __init__(self, run: AgentRun, tracker: Tracker, make: AgentEvents) -> None:
        self._run = run
        self._tracker = tracker
        self._make = make
        self._output: Any = None
        self.stopped: list[str] | None = None

    def read(self, chunk: Any) -> Iterator[ev.Event]:
        """The actions and observations in an executor's chunk."""
        if self._run.shape == "executor" and isinstance(chunk, dict):
            yield from self._read_executor(chunk)
        elif updates_in(chunk).get("__interrupt__") == ():
            self.stopped = []

    def _read_executor(self, chunk: dict[str, Any]) -> Iterator[ev.Event]:
        executor, messages = self._tracker.root, _messages(chunk.get("messages"))
        if executor is None:
            return
        acting, author = self._tracker.calls.acting, self._tracker.last_llm(executor)
        for action in chunk.get("actions") or ():
            yield from self._make.action(acting(action, executor, author), messages, executor)
        for step in chunk.get("steps") or ():
            call = acting(step.action, executor, author)
            yield self._step(call, step.action.tool, step.observation, messages)
        if not ("actions" in chunk or "steps" in chunk):
            self._output = chunk

    def decided(self, executor: Span, call: Call) -> Iterator[ev.Action]:
        """An executor inside of another agent decided on a call: there are no chunks of it."""
        messages = _messages(getattr(call.action, "messages", ()))
        return self._make.action(call, messages, executor)

    def observed(self, tool: Span, call: Call) -> ev.Observation:
        """Such an executor observes what its tool returned."""
        action = call.action
        if hasattr(action, "answered"):  # it stands in for one of another program's
            messages = action.answered(output_text(tool.output))
        else:
            step = langchain("agents").AgentStep(action=action, observation=tool.output)
            messages = step.messages
        return self._step(call, action.tool, tool.output, _messages(messages))

    def _step(
        self, call: Call, tool: str, observation: Any, messages: Sequence[BaseMessage]
    ) -> ev.Observation:
        self._tracker.calls.close(call)
        not_run = call.run is not None and call.run.name in _NOT_RUN
        status: ev.ToolStatus = "error" if not_run else "success"
        output, content = output_text(observation), tool_content(observation)
        data = ev.ObservationData(tool=tool, status=status, output=output, content=content)
        data.tool_call_id = call.call_id
        return self._make.observation(call, data, messages)

    def finish(self) -> Iterator[ev.Event]:
        """The answer, or AgentError for a run that ended without one; nothing where it waits."""
        root, outcome = self._tracker.root, self._run.outcome
        if self.stopped is not None and not self._tracker.is_interrupted:
            # One that was compiled to stop before or after a node says no more than that.
            data = ev.InterruptData(id="", node=", ".join(self.stopped or _next_nodes(self._run)))
            yield ev.Interrupt(data=data, **envelope(root))
        outcome.interrupted = self.stopped is not None or self._tracker.is_interrupted
        outcome.state = self._make.state(root.output if root is not None else None)
        if not outcome.interrupted:
            yield from self._finish()

    def _finish(self) -> Iterator[ev.Event]:
        answer = self._answer()
        if answer is None:
            raise AgentError(
                "The agent ended without an answer.", hint="try again, or another model"
            )
        if not answer.data.output.strip():
            data = ev.WarningData(code="empty_answer", message="The agent's answer is empty.")
            yield ev.Warned(data=data)
        yield answer

    def _answer(self) -> ev.Answer | None:
        if (root := self._tracker.root) is None:
            return None
        match self._run.shape or self._tracker.shape:
            case "graph":
                return self._graph_answer(root.output)
            case "executor":
                # astream_events drops the last chunk of an executor that answers at once.
                return self._executor_answer(self._output or root.output)
        found = final(self._tracker.output, self._tracker.nodes.written_last)
        return self._as_answer(as_text(found), found if is_message(found) else None)

    def _graph_answer(self, output: Any) -> ev.Answer | None:
        found = final(output, self._tracker.nodes.written_last)
        last = found if is_message(found) else self._tracker.nodes.last
        structured = output.get("structured_response") if isinstance(output, dict) else None
        if structured is not None:
            return self._as_answer(as_text(structured), last, [])
        if is_ai(last) and has_raw_call(last):
            return None
        whole = found if last is None else last
        if whole is None and output is not None:  # a state that has nothing but the question
            return None
        return self._as_answer(as_text(whole), last)

    def _executor_answer(self, output: Any) -> ev.Answer | None:
        if not isinstance(output, dict):
            return None
        values = {key: value for key, value in output.items() if key != "messages"}
        text = as_text(values.get("output", values))
        return self._as_answer(text, None, _messages(output.get("messages")))

    def _written_by_model(self, text: str) -> bool:
        written = self._tracker.last_llm()
        message = written.message if written else None
        return message is not None and joined(pieces_of(message)) == text

    def _as_answer(
        self, text: str, message: BaseMessage | None, messages: list[BaseMessage] | None = None
    ) -> ev.Answer:
        if (limit := author_limit(text)) is not None and not self._written_by_model(text):
            raise limit
        span = self._tracker.calls.author(message) if message else self._tracker.last_llm()
        is_cut_short = not is_whole(message) if message else span is not None and span.is_cut_short
        if messages is None:
            messages = _messages(message)
        where = span or self._tracker.root
        return self._make.answer(text, not is_cut_short, messages, where)


def _messages(found: Any) -> list[BaseMessage]:
    several = found if isinstance(found, list | tuple) else [found]
    return list(filter(is_message, several))


def updates_in(chunk: Any) -> dict[str, Any]:
    """The updates by node in a graph's chunk, in each of the forms that it comes in."""
    updates = chunk[-1] if isinstance(chunk, tuple) else chunk
    if isinstance(updates, dict) and updates.keys() >= {"type", "ns", "data"}:
        updates = updates["data"]
    return updates if isinstance(updates, dict) else {}


def _next_nodes(run: AgentRun) -> list[str]:
    """The nodes that a graph would go on with, as its checkpointer has them."""
    graph: Any = run.runnable
    try:
        return list(graph.get_state(run.config).next)
    except Exception:  # a stranger's checkpointer, which may not know a way but an asynchronous one
        return []


# Where graphs, chains and executors put it, best first.
_ANSWER_KEYS = ("answer", "output")


def final(output: Any, written_last: Collection[str] = ()) -> Any:
    """The last message in the output, what stands under a key for answers, or what came last.

    `written_last` are the keys that the last nodes of the outermost graph wrote. All of the output
    where nothing tells more; None where it has nothing but the question.
    """
    if not isinstance(output, dict):
        return _said_in([output]) or output
    values = {key: value for key, value in output.items() if key != MESSAGES_KEY}
    named = next((values[key] for key in _ANSWER_KEYS if values.get(key) is not None), None)
    made = map(coerced, items_of(output.get(MESSAGES_KEY)))
    last = next(reversed([message for message in made if message is not None]), None)
    # An executor that gives up says so in its output, beside a message that is empty.
    if (is_ai(last) or is_tool_message(last)) and (last.content or named is None):
        return last
    found = _written({key: values[key] for key in values if key in written_last})
    several = (named, found, _said_in(values.values()), values or None)
    return next((each for each in several if each is not None), None)


def _written(values: dict[str, Any]) -> Any:
    """What the last nodes came to: a message, one value alone, or all but flags and messages."""
    if (said := _said_in(values.values())) is not None:
        return said
    is_flag = (bool, type(None))
    kept = {k: v for k, v in values.items() if not (isinstance(v, is_flag) or _messages(v))}
    return next(iter(kept.values())) if len(kept) == 1 else kept or None


def _said_in(values: Iterable[Any]) -> AIMessage | None:
    """What a model said last in a message, or in a list of them, that has another name."""
    ends = (value[-1] if isinstance(value, list) and value else value for value in values)
    made = (coerced(end) for end in ends if is_message(end) or isinstance(end, dict))
    return next((end for end in made if is_ai(end) and not end.tool_calls), None)


def as_text(output: Any) -> str:
    """An answer of any kind as text: that of a message, text as it is, else JSON."""
    if is_message(output):
        return answered(pieces_of(output))
    if isinstance(output, str) or output is None:
        return exactly(output or "")
    return msgspec.json.encode(plain_content(output)).decode()
