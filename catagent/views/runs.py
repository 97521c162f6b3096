"""One run of those in flight: its name, its calls, and the column of what is shown of it."""

from collections.abc import Iterator
from dataclasses import replace

from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.events.said import repeats
from catagent.events.summary import together
from catagent.views import graph, notes
from catagent.views.calls import Calls
from catagent.views.format import compact, dollars, one_line, seconds, tool_calls, used
from catagent.views.nodes import Nodes
from catagent.views.parts import Part, Rows, Stack
from catagent.views.status import Tally
from catagent.views.style import Look
from catagent.views.text import facts

# Of a question, so many characters are in a title.
LONGEST_TITLE = 200


class Run(Stack):
    """A run, or what belongs to none as long as it has not `started`."""

    def __init__(self, look: Look) -> None:
        super().__init__(spaced=not look.words)
        self.look = look
        self.calls, self.nodes = Calls(look, self), Nodes(verbose=look.options.verbose)
        self.tally = Tally()
        self.run_id = self.name = self.question = self._process = ""
        self.started = self._again = False
        self._named = True  # which model it is
        self.finished: ev.RunFinishedData | None = None
        # How it ended, in a row; what the run that it goes on with came to; what it asks a person.
        self.verdict: Part | None = None
        self._before: ev.RunFinishedData | None = None
        self.asked: list[ev.InterruptData] = []
        self._can_go_on = False
        # Events that came since it was last its turn to be shown.
        self.held = 0

    @property
    def failed(self) -> bool:
        """Whether it ended in an error or at a limit."""
        return self.finished is not None and self.finished.status in ("error", "limit")

    def begin(self, event: ev.RunStarted, process: str, resumed: "Run | None" = None) -> None:
        """Take the name of the run, which has that of its `process` where there are several.

        What it came to is added to that of the run that is `resumed`.
        """
        self.started, self.run_id, self._process = True, event.run_id, process
        self._can_go_on = "{run}" in self.look.options.again  # as it is kept, its thread is
        options = replace(self.look.options, again=notes.again(self.look, event.run_id))
        self.look = self.calls.look = replace(self.look, options=options)
        self._named = event.data.model is not None
        self.name = " ".join(filter(None, [event.data.agent, process]))
        self.question = one_line(event.data.input)[:LONGEST_TITLE]
        if resumed is not None:
            self._before = resumed.finished
            self.calls.go_on(resumed.calls)

    def update(self, event: ev.Event) -> None:
        """Show one event."""
        self.nodes.take(event)
        match event:
            case ev.LlmToken() | ev.LlmStarted() | ev.LlmFinished():
                self.calls.model(event)
            case ev.Action() | ev.ToolStarted() | ev.ToolFinished() | ev.Observation():
                self.calls.tool(event)
            case ev.Retry():
                self.calls.retry(event)
            case ev.RunFinished(data=data):
                self._end(data)
            case ev.Unknown():
                text, sign = f"{event.type} {compact(event.fields)}", self.look.glyphs.unknown
                self.parts.append(notes.note(self.look, sign, text, "dim", "dim"))
            case ev.Update() | ev.Node():
                self.calls.home(event).mention(self._note(event))
            case _:
                self.calls.home(event).parts.extend(self._note(event))

    def lead(self) -> None:
        """Be shown from here on: under a heading, if others are shown in between."""
        self.held, self._again = 0, self.begun is not None and self.started

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final."""
        rows = super().take(width)
        if rows and self._again:
            self._again = False
            rows = facts(self.look, [f"{self.name} goes on", self.question]).take(width) + rows
        return rows

    def _note(self, event: ev.KnownEvent) -> list[Part]:
        match event:
            case ev.RunStarted():
                return notes.beginning(
                    self.look, event, self._process, goes_on=self._before is not None
                )
            case ev.Answer(data=data):
                if event.call is not None and data.complete:
                    return []  # what a tool on its own returned: its panel ends with that
                again = repeats(data.output, self.calls.said, self.calls.named)
                marked = self.calls.decide(answer=again)
                return notes.answer(self.look, data, said=again, marked=marked)
            case ev.Interrupt(data=data):
                self.asked.append(data)
                return graph.interrupt(self.look, data)
            case ev.Update():
                return [
                    graph.row(self.look, self.look.glyphs.node, line)
                    for line in self.nodes.line(event)
                ]
            case ev.Warned(data=data):
                self._can_go_on &= data.code != "unresumable"
                return notes.warning(self.look, data)
            case ev.Node(data=data):
                return [notes.node(self.look, event.name, data)]
            case _:
                return []

    def _end(self, data: ev.RunFinishedData) -> None:
        said = [error.message for error in notes.errors(data)]
        self.calls.settle(paused=data.status == "interrupted", said=said)
        self.parts.extend(notes.results(self.look, self.nodes.results(data)))
        if data.status != "cancelled":  # the last row says as much
            self.parts.extend(notes.failure(self.look, data))
        is_kept = data.exit_code != ExitCode.USAGE  # as what was refused is not
        again = notes.again(self.look, self.run_id) if is_kept else ""
        if data.status == "interrupted" and self._can_go_on:
            again = graph.resuming(again, self.asked)
        self.finished = together(self._before, data)
        self.verdict = notes.verdict(self.look, self.finished, self._came_to(self.finished), again)

    def _came_to(self, data: ev.RunFinishedData) -> Iterator[str]:
        yield tool_calls(data.tool_calls, min(self.calls.failed, data.tool_calls))
        yield used(data.usage, self.calls.seen)
        yield dollars(data)
        if not self._named:
            yield from dict.fromkeys(model.model for model in data.models)
        if self.look.options.verbose and data.ttft_s is not None:
            yield "first token " + seconds(data.ttft_s)
