"""The panel of a tool call: its arguments, what happens inside, and what the agent observes."""

from collections.abc import Collection, Iterable
from typing import Any

from catagent.events import types as ev
from catagent.events.said import repeats
from catagent.events.summary import add, has_failed, unsaid
from catagent.views import graph
from catagent.views.data import data
from catagent.views.fold import Folded
from catagent.views.format import arguments, json_line, seconds, used
from catagent.views.model_call import Model, label
from catagent.views.notes import note
from catagent.views.parts import Hanging, Part, Rows, Stack, narrower
from catagent.views.style import Look, Style
from catagent.views.text import facts, written
from catagent.views.wrap import cells, head, wrap


class Tool(Stack):
    """One tool call, from the agent's decision to the observation."""

    def __init__(self, look: Look, tool: str, tool_input: Any, agent: str = "") -> None:
        super().__init__(side=look.glyphs.side)
        self.look, self.tool = look, tool
        self.name = look.line(f"{agent}: {tool}" if agent else tool)
        self.key = self.run_id = ""
        self.call_id: str | None = None  # the model's
        self.models: list[Model] = []  # those of calls inside of it as well
        self.finished: ev.ToolFinishedData | None = None
        self._output: str | None = None
        self._begun = self._started = self._failed = self.paused = False
        self._problem = self._remark = ""
        self._small = Folded(look)
        self._ask(tool_input)

    def _ask(self, tool_input: Any) -> None:
        """Take the arguments; the title is the call on one line, of any length."""
        self.tool_input = tool_input
        self.goes_on = False  # with a call that is shown above, whole
        given = "" if tool_input is None else f"({arguments(tool_input)})"
        self.title = self.name + self.look.line(given)

    def decide(self, tool_input: Any) -> None:
        """The agent decided on the call, anew where it has changed the arguments."""
        if tool_input != self.tool_input and not self._started:
            self._ask(tool_input)
            if self._begun:
                sign = self.look.glyphs.retry
                self.parts.append(note(self.look, sign, f"changed to {self.title}", "warn", "dim"))

    def start(self, event: ev.ToolStarted) -> None:
        """The tool began to run; its input is shown where the agent's decision did not give it."""
        self._attempt(event.run_id)
        self._started = True
        if self.tool_input is None:
            self._ask(event.data.tool_input)

    def end(self, event: ev.ToolFinished) -> None:
        """The tool ended, and is to be observed, or tried again."""
        self._attempt(event.run_id)
        self.finished = event.data

    def _attempt(self, run_id: str) -> None:
        """Another run of the same call is another attempt at it."""
        if run_id != self.run_id:
            self._set_aside()
        self.run_id = run_id

    def _set_aside(self) -> None:
        """What ended was not the end of the call: say what came of it, and go on."""
        if (ended := self.finished) is not None:
            time = "" if ended.duration_s is None else f" after {seconds(ended.duration_s)}"
            how = f"attempt {'failed' if ended.status == 'error' else 'ended'}{time}"
            said = dict.fromkeys([ended.output, self._error()])
            text = ": ".join(filter(None, [how, *said]))
            self.parts.append(graph.row(self.look, self.look.glyphs.retry, text))
            self.finished = None

    def _error(self) -> str:
        """What the tool raised, without its name, which is in the title."""
        error = self.finished and self.finished.error
        return error.message.removeprefix(f"The tool {self.tool} failed: ") if error else ""

    def mention(self, parts: Iterable[Part]) -> None:
        """Show small parts, folded together with those right before them."""
        if not (self.parts and self.parts[-1] is self._small):
            self._small.closed = True
            self._small = Folded(self.look)
            self.parts.append(self._small)
        self._small.parts.extend(parts)

    def newest(self, size: int) -> str:
        """Return the newest text of what is still running inside."""
        return "" if self.closed else super().newest(size)

    def observe(self, data: ev.ObservationData) -> None:
        """Show what the agent observes, and close."""
        self._failed = data.status == "error"
        if self.failed and not self._failed:
            self._set_aside()
        self._close(data.output, "observation")
        found = graph.artifacts(data)
        sign = self.look.glyphs.aside
        self.parts.extend(graph.row(self.look, sign, f"artifact {each}") for each in found)
        for model in self.models:
            model.forget()

    def end_unobserved(self, *, paused: bool = False, said: Collection[str] = ()) -> None:
        """Close, unless it is closed, without an observation: show what the tool returned, if any.

        `paused` says that the run waits for a person, and may go on with this call; `said` is what
        its error says: what the tool raised need not be shown again.
        """
        if self.closed:
            return
        status = self.finished.status if self.finished else None
        self.paused = status == "interrupted" or (status is None and paused)
        if status is None and not paused:
            self._problem = "did not finish" if self._started else "did not run"
        elif status == "error" and not self.went_wrong:
            self._problem = "cancelled"
        output = self.finished.output if self.finished else ""
        error = self._error()
        is_said = self._problem or any(error in message for message in said)
        self._close(output or error * (not is_said), "output" if output else "error")

    def shows(self, output: str) -> bool:
        """Whether the panel shows this text already."""
        return output in (self._output, "") or self._same(output)

    def _close(self, output: str, word: str) -> None:
        self.closed, self._output = True, output
        if output and self._same(output):
            self._remark = f"{word}: the text above" if self.look.words else ""
        elif output:
            role: Style = "broken" if self.failed else "observation"
            whole = written(self.look, output, "broken")
            said = whole if self.failed else Folded(self.look, data(self.look, output))
            self.parts += [label(self.look, word, role), said]
        elif self.paused:
            self._remark = "waiting for an answer"
        elif not (self.failed or self._problem):
            self._remark = f"{word}: nothing"

    def _same(self, output: str) -> bool:
        return any(repeats(output, model.text, model.names) for model in self.models)

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final since the last call, the edges among them."""
        self._side = self._edge(self.look.glyphs.side)
        rows = [] if self._begun else self._heading(width)
        self._begun = True
        self._small.closed = self.closed or not self.parts or self.parts[-1] is not self._small
        rows += super().take(width)
        return rows + self._ending(width) if self.settled else rows

    def _heading(self, width: int | None) -> Rows:
        """The title; where it does not fit, the arguments are one below the other."""
        look, asked, name = self.look, self.tool_input, self.name
        top, side = self._edge(look.glyphs.top), self._edge(look.glyphs.side)
        names = wrap(name, narrower(width, cells(look.glyphs.top)))
        style: Style = "bad" if self.failed else "tool"
        rows = [(side if at else top) + look.paint(style, row) for at, row in enumerate(names)]
        room = graph.LONGEST if width is None else width - cells(look.glyphs.top)
        if self.goes_on:
            title = head(self.title, room, look.glyphs.ellipsis)
            return [top + look.paint(style, title[: len(name)]) + title[len(name) :]]
        if width is None or cells(self.title) <= room:
            rows[0] += self.title[len(name) :]
        else:
            given = asked.items() if isinstance(asked, dict) else [("input", asked)]
            parts = [_argument(look, name, value) for name, value in given]
            # Each is folded by itself, or where they are many, all of them.
            groups = [parts] if len(parts) > look.options.fold else zip(parts, strict=True)
            self.parts.extendleft(reversed([Folded(look, *group) for group in groups]))
        return rows

    def _ending(self, width: int | None) -> Rows:
        """How the call ended."""
        run = [f"run {self.run_id}"] if self.run_id and self.look.options.verbose else []
        sign = self._edge(self.look.glyphs.bottom) + self.look.paint(*self.sign)
        style: Style = "broken" if self.failed else "dim"
        return Hanging(sign, facts(self.look, self.came_to(), run, style=style)).take(width)

    def _edge(self, sign: str) -> str:
        """A sign of the frame: a call that has failed is red from here on."""
        return self.look.paint("broken" if self.failed else "gutter", sign)

    @property
    def sign(self) -> tuple[Style, str]:
        """How the call ended, as a sign and its style."""
        if self.failed or self._problem:
            return "bad" if self.failed else "dim", self.look.glyphs.bad
        return ("warn", self.look.glyphs.pause) if self.paused else ("ok", self.look.glyphs.ok)

    @property
    def went_wrong(self) -> bool:
        """Whether the tool raised, or was refused."""
        return self._failed or has_failed(self.finished)

    @property
    def failed(self) -> bool:
        """Whether it went wrong, or began and never came to an end."""
        return self.went_wrong or (self._started and bool(self._problem))

    @property
    def spent(self) -> tuple[ev.Usage | None, int]:
        """What models inside used, and the pieces seen of those that did not say."""
        usage = add(model.usage for model in self.models)
        return usage, sum(unsaid(model.usage, model.tokens) for model in self.models)

    @property
    def tokens(self) -> int:
        """How many tokens models inside have written so far."""
        usage, seen = self.spent
        return ((usage and usage.output_tokens) or 0) + seen

    def came_to(self) -> list[str]:
        """What there is to say of the call once it has ended."""
        is_bare = self._output == "" and (self.failed or self._problem)
        known = [self._problem or "no result"] if is_bare else []
        if self.finished is not None and self.finished.duration_s is not None:
            known.append(seconds(self.finished.duration_s))
        known += [used(*self.spent)] if any(self.spent) else []
        known += [self._remark] if self._remark else []
        return known or ["error" if self.failed else "observed"]


def _argument(look: Look, name: str, value: Any) -> Part:
    if isinstance(value, str):
        # Lines of code are below one another.
        return written(look, f"{name}:\n{value}" if "\n" in value else f"{name}: {value}")
    return data(look, json_line(value), f"{name}: ")
