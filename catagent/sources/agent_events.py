"""What an agent and its graphs do, as our events: actions, observations, updates, interrupts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.sources.calls import Call
from catagent.sources.kinds import is_message, is_tool_message
from catagent.sources.messages import output_text
from catagent.sources.nodes import updates_of
from catagent.sources.plain import plain
from catagent.sources.span import Span
from catagent.sources.to_events import EventMaker, envelope

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage, ToolMessage


class AgentEvents(EventMaker):
    """Makes these as well for one run; each call is decided on once, whoever says so first."""

    def node_ended(self, span: Span) -> Iterator[ev.Event]:
        """What a node of a graph decided, what it was answered, and what it changed."""
        span.closed = True
        for call, message, args in span.facts:
            if is_tool_message(message):
                yield self.answered(call, message)
            else:
                yield self._action(call, args, [message], span)
        span.facts = []
        parts = [self.known.data(part) for part in updates_of(span.output)]
        changes = parts[0] if len(parts) == 1 else parts or None
        data = ev.UpdateData(node=span.node, changes=changes, duration_s=self.duration(span))
        data.agent = self.tracker.agent_of(span) or UNSET
        yield ev.Update(data=data, **{**envelope(span), "name": span.node})

    def action(
        self, call: Call, messages: Sequence[BaseMessage], where: Span
    ) -> Iterator[ev.Action]:
        """An executor at `where` decided on a call. Nothing if that was said."""
        if not call.acted:
            yield self._action(call, call.args, messages, where)

    def _action(
        self, call: Call, args: Any, messages: Sequence[BaseMessage], where: Span
    ) -> ev.Action:
        call.acted = call.reported = True
        data = ev.ActionData(
            tool=call.tool,
            tool_input=plain(args),
            tool_call_id=call.call_id,
            messages=[self.known.whole(message) for message in messages],
        )
        return ev.Action(data=data, **_about(call, call.author or where))

    def observation(
        self, call: Call, data: ev.ObservationData, messages: Sequence[BaseMessage]
    ) -> ev.Observation:
        """The agent observes what a call came to, or why it did not run."""
        call.reported = True
        data.messages = [self.known.whole(message) for message in messages]
        return ev.Observation(data=data, **_about(call, call.run))

    def answered(self, call: Call, message: ToolMessage) -> ev.Observation:
        """The agent observes what this message answers to a call."""
        data = ev.ObservationData(
            tool=message.name or call.tool,
            status=message.status,
            output=output_text(message),
            tool_call_id=message.tool_call_id,
        )
        return self.observation(call, data, [message])

    def answer(
        self, text: str, complete: bool, messages: Sequence[BaseMessage], where: Span | None
    ) -> ev.Answer:
        """The final answer, of the model run that wrote it, or of the agent's."""
        said = [self.known.whole(message) for message in messages]
        data = ev.AnswerData(output=text, complete=complete, messages=said)
        return ev.Answer(data=data, **envelope(where))

    def interrupt(self, span: Span, asked: Any) -> ev.Interrupt:
        """The run waits for a person: with LangGraph's Interrupt, or at a breakpoint.

        A node there is given the whole state, of which the messages are by reference.
        """
        is_breakpoint = isinstance(asked.value, dict) and [*asked.value] == ["breakpoint"]
        data = ev.InterruptData(
            id=str(getattr(asked, "id", "")),
            value=(self.known.data if is_breakpoint else plain)(asked.value),
            node=span.node,
            allowed=_allowed(asked),
        )
        return ev.Interrupt(data=data, **envelope(span))

    def state(self, output: Any) -> Any:
        """The state that an agent ended with, its messages by reference; None for a mere text."""
        if isinstance(output, dict):
            output = {key: value for key, value in output.items() if key != "__interrupt__"}
        is_state = hasattr(output, "__dict__") or isinstance(output, dict)
        return self.known.data(output) if is_state and not is_message(output) else None


def custom_event(span: Span | None, name: str, data: Any) -> ev.Node:
    """An event of the agent's own, sent in this run."""
    content = ev.NodeData(kind="custom", phase="stream", content=plain(data))
    return ev.Node(data=content, **{**envelope(span), "name": name})


def _allowed(asked: Any) -> dict[str, list[str]]:
    """The decisions that LangChain's human-in-the-loop middleware takes, by tool."""
    value = asked.value if isinstance(asked.value, dict) else {}
    configs = value.get("review_configs")
    if value.get("type") == "tool_approval":  # of one call, whose schema has a form for each
        with suppress(AttributeError, LookupError, TypeError):
            schema = asked.response_schema
            several = schema.get("discriminator", {}).get("mapping")
            words = [*several] if several else [schema["properties"]["type"]["const"]]
            return {str(value["name"]): words}
    return {
        str(config["action_name"]): [str(each) for each in config.get("allowed_decisions") or ()]
        for config in configs or ()
        if isinstance(config, dict) and "action_name" in config
    }


def _about(call: Call, span: Span | None) -> dict[str, Any]:
    """The envelope of an event about a call, of the run that it comes from."""
    not_run = {"parent_ids": list(call.near), "tool_call_id": call.call_id}
    return {**(envelope(span) or not_run), "name": call.tool, "call": call.key}
