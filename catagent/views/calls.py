"""Which panel an event belongs to: calls of models and tools, nested as they ran.

Total, like `reduce`: nothing is lost to an end without a start, a token after its end, or ids that
come twice or not at all; what fits nowhere is shown on its own.
"""

from __future__ import annotations

from collections.abc import Iterator

from catagent.events import types as ev
from catagent.views import notes
from catagent.views.format import model_name, seconds
from catagent.views.model_call import Model, label_rows
from catagent.views.parts import Column, Hanging, Part, Ready
from catagent.views.style import Look
from catagent.views.text import facts, written
from catagent.views.tool_panel import Orphan, Tool
from catagent.views.unclaimed import Home, ToolEvent, Unclaimed

ModelEvent = ev.LlmStarted | ev.LlmToken | ev.LlmFinished


class Calls:
    """The open calls of a run, and where in the transcript each of them is."""

    def __init__(self, look: Look, root: Column) -> None:
        self.look = look
        self.said = ""
        self._root = root
        self._runs: dict[str, Tool] = {}
        # By the call around them too: servers may number the calls of every agent alike.
        self._ids: dict[tuple[Tool | None, str], Tool] = {}
        self._newest_ids: dict[str, Tool] = {}
        self._models: dict[str, Model] = {}
        self._unclaimed = Unclaimed()

    def model(self, event: ModelEvent) -> None:
        """Take an event of a model's call."""
        model = self._models.get(event.run_id) or self._new_model(event)
        if isinstance(event, ev.LlmToken):
            model.feed(event.data)
        elif isinstance(event, ev.LlmFinished):
            self._model_ended(event, model)

    def retry(self, event: ev.Retry) -> None:
        """Show a retry where its model is shown: before what that writes."""
        home, model = self.home(event), self._models.get(event.run_id)
        part = notes.retry(self.look, model.name if model else event.name, event.data)
        if model is None:
            home.parts.append(part)
        elif model in home.parts and not model.tokens:
            home.parts.insert(home.parts.index(model), part)
        else:
            model.interrupt(part)

    def tool(self, event: ToolEvent) -> None:
        """Take an event of a tool call."""
        tool = self._find(event) or self._new_tool(event)
        self._unclaimed.claim(event, self.home(event))
        if isinstance(event, ev.Action):
            tool.decided = True
        elif isinstance(event, ev.ToolStarted):
            tool.start(event)
            self._runs[event.run_id] = tool
        elif isinstance(event, ev.ToolFinished):
            tool.finished = event.data
        elif isinstance(event, ev.Observation):
            self._observed(tool, event.data)

    def settle(self) -> None:
        """Close whatever is open: the run is over."""
        for model in self._models.values():
            model.finish(ev.LlmFinishedData(model="", text=model.text))
        self._models.clear()
        for tool in reversed(list(_open_tools(self._root))):
            tool.end_unobserved()
        self._show_unclaimed(None)

    def home(self, event: ev.KnownEvent) -> Home:
        """The innermost open tool call around what the event is about."""
        return next((tool for tool in self._around(event) if not tool.closed), self._root)

    def _around(self, event: ev.KnownEvent) -> Iterator[Tool]:
        """The tool calls around what the event is about, open or not, the innermost first."""
        yield from (self._runs[run] for run in reversed(event.parent_ids) if run in self._runs)
        inside, own = event.tool_call_id, getattr(event.data, "tool_call_id", None)
        if inside is not None and inside != own and inside in self._newest_ids:
            yield self._newest_ids[inside]

    def running(self) -> Home:
        """The innermost open tool call that is being shown."""
        place: Home = self._root
        while place.parts and isinstance(place.parts[0], Tool) and not place.parts[0].closed:
            place = place.parts[0]
        return place

    # Models

    def _new_model(self, event: ModelEvent) -> Model:
        home = self.home(event)
        self._settle_finished(home)
        self._show_unclaimed(home)
        agents_own = home is self._root and event.tool_call_id is None
        orphan = home is self._root and not agents_own
        label = self._label(event) if self._labels(agents_own) else ""
        markdown = agents_own and not self.look.words
        model = Model(self.look, label="" if orphan else label, markdown=markdown)
        model.name = model_name(event.name, _model(event))
        self._models[event.run_id] = model
        if isinstance(home, Tool):
            home.models.append(model)
        home.parts.append(Orphan(self.look, model, label) if orphan else model)
        return model

    def _labels(self, agents_own: bool) -> bool:
        return not agents_own or self.look.words or self.look.options.verbose

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
        if event.tool_call_id is None:
            self.said = model.text
        home = self.home(event)
        for call in model.calls.values():
            self._unclaimed.add(call, home)
        if event.data.error is not None and model.tokens:
            model.parts.append(notes.cut_off(self.look))
        if self.look.options.verbose:
            model.parts.append(self._timing(event.data))

    def _timing(self, data: ev.LlmFinishedData) -> Part:
        known = [] if data.duration_s is None else [seconds(data.duration_s)]
        known += [] if data.ttft_s is None else [f"first token {seconds(data.ttft_s)}"]
        if data.usage is not None:
            known.append(f"{data.usage.input_tokens} tokens in, {data.usage.output_tokens} out")
        known += [f"finish_reason {data.finish_reason}"] if data.finish_reason else []
        return facts(self.look, known)

    # Tools

    def _find(self, event: ToolEvent) -> Tool | None:
        call_id = event.data.tool_call_id
        tool = self._ids.get(self._key(event, call_id)) if call_id else None
        tool = tool or self._runs.get(event.run_id)
        if tool is None and not call_id:
            tool = self._nameless(event)
        return None if tool is None or _begins_again(tool, event) else tool

    def _key(self, event: ToolEvent, call_id: str) -> tuple[Tool | None, str]:
        return next(self._around(event), None), call_id

    def _nameless(self, event: ToolEvent) -> Tool | None:
        """The call that an event without a call id must mean: the oldest open one of that tool."""
        if isinstance(event, ev.Action):
            return None
        for tool in _open_tools(self._root):
            if tool.tool == event.data.tool and not _begins_again(tool, event):
                return tool
        return None

    def _new_tool(self, event: ToolEvent) -> Tool:
        call_id = event.data.tool_call_id
        details = f"call {call_id}" if call_id and self.look.options.verbose else ""
        tool_input = getattr(event.data, "tool_input", None)
        tool = Tool(self.look, event.data.tool, tool_input, details)
        if call_id:
            self._ids[self._key(event, call_id)] = self._newest_ids[call_id] = tool
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

    def _settle_finished(self, home: Home) -> None:
        """The agent has gone on: what has finished inside `home` will no longer be observed."""
        for part in home.parts:
            if isinstance(part, Tool) and part.finished is not None and not part.closed:
                part.end_unobserved()

    def _show_unclaimed(self, home: Home | None) -> None:
        """Show those of this place, or all: a run of them would have been reported by now."""
        for call in self._unclaimed.take(home):
            self._root.parts.append(notes.unclaimed(self.look, call.text))


def _model(event: ModelEvent) -> str:
    return "" if isinstance(event, ev.LlmToken) else event.data.model


def _identity(event: ModelEvent) -> list[str]:
    tags = [f"tags {', '.join(event.tags)}"] if event.tags else []
    return [f"run {event.run_id}", *tags] if event.run_id else tags


def _begins_again(tool: Tool, event: ToolEvent) -> bool:
    """Some servers number the calls of every message from zero: the same id, another call."""
    if isinstance(event, ev.Action):  # in log mode it may come after its tool has started
        return tool.decided or tool.closed
    return isinstance(event, ev.ToolStarted) and tool.started and tool.run_id != event.run_id


def _open_tools(home: Home) -> Iterator[Tool]:
    for part in home.parts:
        if isinstance(part, Tool):
            if not part.closed:
                yield part
            yield from _open_tools(part)
