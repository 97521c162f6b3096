"""What LangChain's callbacks say of one run: its streams leave out calls, parents or failures."""

from __future__ import annotations

import asyncio
import copy
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from catagent.errors import CatagentError
from catagent.events.types import Message, WarningData
from catagent.sources.base import AgentRun, AgentShape, to_nobody
from catagent.sources.budget import Bounds
from catagent.sources.calls import Calls
from catagent.sources.kinds import is_ai, is_message
from catagent.sources.message_checks import WrittenArgs, check_message, is_whole, warnings_for
from catagent.sources.messages import usage_of
from catagent.sources.nodes import NodeReader, begins_with_state, command_of, interrupts_of
from catagent.sources.prompts import Forms, prompt
from catagent.sources.span import RunId, RunTree, Serialized, Span

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage


class Happening(NamedTuple):
    """What happened to a run: `about` is the interrupt, warning or call that is meant."""

    what: Literal["start", "end", "interrupt", "warning", "action", "observation"]
    span: Span
    about: Any = None


class Tracker(RunTree):
    """Keeps the tree of a run's spans and what happened in it, called as a handler of LangChain's.

    `says_tools` is false where the API of the mode is silent on tools that start, `says_root` where
    there are callbacks alone: no chunks of the root's.
    """

    says_root = False

    def __init__(self, run: AgentRun) -> None:
        super().__init__(run.clock)
        self.happened: deque[Happening] = deque()
        self.says_tools = True
        self.on_custom: Callable[[Span | None, str, Any], None] = to_nobody
        self.calls, self.forms = Calls(), Forms()
        self.bounds = Bounds(run.max_steps, run.budget, run.cancel)
        self._is_executor = False
        self.nodes = NodeReader(self.calls)
        self._written: defaultdict[RunId, WrittenArgs] = defaultdict(WrittenArgs)
        self._waiting: list[Span] = []

    @property
    def is_interrupted(self) -> bool:
        """Whether a graph waits for a person. What a node or tool around it dealt with is over."""
        waiting = ((span, *self.steps_around(span)) for span in self._waiting)
        return any(all(map(_waits, each)) for each in waiting)

    @property
    def shape(self) -> AgentShape:
        """What the agent is, by what it did."""
        if self._is_executor:
            return "executor"
        is_graph = any(span.is_node and len(span.parent_ids) == 1 for span in self.spans.values())
        return "graph" if is_graph else "other"

    @property
    def output(self) -> Any:
        """What the run came to; of a chain that ends in a graph, its state, not its last update."""
        output, node = None if self.root is None else self.root.output, self.nodes.last_node
        if node is not None and isinstance(output, dict) and list(output) == [node.node]:
            return self.spans[node.parent_ids[-1]].output
        return output

    def _begin(self, kind: str, serialized: Serialized, about: dict[str, Any]) -> Span:
        span = self.add(kind, serialized, about)
        self.bounds.begin(span)
        return span

    def close_open(self) -> None:
        """End the calls that the run has ended without: those in threads that nobody waits for."""
        for span in list(self.spans.values()):
            if span.ended is None and span.is_call:
                self._close(span, error=asyncio.CancelledError())

    def on_chain_start(self, serialized: Serialized, inputs: Any, **about: Any) -> None:
        """A chain, prompt or parser began."""
        span = self._begin("chain", serialized, about)
        if span.is_node or span is self.root:
            self.nodes.begin(inputs)
        if getattr(inputs, "resume", None) is not None:
            self._waiting.clear()  # whoever runs the graph has an answer
        parent = self.spans.get(str(about.get("parent_run_id")))
        span.begins_with_state = begins_with_state(span, parent, inputs)
        span.state = inputs if span.begins_with_state else None

    def on_retriever_start(self, serialized: Serialized, query: str, **about: Any) -> None:
        """A retriever began."""
        self._begin("retriever", serialized, about)

    def on_retriever_end(self, documents: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """A retriever ended."""
        self._end(run_id, output=documents)

    def on_retriever_error(self, error: BaseException, *, run_id: RunId, **kwargs: Any) -> None:
        """A retriever raised."""
        self._end(run_id, error=error)

    def on_chat_model_start(
        self, serialized: Serialized, messages: list[list[BaseMessage]], **about: Any
    ) -> None:
        """A chat model began."""
        sent = [self.forms.of(message) for message in (messages[0] if messages else ())]
        self._begin_llm("chat_model", sent, serialized, about)

    def on_llm_start(self, serialized: Serialized, prompts: list[str], **about: Any) -> None:
        """A text-completion model began."""
        self._begin_llm("llm", list(map(prompt, prompts)), serialized, about)

    def _begin_llm(
        self, kind: str, sent: list[Message], serialized: Serialized, about: dict[str, Any]
    ) -> Span:
        span = self._begin(kind, serialized, about)
        params = about.get("invocation_params") or {}
        metadata = about.get("metadata") or {}
        model = params.get("model") or params.get("model_name") or metadata.get("ls_model_name")
        span.model = str(model or span.name)
        span.provider = str(metadata.get("ls_provider") or "")
        span.sent, span.parameters = sent, params
        self.bounds.ask(span, self.steps_around(span))
        self.llms.append(span)
        self.happened.append(Happening("start", span))
        return span

    def on_llm_new_token(self, token: Any, *, run_id: RunId, chunk: Any = None, **_: Any) -> None:
        """A model streams: keep the arguments that it writes, as it writes them."""
        written = self._written[run_id]
        if pieces := getattr(getattr(chunk, "message", None), "tool_call_chunks", None):
            written.add(pieces)

    def on_llm_end(self, response: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """A model ended: see that its message is whole, and that its agent may go on."""
        span = self._end(run_id)
        generation = response.generations[0][0] if response.generations[0] else None
        if span is None or generation is None:
            return
        message = getattr(generation, "message", None)
        if is_message(message):
            # As the model wrote it: its agent may put a name on it before it is reported.
            span.message = copy.copy(message)
        span.output = generation.text if span.message is None else span.message
        if (warning := self.bounds.budget.add(span, usage_of(span.message))) is not None:
            self.happened.append(Happening("warning", span, warning))
        streamed = self._written.pop(run_id, None)
        if is_ai(span.message):
            self.calls.wrote(span, span.message, streamed or WrittenArgs())
            self._check(span, span.message, streamed)
        elif span.message is None:  # of a text-completion model
            self._check(span, _empty(generation.generation_info or {}), None)

    def _check(self, span: Span, message: AIMessage, streamed: WrittenArgs | None) -> None:
        span.is_cut_short = not is_whole(message)
        for warning in warnings_for(message, span.name):
            self.happened.append(Happening("warning", span, warning))
        error = check_message(message, span.name, streamed, span.provider)
        over = self.bounds.over_limit(span) if message.tool_calls else None
        span.error = error or over
        if error is not None:
            self._broken(span, error)
        self.bounds.end(over)

    def _broken(self, span: Span, error: CatagentError) -> None:
        data = WarningData(code="broken_message", message=str(error), hint=error.hint)
        self.happened.append(Happening("warning", span, data))

    def on_llm_error(
        self, error: BaseException, *, run_id: RunId, response: Any = None, **kwargs: Any
    ) -> None:
        """A model failed, or its reader stopped reading. `response` is what came before that."""
        written = response.generations[0] if response and response.generations else None
        part = written[0] if written else None
        self._end(run_id, output=getattr(part, "message", None), error=error)

    def on_chain_end(self, outputs: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """A chain ended."""
        self._end_chain(run_id, outputs)

    def on_chain_error(self, error: BaseException, *, run_id: RunId, **kwargs: Any) -> None:
        """A chain failed, or a graph left it, to wait or to go on elsewhere."""
        self._end_chain(run_id, command_of(error), error)

    def _end_chain(self, run_id: RunId, output: Any, error: BaseException | None = None) -> None:
        span = self._end(run_id, output=output, error=error)
        if span is not None and span.is_node and (error is None or output is not None):
            self.nodes.end(span, output)
            self.happened.append(Happening("end", span))
            for call, message, _ in span.facts:
                if is_ai(message) and call.author is not None:
                    self.bounds.count(call.author)

    def on_agent_action(self, action: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """The executor is about to run a tool, in this very task or thread."""
        executor = self.spans.get(str(run_id))
        if executor is None:
            return
        call = self.calls.acting(action, executor, self.last_llm(executor))
        self._is_executor |= executor is self.root
        if not (self.says_root and executor is self.root):
            call.action = action
            self.happened.append(Happening("action", executor, call))
        if call.author is not None:
            self.bounds.act(call.author)

    def on_tool_start(self, serialized: Serialized, input_str: str, **about: Any) -> None:
        """A tool began."""
        span = self._begin("tool", serialized, about)
        inputs, call_id = about.get("inputs"), about.get("tool_call_id")
        span.tool_input = input_str if inputs is None else inputs
        call = self.calls.started(span, call_id, span.tool_input)
        call.run, span.call, span.opened = span, call, not self.says_tools
        span.call_id = call_id or call.call_id
        span.tool_call_id = span.call_id or span.tool_call_id
        if call.author is not None:
            self.bounds.count(call.author)

    def on_tool_end(self, output: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """A tool ended."""
        span = self._end(run_id, output=output)
        if span is not None and span.call is not None and span.call.action is not None:
            self.happened.append(Happening("observation", span, span.call))

    def on_tool_error(self, error: BaseException, *, run_id: RunId, **kwargs: Any) -> None:
        """A tool raised."""
        self._end(run_id, error=error)

    def on_custom_event(self, name: str, data: Any, *, run_id: RunId, **kwargs: Any) -> None:
        """The agent sent an event of its own."""
        self.on_custom(self.spans.get(str(run_id)), name, data)

    def on_write(self, run_id: str | None, data: Any) -> None:
        """A node or tool wrote to its graph's stream; `run_id` is its run's."""
        self.on_custom(self.spans.get(run_id or ""), "custom", data)

    def _end(
        self, run_id: RunId, *, output: Any = None, error: BaseException | None = None
    ) -> Span | None:
        span = self.spans.get(str(run_id))
        if span is not None:
            self._close(span, output=output, error=error)
        return span

    def _close(self, span: Span, *, output: Any = None, error: BaseException | None = None) -> None:
        span.ended, span.output, span.error = self.clock(), output, error
        span.state = None  # or states of all steps would be kept
        if span.is_call:
            self.happened.append(Happening("end", span))
        self._wait(span, interrupts_of(error))

    def pause(self, run_id: RunId | None, pauses: Iterable[Any]) -> None:
        """Breakpoints keep from beginning what this run was about to run."""
        span = self.spans.get(str(run_id)) or self.root
        if span is not None:
            self._wait(span, pauses)

    def _wait(self, span: Span, interrupts: Iterable[Any]) -> None:
        new = self.nodes.unasked(interrupts)
        self.happened.extend(Happening("interrupt", span, each) for each in new)
        self._waiting += [span] if new else []


def _empty(info: dict[str, Any]) -> Any:
    """A message without words, to be checked: text-completion models have none."""
    return SimpleNamespace(
        response_metadata=info, additional_kwargs={}, tool_calls=[], invalid_tool_calls=[]
    )


def _waits(span: Span) -> bool:
    return not span.is_step or bool(interrupts_of(span.error))
