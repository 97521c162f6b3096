"""The steps of the HTML page, which fold: what each was sent, and what it said."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from catagent.events import types as ev
from catagent.events.said import of_run
from catagent.events.state import LlmRun, ToolRun
from catagent.exports import facts, tags
from catagent.exports.facts import Step
from catagent.views.format import agent_of, arguments, compact, count
from catagent.views.graph import answers, questions
from catagent.views.prompt import news, said

# Of an event so many characters are seen without unfolding it.
_LONGEST = 200


def step(one: Step, prompts: Mapping[str, str]) -> str:
    """Return the element of a step, what it did inside it; `prompts` are those of `prompts`."""
    match one.what:
        case LlmRun() as run:
            return _model(run, prompts.get(run.began.run_id, ""))
        case ToolRun() as run:
            return _tool(one, run, prompts)
        case ev.Interrupt(data=data):
            asked = "\n\n".join(["Waits for an answer:", *questions(data)])
            return tags.notice("warning", asked, *answers(data))
        case text:
            return _event(text)


def _event(text: str) -> str:
    if len(text) > _LONGEST:
        return tags.folded("", f"{text[:_LONGEST]}…", [tags.pre(text)], kind="event")
    return f'<p class="event">{tags.line(text)}</p>'


def _model(run: LlmRun, prompt: str) -> str:
    spoken, reasoning = of_run(run), "".join(run.reasoning)
    calls = run.finished.tool_calls if run.finished is not None else []
    wanted = f"→ {', '.join(call.name for call in calls)}" if calls else ""
    return tags.folded(
        name := agent_of(run.began) or run.began.name,
        " ".join([run.model if run.model != name else "", wanted]).strip(),
        [
            prompt,
            tags.pre(reasoning, "reasoning", "reasoning") if reasoning else "",
            *(tags.pre(text, kind="block" * (channel == "block")) for channel, text in spoken),
            *(tags.pre(f"{call.name}({arguments(call.args)})", "tool call") for call in calls),
            tags.failure(run.finished.error if run.finished is not None else None),
        ],
        what=facts.llm_facts(run),
        kind="model",
        # Others decide on what follows, or repeat the answer.
        unfolded=bool(spoken) and run.began.call is not None,
    )


def _tool(one: Step, run: ToolRun, prompts: Mapping[str, str]) -> str:
    output = facts.observed(run)
    seen = tags.pre(output, "observation") if output else ""
    return tags.folded(
        run.tool,
        arguments(run.tool_input),
        [
            *(step(inner, prompts) for inner in one.inside),
            tags.labelled("observation: the text above") if one.shows(output) else seen,
            *(tags.pre(artifact, "artifact", "block") for artifact in facts.artifacts(run)),
            tags.failure(facts.raised(run)),
        ],
        what=facts.tool_facts(run),
        kind="tool failed" if facts.failed(run) else "tool",
        unfolded=True,
    )


def prompts(events: Iterable[ev.Event]) -> dict[str, str]:
    """Return the HTML of what each model was sent, by run id."""
    asked = (event for event in events if isinstance(event, ev.LlmStarted))
    return {one.run_id: _prompt(one.data) for one in asked if one.data.messages or one.data.tools}


def _prompt(data: ev.LlmStartedData) -> str:
    number = sum(one.count if isinstance(one, ev.Ref) else 1 for one in data.messages)
    what = [count(number, "message")]
    what += [count(len(data.tools), "tool")] if data.tools else []
    inside = [
        tags.labelled(one) if isinstance(one, str) else tags.pre(said(one, "→ "), _who(one))
        for one in news(data.messages)
    ]
    inside += _tools(data.tools)
    inside += [tags.pre(arguments(data.parameters), "parameters")] if data.parameters else []
    return tags.folded("sent", ", ".join(what), inside, kind="sent")


def _who(message: ev.Message) -> str:
    return f"{message.type} {message.name}" if message.name else message.type


def _tools(tools: Sequence[ev.Tool | ev.Ref]) -> Iterator[str]:
    """The names of all, and what is said of those that are new."""
    if tools:
        names = [tool.ref if isinstance(tool, ev.Ref) else tool.name for tool in tools]
        yield tags.labelled(f"tools: {', '.join(names)}")
    for tool in tools:
        if isinstance(tool, ev.Tool):
            yield tags.pre(f"{tool.name}: {tool.description}\n{compact(tool.parameters)}")
