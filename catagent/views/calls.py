"""Which panel an event belongs to: calls of models and tools, nested as their keys say.

Total, like `reduce`: nothing is lost to an end without a start, a token after its end, or keys
that come twice or not at all; what fits nowhere is shown on its own.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator
from typing import Any

from catagent.events import types as ev
from catagent.events.summary import unsaid
from catagent.views import graph, notes
from catagent.views.format import agent_of, seconds, speaker, used
from catagent.views.model_call import Model, Said, label
from catagent.views.parts import Part, Stack
from catagent.views.prompt import prompt
from catagent.views.style import Look, Style
from catagent.views.text import facts
from catagent.views.tool_panel import Tool

ModelEvent = ev.LlmStarted | ev.LlmToken | ev.LlmFinished


class Calls:
    """The calls of one run, and where in the transcript each of them is."""

    def __init__(self, look: Look, root: Stack) -> None:
        self.look = look
        self.said, self.named = "", list[str]()
        # Pieces of answers for which nobody said how many tokens they have.
        self.seen = 0
        # What was said last outside of any tool.
        self._latest = Said(look, "")
        self._root = root
        # What calls that waited get, of the run that this one goes on with, where that is shown.
        self._waited: dict[tuple[str, str | None], Any] = {}
        self._tools: dict[str, Tool] = {}
        # Those of them that ended and were not observed yet, by the call around them.
        self._ended: defaultdict[str | None, dict[str, Tool]] = defaultdict(dict)
        self._models: dict[str, Model] = {}
        # Calls that a model wrote and that were not run, by the call around them; and whose.
        self._unclaimed: defaultdict[str | None, dict[str, tuple[str, str]]] = defaultdict(dict)

    def go_on(self, before: "Calls") -> None:
        """Go on with the calls that waited in the run before, which are shown there whole."""
        self.seen = before.seen
        self._waited = before.waiting

    def model(self, event: ModelEvent) -> None:
        """Take an event of a model's call."""
        model = self._models.get(event.run_id) or self._new_model(event)
        if isinstance(event, ev.LlmToken):
            self.seen += 1
            model.feed(event.data)
        elif isinstance(event, ev.LlmFinished):
            self._model_ended(event, model)

    def retry(self, event: ev.Retry) -> None:
        """Show a retry where its model is shown: the last, once that has written again.

        Until then it is in the status, which logs have not.
        """
        model, data, look = self._models.get(event.run_id), event.data, self.look
        number = f"retry {data.attempt} of {data.max_attempts}"
        if model is not None and not look.words:
            model.retried = graph.row(look, look.glyphs.retry, f"{number}: {data.reason}")
            return
        known = (model.name if model else event.name, f"{number} in {round(data.delay_s, 1):g} s")
        text = ": ".join(filter(None, (*known, data.reason)))
        (model or self.home(event)).parts.append(graph.row(look, look.glyphs.retry, text))

    def tool(self, event: ev.CallEvent) -> None:
        """Take an event of a tool call."""
        key = ev.call_of(event)
        tool, outer = self._tools.get(key), ev.outer_call(key)
        if outer is None:
            self.decide(answer=False)
        agent, _ = self._unclaimed.get(outer, {}).pop(key, ("", ""))
        if tool is None or (tool.closed and isinstance(event, ev.Action | ev.ToolStarted)):
            call_id = event.data.tool_call_id
            waited = self._waited.pop((event.data.tool, call_id), None)
            tool_input = getattr(event.data, "tool_input", waited)
            tool = self._tools[key] = Tool(self.look, event.data.tool, tool_input, agent)
            tool.key, tool.call_id = key, call_id
            tool.goes_on = waited is not None and tool_input == waited
            self.home(event).parts.append(tool)
        self._ended.get(outer, {}).pop(key, None)
        if isinstance(event, ev.Action):
            tool.decide(event.data.tool_input)
        elif isinstance(event, ev.ToolStarted):
            tool.start(event)
        elif isinstance(event, ev.ToolFinished):
            tool.end(event)
            self._ended[outer][key] = tool
        elif isinstance(event, ev.Observation):
            self._settle_ended(key)
            self._observed(tool, event.data)

    def settle(self, *, paused: bool = False, said: Collection[str] = ()) -> None:
        """Close whatever is open: the run is over, or `paused` until a person has answered.

        `said` is what the error of the run says, and those along with it.
        """
        for model in self._models.values():
            model.finish(ev.LlmFinishedData(model="", text=model.text))
        self._models.clear()
        self.decide(answer=False)
        for call in list(self._unclaimed):
            self._show_unclaimed(call)
        for tool in reversed(self._tools.values()):
            tool.end_unobserved(paused=paused, said=said)

    def decide(self, *, answer: bool) -> bool:
        """Say whether what the agent has said last is the answer; return what it is shown as."""
        self._latest.decide(answer=answer)
        return bool(self._latest.answer)

    def home(self, event: ev.KnownEvent) -> Stack:
        """The innermost open tool call around what the event is about."""
        inner = ev.call_of(event) if isinstance(event, ev.CallEvent) else None
        return self._inside(ev.outer_call(inner) if inner else event.call)

    @property
    def waiting(self) -> dict[tuple[str, str | None], Any]:
        """What the calls get that wait for a person, by their tools and the model's ids."""
        waiting = (tool for tool in self._tools.values() if tool.paused and tool.call_id)
        return {(tool.tool, tool.call_id): tool.tool_input for tool in waiting}

    @property
    def failed(self) -> int:
        """How many of the agent's own tool calls failed."""
        return sum(tool.went_wrong for key, tool in self._tools.items() if not ev.outer_call(key))

    def _inside(self, call: str | None) -> Stack:
        return next(self._around(call), self._root)

    def _around(self, call: str | None) -> Iterator[Tool]:
        """The open tool calls around something, the innermost first."""
        call = call and ".".join(call.split(".", ev.DEEPEST_CALL)[: ev.DEEPEST_CALL])
        while call:
            tool = self._tools.get(call)
            if tool is not None and not tool.closed:
                yield tool
            call = ev.outer_call(call)

    # Models

    def _new_model(self, event: ModelEvent) -> Model:
        self._settle_ended(event.call)
        self._show_unclaimed(event.call)
        home, name, agent = self.home(event), speaker(event), agent_of(event)
        title = self._title(event, name or "model")
        role: Style = "agent" if agent or event.call is None else "model"
        model = self._models[event.run_id] = Model(
            self.look,
            name,
            label=label(self.look, title, role) if title else None,
            agent=agent,
            inside=event.call is not None,
        )
        if event.call is None:
            self.decide(answer=False)
            self._latest = model.said
        if isinstance(event, ev.LlmStarted):
            model.add(*prompt(self.look, event.data))
        for tool in self._around(event.call):
            tool.models.append(model)
        home.parts.append(model)
        return model

    def _title(self, event: ModelEvent, name: str) -> str:
        """Who writes; nothing where only one can."""
        verbose = self.look.options.verbose
        model = "" if isinstance(event, ev.LlmToken) else event.data.model
        if event.call is None and not verbose:
            return ""
        known = [name, *([model] if verbose and model not in ("", name) else [])]
        known += [f"run {event.run_id}"] if verbose and event.run_id else []
        known += [f"tags {', '.join(event.tags)}"] if verbose and event.tags else []
        return self.look.glyphs.dot.join(known)

    def _model_ended(self, event: ev.LlmFinished, model: Model) -> None:
        del self._models[event.run_id]
        self.seen += unsaid(event.data.usage, model.tokens) - model.tokens
        model.finish(event.data)
        if event.call is None:
            self.said, self.named = model.text, model.names
        for key, text in model.written(event.data):
            if key not in self._tools:
                self._unclaimed[event.call][key] = model.agent, text
        error = event.data.error
        if error is not None and error.kind != "user" and model.tokens:
            model.add(notes.note(self.look, self.look.glyphs.error, "cut off here", "bad", "dim"))
        if self.look.options.verbose:
            model.add(*self._timing(event.data, model))

    def _timing(self, data: ev.LlmFinishedData, model: Model) -> list[Part]:
        known = [
            seconds(data.duration_s),
            "" if data.ttft_s is None else f"first token {seconds(data.ttft_s)}",
            used(data.usage, unsaid(data.usage, model.tokens), details=True),
            f"finish_reason {data.finish_reason}" if data.finish_reason else "",
        ]
        return [facts(self.look, list(filter(None, known)))] if any(known) else []

    # Tools

    def _observed(self, tool: Tool, data: ev.ObservationData) -> None:
        if not tool.closed:
            tool.observe(data)
        elif not tool.shows(data.output):
            below = notes.note(self.look, "  ", data.output, "plain", folds=True)
            self._root.parts += [label(self.look, f"observation of {tool.tool}"), below]

    def _settle_ended(self, call: str | None) -> None:
        """The agent has gone on: what has ended inside `call` will no longer be observed."""
        for key, tool in self._ended.pop(call, {}).items():
            self._settle_ended(key)
            tool.end_unobserved()

    def _show_unclaimed(self, call: str | None) -> None:
        """Show the calls written inside `call`: a run of them would have been reported by now."""
        look, home = self.look, self._inside(call)
        for _, text in self._unclaimed.pop(call, {}).values():
            text += look.glyphs.dot + "not run"
            part = notes.note(look, look.glyphs.call, text, "dim", "dim", folds=True)
            home.parts.append(part)
