"""What is going on right now in a run, for the footer."""

from collections import Counter
from dataclasses import dataclass, field
from math import ceil

from catagent.events import types as ev
from catagent.views.format import speaker, whole_seconds

SILENT_AFTER_S = 2.0
AGAIN = "connecting again"
"""What a caller's words begin with that are shown whatever the run itself awaits."""


@dataclass(slots=True)
class Tally:
    """The calls of a run that are open; times are seconds on the reader's own clock.

    Of calls at once, `ended` counts those that are not open any more, by the call around them.
    `tokens` are those that models wrote: `pieces`, until their server says how many they are.
    """

    began: float = 0.0
    last_token: float = 0.0
    tools: dict[str, str] = field(default_factory=dict)
    since: dict[str, float] = field(default_factory=dict)
    ended: dict[str | None, Counter[str]] = field(default_factory=dict)
    decided: dict[str, str] = field(default_factory=dict)
    models: dict[str, str] = field(default_factory=dict)
    writing: str = ""
    retry: ev.Retry | None = None
    retry_due: float = 0.0
    steps: bool = False
    acted: bool = False
    tokens: int = 0
    pieces: Counter[str] = field(default_factory=Counter)

    def update(self, event: ev.Event, now: float) -> None:
        """Take one event that arrived at `now`."""
        match event:
            case ev.LlmToken() | ev.LlmStarted() | ev.LlmFinished():
                self._heard(event)
                self._model(event, now)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self._heard(event)
                self._tool(event, now)
            case ev.Retry(data=data):
                self.retry, self.retry_due = event, now + data.delay_s
            case ev.RunStarted(data=data):
                self.began, self.steps = now, data.mode == "steps"
            case ev.RunFinished():
                self.tools, self.decided, self.models, self.writing = {}, {}, {}, ""
                self.since, self.ended = {}, {}

    def _heard(self, event: ev.KnownEvent) -> None:
        self.acted = True
        # Of this model run, or of none in particular.
        if self.retry is not None and self.retry.run_id in ("", event.run_id, ev.run_of(event)):
            self.retry = None

    def _model(self, event: ev.LlmStarted | ev.LlmToken | ev.LlmFinished, now: float) -> None:
        if isinstance(event, ev.LlmToken):
            self.writing, self.last_token = event.run_id, now
            self.tokens += 1
            self.pieces[event.run_id] += 1
            self.models.setdefault(event.run_id, speaker(event))
        elif isinstance(event, ev.LlmStarted):
            self.models[event.run_id] = speaker(event)
        else:
            seen, usage = self.pieces.pop(event.run_id, 0), event.data.usage
            self.tokens += ((usage and usage.output_tokens) or seen) - seen
            self.models.pop(event.run_id, None)
            self.writing = "" if self.writing == event.run_id else self.writing

    def _tool(self, event: ev.CallEvent, now: float) -> None:
        call = ev.call_of(event)
        outer, others = ev.outer_call(call), (*self.tools, *self.decided)
        if outer not in map(ev.outer_call, others):
            self.ended[outer] = Counter()
        if isinstance(event, ev.Action):
            self.decided[call] = event.data.tool
            return
        self.decided.pop(call, None)
        if isinstance(event, ev.ToolStarted):
            self.tools[call], self.since[call] = event.data.tool, now
        elif self.tools.pop(call, None) is not None:
            del self.since[call]
            self.ended[outer]["failed" if event.data.status == "error" else "done"] += 1

    def awaited(self, now: float) -> str:
        """What is awaited, in a few words; empty where only the caller can know."""
        if self.retry is not None:
            return self._retrying(self.retry, now)
        if self.writing:
            return self._writing(now)
        if self.models:
            asked = "" if self.steps else "the first token of "
            return f"waiting for {asked}{next(reversed(self.models.values()))}"
        if self.tools:
            return f"running {_named(self.tools)}"
        if self.decided:
            return f"{'running' if self.steps else 'starting'} {_named(self.decided)}"
        return "waiting for the agent" if self.acted else ""

    def unknown(self) -> str:
        """What to say where it is not known what is awaited; models are silent in steps mode."""
        return "waiting for the agent" if self.acted or self.steps else "running"

    def at_once(self) -> Counter[str]:
        """How many calls run, are done, and failed; those with others inside wait for these."""
        inner = {*self.tools}.difference(map(ev.outer_call, self.tools))
        ended = (self.ended[outer] for outer in {*map(ev.outer_call, inner)})
        return sum(ended, Counter({"running": len(inner)}))

    def _retrying(self, retry: ev.Retry, now: float) -> str:
        number = f"retry {retry.data.attempt} of {retry.data.max_attempts}"
        if now < self.retry_due:
            return f"{number} in {ceil(self.retry_due - now)} s"
        waiting = next(reversed(self.models.values()), "the model")
        return f"{number}: waiting for {self.models.get(retry.run_id) or retry.name or waiting}"

    def _writing(self, now: float) -> str:
        name, silent = self.models.get(self.writing, ""), now - self.last_token
        said = "is writing" if silent < SILENT_AFTER_S else f"silent for {whole_seconds(silent)}"
        return f"{name} {said}"


def _named(tools: dict[str, str]) -> str:
    names = {*tools.values()}
    return names.pop() if len(names) == 1 else "tools"
