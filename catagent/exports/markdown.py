"""A run as a Markdown transcript: its steps are headings, texts of models and tools unchanged."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from catagent.events import types as ev
from catagent.events.said import of_run
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.exports import facts
from catagent.exports.facts import Step, outline
from catagent.views.format import agent_of, called
from catagent.views.graph import answers, questions
from catagent.views.nodes import whole
from catagent.views.sanitize import clean, clean_line

_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&]|^[-+=#])")
_DEEPEST = 6
_ACTIVE = frozenset({"html_block", "html_inline", "image"})


def document(events: Sequence[ev.Event], title: str | None = None) -> str:
    """Return the transcript of one run."""
    return "\n\n".join(_blocks(*outline(events), title)) + "\n"


def _blocks(
    state: RunState, steps: list[Step], results: dict[str, Any], title: str | None
) -> Iterator[str]:
    yield f"# {_inline(facts.title(state, title))}"
    yield " · ".join(_inline(fact) for fact in facts.facts(state))
    if state.finished is None:
        yield f"**{facts.UNFINISHED}**"
    for warning in state.warnings:
        yield f"**Warning:** {_inline(warning.message)}"
    answer = state.answer.output if state.answer is not None else None
    speaker = None if answer is None else facts.speaker(steps, answer)
    for step in steps:
        yield from _step(step, 2, speaker)
    if answer is not None:
        yield "## Answer"
        said = of_run(speaker) if speaker is not None and speaker.blocks else [("text", answer)]
        yield from (_inline(text) if kind == "block" else _trusted(text) for kind, text in said)
    for key, value in results.items():
        yield f"## {_inline(key)}"
        yield _trusted(value) if isinstance(value, str) else _fenced(whole(key, value))
    if state.finished is not None and (error := state.finished.data.error) is not None:
        yield "## Error"
        yield from map(_inline, [f"{error.message} {error.hint}", *facts.error_details(error)])


def _step(step: Step, level: int, speaker: LlmRun | None = None) -> Iterator[str]:
    match step.what:
        case LlmRun() as run:
            yield from _model(run, level, [] if run is speaker else of_run(run))
        case ToolRun() as run:
            yield from _tool(step, run, level)
        case ev.Interrupt(data=data):
            yield _heading(level, facts.paused(data), [])
            yield from (*map(_fenced, questions(data)), *map(_inline, answers(data)))
        case text:
            yield _inline(text)


def _model(run: LlmRun, level: int, said: list[tuple[ev.Channel, str]]) -> Iterator[str]:
    reasoning = "".join(run.reasoning)
    if not (reasoning or said):
        return
    name = agent_of(run.began) or run.began.name
    named = f"{name} ({run.model})" if run.model else name
    yield _heading(level, named, facts.llm_facts(run))
    if reasoning:
        yield "Reasoning:"
        yield _fenced(reasoning)
    for channel, text in said:
        yield _inline(text) if channel == "block" else _fenced(text)


def _tool(step: Step, run: ToolRun, level: int) -> Iterator[str]:
    failed = ["failed"] if facts.failed(run) else []
    yield _heading(level, called(run.tool, run.tool_input), failed + facts.tool_facts(run))
    for inner in step.inside:
        yield from _step(inner, level + 1)
    output = facts.observed(run)
    if output and not step.shows(output):
        yield "Observation:"
        yield _fenced(output)
    for artifact in facts.artifacts(run):
        yield "Artifact:"
        yield _fenced(artifact)
    if error := facts.raised(run):
        yield "Error:"
        yield _fenced("\n".join([error.message, *facts.error_details(error)]))


def _heading(level: int, name: str, what: list[str]) -> str:
    details = f" — {', '.join(what)}" if what else ""
    return f"{'#' * min(level, _DEEPEST)} {_inline(name)}{_inline(details)}"


def _inline(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", clean_line(text))


def _trusted(text: str) -> str:
    """A model's Markdown unchanged, unless it holds what could do more than be read."""
    from markdown_it import MarkdownIt

    cleaned = clean(text)
    tokens = MarkdownIt("commonmark").parse(cleaned)
    parts = [part for token in tokens for part in (token, *(token.children or ()))]
    links = (str(part.attrs["href"]) for part in parts if part.type == "link_open")
    is_harmless = _ACTIVE.isdisjoint(part.type for part in parts)
    is_harmless &= all(link.startswith(("https://", "http://")) for link in links)
    return cleaned if is_harmless else _fenced(text)


def _fenced(text: str) -> str:
    """Text unchanged, in a fence that no fence inside it can close."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{clean(text)}\n{fence}"
