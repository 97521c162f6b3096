"""The steps of the HTML page, which fold: what each was sent, and what it said."""

from collections.abc import Iterable, Iterator, Sequence

from catagent.events import types as ev
from catagent.events.said import of_run
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.exports import facts, tags
from catagent.exports.facts import Step
from catagent.exports.html_text import markdown
from catagent.views.data import indented
from catagent.views.format import agent_of, arguments, called, compact, count, fields, speaker
from catagent.views.graph import answers, questions
from catagent.views.prompt import news, said

# Longer arguments, in characters, are one below the other, and fold.
_LONGEST = 60


class Steps:
    """The steps of a run, after its `events`, as elements that fold."""

    def __init__(self, state: RunState, steps: Sequence[Step], events: Iterable[ev.Event]) -> None:
        self._steps, self._called, self._sent = steps, state.tools.keys(), _prompts(events)
        # Who said the answer, which is shown as such, and what is said of the run's own error.
        answer, end = state.answer, state.finished and state.finished.data.error
        self._speaker = None if answer is None else facts.speaker(steps, answer.output)
        self._error = end and end.message

    def all(self) -> list[str]:
        """Return the element of each step, what it did inside it."""
        return [self._step(step) for step in self._steps]

    def _step(self, step: Step) -> str:
        match step.what:
            case LlmRun() as run:
                return self._model(run)
            case ToolRun() as run:
                return self._tool(step, run)
            case ev.Interrupt(data=data):
                asked = *questions(data), *answers(data)
                return tags.notice("warning", f"{facts.paused(data)}:", *asked)
            case text:
                return tags.pre(text, kind="event")

    def _model(self, run: LlmRun) -> str:
        end, reasoning = run.finished, "".join(run.reasoning)
        spoken = [] if run is self._speaker and not run.blocks else of_run(run)
        calls, name = end.tool_calls if end else [], speaker(run.began) or run.model
        is_agent = run.began.call is None or bool(agent_of(run.began))
        model = run.model if run.model != name else ""
        return tags.folded(
            name,
            " ".join(filter(None, [model, "→ " * bool(calls) + ", ".join(c.name for c in calls)])),
            [
                self._sent.get(run.began.run_id, ""),
                tags.pre(reasoning, "reasoning", "reasoning") if reasoning else "",
                *(_said(channel, text, is_agent) for channel, text in spoken),
                *(
                    tags.pre(called(call.name, call.args), "tool call")
                    for call in calls
                    if call.call not in self._called
                ),
                self._failure(end.error if end else None),
            ],
            what=facts.llm_facts(run),
            kind="agent" if is_agent else "model",
            unfolded=bool(spoken),
        )

    def _tool(self, step: Step, run: ToolRun) -> str:
        output, asked, failed = facts.observed(run), arguments(run.tool_input), facts.failed(run)
        is_long = len(asked) > _LONGEST
        given = "\n".join(fields(run.tool_input))
        return tags.folded(
            run.tool,
            f"{asked[:_LONGEST]}…" if is_long else asked,
            [
                tags.pre(given, "arguments") if is_long else "",
                *map(self._step, step.inside),
                _observation(output) if output and not step.shows(output) else "",
                *(tags.pre(artifact, "artifact", "block") for artifact in facts.artifacts(run)),
                self._failure(facts.raised(run)),
            ],
            what=["failed"] * failed + facts.tool_facts(run),
            kind="tool failed" if failed else "tool",
            unfolded=True,
        )

    def _failure(self, error: ev.ErrorInfo | None) -> str:
        """What went wrong, where that is not what the whole run failed of."""
        return tags.failure(error) if error and error.message != self._error else ""


def _said(channel: ev.Channel, text: str, is_agent: bool) -> str:
    if is_agent and channel == "text":
        return f'<div class="text">{markdown(text)}</div>'
    return tags.pre(text, kind="block" * (channel == "block"))


def _observation(output: str) -> str:
    """Data is indented and coloured."""
    data = indented(output)
    return tags.pre(data or output, "observation", "observation", "json" * bool(data))


def _prompts(events: Iterable[ev.Event]) -> dict[str, str]:
    """Return the HTML of what each model was sent, by run id."""
    asked = (event for event in events if isinstance(event, ev.LlmStarted))
    return {one.run_id: _prompt(one.data) for one in asked if one.data.messages or one.data.tools}


def _prompt(data: ev.LlmStartedData) -> str:
    number = sum(one.count if isinstance(one, ev.Ref) else 1 for one in data.messages)
    what = [count(number, "message")]
    what += [count(len(data.tools), "tool")] if data.tools else []
    inside = [
        tags.labelled(one)
        if isinstance(one, str)
        else tags.pre(said(one, "→ "), f"{one.type} {one.name or ''}".rstrip())
        for one in news(data.messages)
    ]
    inside += _tools(data.tools)
    inside += [tags.pre(arguments(data.parameters), "parameters")] if data.parameters else []
    return tags.folded("sent", ", ".join(what), inside, kind="sent")


def _tools(tools: Sequence[ev.Tool | ev.Ref]) -> Iterator[str]:
    """The names of all, and what is said of those that are new."""
    if tools:
        names = [tool.ref if isinstance(tool, ev.Ref) else tool.name for tool in tools]
        yield tags.labelled(f"tools: {', '.join(names)}")
    for tool in tools:
        if isinstance(tool, ev.Tool):
            yield tags.pre(f"{tool.name}: {tool.description}\n{compact(tool.parameters)}")
