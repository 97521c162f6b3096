"""Which panel an event belongs to: calls of models and tools, nested as their keys say.

Total, like `reduce`: nothing is lost to an end without a start, a token after its end, or keys
that come twice or not at all; what fits nowhere is shown on its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TypeVar

from catagent.events import types as ev
from catagent.views import notes
from catagent.views.format import model_name, seconds
from catagent.views.model_call import Model, label_rows
from catagent.views.parts import Column, Hanging, Part, Ready
from catagent.views.prompt import prompt
from catagent.views.style import Look
from catagent.views.text import facts, written
from catagent.views.tool_panel import Orphan, Tool

T = TypeVar("T")
Home = Column | Tool
_Inside = defaultdict[str | None, dict[str, T]]
# So many models may wait for a server at once; a retry of one before them is shown below it.
_NEAR = 64
ModelEvent = ev.LlmStarted | ev.LlmToken | ev.LlmFinished


class Calls:
    """The calls of one run, and where in the transcript each of them is."""

    def __init__(self, look: Look, root: Column) -> None:
        self.look = look
        self.said, self.named = "", list[str]()
        self.tokens = 0
        self.names_models = True
        self._root = root
        self._tools: dict[str, Tool] = {}
        # Those of them that ended and were not observed yet, by the call around them.
        self._ended: _Inside[Tool] = defaultdict(dict)
        self._models: dict[str, Model] = {}
        # The text of calls that a model wrote and that were not run, by the call around them.
        self._unclaimed: _Inside[str] = defaultdict(dict)
        self._written: dict[str, str | None] = {}

    def model(self, event: ModelEvent) -> None:
        """Take an event of a model's call."""
        model = self._models.get(event.run_id) or self._new_model(event)
        if isinstance(event, ev.LlmToken):
            self.tokens += 1
            model.feed(event.data)
        elif isinstance(event, ev.LlmFinished):
            self._model_ended(event, model)

    def retry(self, event: ev.Retry) -> None:
        """Show a retry where its model is shown: before what that writes."""
        home, model = self.home(event), self._models.get(event.run_id)
        part = notes.retry(self.look, model.name if model else event.name, event.data)
        if model is None:
            home.parts.append(part)
        elif not model.tokens and (place := _place(model, home.parts)):
            home.parts.insert(place, part)
        else:
            model.interrupt(part)

    def tool(self, event: ev.CallEvent) -> None:
        """Take an event of a tool call."""
        key = ev.call_of(event)
        tool = self._tools.get(key)
        if tool is None or (tool.closed and isinstance(event, ev.Action | ev.ToolStarted)):
            tool = self._tools[key] = self._new_tool(event)
        outer = ev.outer_call(key)
        self._unclaimed.get(self._written.pop(key, None), {}).pop(key, None)
        self._ended.get(outer, {}).pop(key, None)
        if isinstance(event, ev.Action):
            tool.decide(event.data.tool_input)
        elif isinstance(event, ev.ToolStarted):
            tool.start(event)
        elif isinstance(event, ev.ToolFinished):
            tool.end(event)
            self._ended[outer][key] = tool
        elif isinstance(event, ev.Observation):
            self._observed(tool, event.data)

    def settle(self, *, paused: bool = False) -> None:
        """Close whatever is open: the run is over, or `paused` until a person has answered."""
        for model in self._models.values():
            model.finish(ev.LlmFinishedData(model="", text=model.text))
        self._models.clear()
        for call in list(self._unclaimed):
            self._show_unclaimed(call)
        for tool in reversed(self._tools.values()):
            tool.end_unobserved(paused=paused)

    def home(self, event: ev.KnownEvent) -> Home:
        """The innermost open tool call around what the event is about."""
        if isinstance(event, ev.CallEvent):
            return self._inside(ev.outer_call(ev.call_of(event)))
        return self._inside(event.call)

    def _inside(self, call: str | None) -> Home:
        call = call and ".".join(call.split(".", ev.DEEPEST_CALL)[: ev.DEEPEST_CALL])
        while call:
            tool = self._tools.get(call)
            if tool is not None and not tool.closed:
                return tool
            call = ev.outer_call(call)
        return self._root

    # Models

    def _new_model(self, event: ModelEvent) -> Model:
        self._settle_ended(event.call)
        self._show_unclaimed(event.call)
        home, agents_own = self.home(event), event.call is None
        orphan = home is self._root and not agents_own
        labelled = not agents_own or self.look.words or self.look.options.verbose
        label = self._label(event) if labelled else ""
        markdown = agents_own and not self.look.words
        model = Model(self.look, label="" if orphan else label, markdown=markdown)
        model.name = model_name(event.name, _model(event))
        if isinstance(event, ev.LlmStarted):
            model.parts.extend(prompt(self.look, event.data))
        self._models[event.run_id] = model
        if isinstance(home, Tool):
            home.models.append(model)
        home.parts.append(Orphan(self.look, model, label) if orphan else model)
        return model

    def _label(self, event: ModelEvent) -> str:
        model = _model(event)
        facts = [model_name(event.name, model) or "model"]
        if self.look.options.verbose:
            facts += [model] if model and model not in facts else []
            facts += _identity(event)
        return self.look.glyphs.dot.join(facts)

    def _model_ended(self, event: ev.LlmFinished, model: Model) -> None:
        del self._models[event.run_id]
        model.finish(event.data)
        if event.call is None:
            self.said, self.named = model.text, model.names
        for key, text in model.written(event.data):
            if key not in self._tools:
                self._unclaimed[event.call][key] = text
                self._written[key] = event.call
        if event.data.error is not None and model.tokens:
            model.parts.append(notes.cut_off(self.look))
        if self.look.options.verbose:
            model.parts.append(self._timing(event.data))

    def _timing(self, data: ev.LlmFinishedData) -> Part:
        known = [] if data.duration_s is None else [seconds(data.duration_s)]
        known += [] if data.ttft_s is None else [f"first token {seconds(data.ttft_s)}"]
        if data.usage is not None:
            known += _tokens(data.usage)
        known += [f"finish_reason {data.finish_reason}"] if data.finish_reason else []
        return facts(self.look, known)

    # Tools

    def _new_tool(self, event: ev.CallEvent) -> Tool:
        call_id = event.data.tool_call_id
        details = f"call {call_id}" if call_id and self.look.options.verbose else ""
        tool_input = getattr(event.data, "tool_input", None)
        tool = Tool(self.look, event.data.tool, tool_input, details)
        self.home(event).parts.append(tool)
        return tool

    def _observed(self, tool: Tool, data: ev.ObservationData) -> None:
        if not tool.closed:
            tool.observe(data)
        elif not tool.shows(data.output):
            self._root.parts.append(
                Ready(lambda width: label_rows(self.look, f"observation of {tool.tool}", width))
            )
            self._root.parts.append(Hanging("  ", written(self.look, data.output)))

    def _settle_ended(self, call: str | None) -> None:
        """The agent has gone on: what has ended inside `call` will no longer be observed."""
        for tool in self._ended.pop(call, {}).values():
            tool.end_unobserved()

    def _show_unclaimed(self, call: str | None) -> None:
        """Show the calls written inside `call`: a run of them would have been reported by now."""
        for text in self._unclaimed.pop(call, {}).values():
            self._inside(call).parts.append(notes.unclaimed(self.look, text))


def _place(model: Model, parts: Sequence[Part]) -> int | None:
    """Where a model is among the last of the parts, counted from their end."""
    return next((at for at in range(-min(len(parts), _NEAR), 0) if parts[at] is model), None)


def _model(event: ModelEvent) -> str:
    return "" if isinstance(event, ev.LlmToken) else event.data.model


def _identity(event: ModelEvent) -> list[str]:
    tags = [f"tags {', '.join(event.tags)}"] if event.tags else []
    return [f"run {event.run_id}", *tags] if event.run_id else tags


def _tokens(usage: ev.Usage) -> list[str]:
    counts = {"tokens in": usage.input_tokens, "out": usage.output_tokens}
    known = [f"{number} {word}" for word, number in counts.items() if number is not None]
    return [", ".join(known)] if known else []
