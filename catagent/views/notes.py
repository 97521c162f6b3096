"""What is shown of the run as a whole: its beginning, its answer, its end, and its warnings."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.views.fold import Folded
from catagent.views.format import (
    called,
    compact,
    fields,
    json_line,
    one_line,
    seconds,
    tool_calls,
    used,
)
from catagent.views.markdown import Markdown
from catagent.views.model_call import label
from catagent.views.nodes import whole
from catagent.views.parts import Hanging, Part, Ready, Rows, Stack
from catagent.views.style import Look, Style
from catagent.views.text import Text, facts, written
from catagent.views.wrap import cells, head

# Of a report, and of the question in it, in cells.
LONGEST_REPORT, LONGEST_QUESTION = 300, 48


def note(
    look: Look, sign: str, text: str, style: Style, body: Style = "plain", *, folds: bool = False
) -> Part:
    """Text with a sign before it."""
    part = written(look, text, body)
    return Hanging(look.paint(style, sign), Folded(look, part) if folds else part)


def under(look: Look, sign: str, texts: Iterable[str]) -> list[Part]:
    """What is said, dimly, below a note with this sign; what is empty is left out."""
    return [note(look, " " * cells(sign), text, "plain", "dim") for text in texts if text]


def _hint(look: Look, sign: str, text: str) -> list[Part]:
    """What to do next, below a note with this sign."""
    return [note(look, " " * cells(sign) + "hint: ", text, "question")] if text else []


def node(look: Look, name: str, data: ev.NodeData) -> Part:
    """What a graph reports of one of its nodes, or in words of its own."""
    words = [name or "custom"] if data.kind == "custom" else [data.kind, name, data.phase]
    text = " ".join(words) + ("" if data.content is None else f": {compact(data.content)}")
    return note(look, look.glyphs.aside, text, "dim", "dim")


def beginning(
    look: Look, event: ev.RunStarted, process: str = "", *, goes_on: bool = False
) -> list[Part]:
    """What is about to run, where, the question, and what was answered to what it goes on with.

    Where that is shown above, it `goes_on` without saying anew what it is.
    """
    data, said = event.data, answered(look, event.data.answers or {})
    if goes_on:
        return said
    tools = [] if data.tool_model in (None, data.model) else [f"tools: {data.tool_model}"]
    known = [fact for fact in (data.agent, data.model, *tools, data.mode, process) if fact]
    details = _details(event) if look.options.verbose else []
    if look.options.is_turn:
        return [facts(look, *details)] if details else []
    parts: list[Part] = [Hanging(look.paint("dim", look.glyphs.run), facts(look, known, *details))]
    if data.input:
        asked = "\n".join(fields(data.input))
        parts.append(note(look, look.glyphs.ask, asked, "busy", "question", folds=True))
    return parts + said


def answered(look: Look, answers: Mapping[str, Any]) -> list[Part]:
    """What was answered to a run that waited, on a row each."""
    said = (each for answer in answers.values() for each in _answers(answer))
    return [note(look, look.glyphs.answered, each, "busy", "question", folds=True) for each in said]


def _answers(answer: Any) -> Iterator[str]:
    """Decisions on tool calls, a text, or JSON, each as a person may put it."""
    decisions = answer.get("decisions", [answer]) if isinstance(answer, dict) else [answer]
    for each in decisions if isinstance(decisions, list) else [answer]:
        match each:
            case {"type": "edit", "edited_action": {"name": name, "args": args}}:
                yield f"edit {called(name, args)}"
            case {"type": "approve" | "reject" | "respond" as word}:
                yield f"{word} {each.get('message') or ''}".rstrip()
            case str():
                yield each
            case _:
                yield f"JSON {json_line(each)}"


def process(event: ev.RunStarted) -> str:
    """The process that a watched run is in, as `pid 4711`; empty for a run of our own."""
    return "" if event.data.pid is UNSET else f"pid {event.data.pid}"


def _details(event: ev.RunStarted) -> list[list[str]]:
    """Rows of facts: ids are long, so each of them has a row of its own."""
    data = event.data
    run = [f"run {event.run_id}"] if event.run_id else []
    thread = [f"thread {data.thread_id}"] if data.thread_id not in (None, event.run_id) else []
    versions = [f"{name} {version}" for name, version in data.versions.items()]
    filters = [f"{name} {','.join(values)}" for name, values in data.filters.items()]
    return [run, thread, versions, filters]


def warning(look: Look, data: ev.WarningData) -> list[Part]:
    """A warning, and what to do about it."""
    sign = look.glyphs.warn
    return [note(look, sign, data.message, "warn"), *_hint(look, sign, data.hint)]


def answer(
    look: Look, data: ev.AnswerData, *, said: bool = False, marked: bool = False
) -> list[Part]:
    """The final answer, unless the agent's model has just said it, and it is `marked` as such."""
    parts: list[Part] = []
    if not said:
        text = (Text(look) if look.words else Markdown(look)).whole(data.output)
        parts.append(text if look.options.quiet else Stack(label(look, "answer", "answer"), text))
    elif look.words and not marked:
        parts.append(note(look, "answer: ", "the text above", "plain"))
    if not data.complete:
        parts.append(note(look, look.glyphs.warn, "The answer is incomplete.", "warn"))
    return parts


def results(look: Look, found: Mapping[str, Any]) -> Iterator[Part]:
    """What a state came to beside the answer, each under its key."""
    for key, value in found.items():
        drawn = isinstance(value, str) and not look.words
        title = label(look, key, "answer")
        said = Markdown(look) if drawn else Text(look)
        yield Stack(title, Stack(said.whole(whole(key, value)), side="  "))


def errors(data: ev.RunFinishedData) -> list[ev.Failure]:
    """What went wrong in a run, the error that it ended with first."""
    return [data.error, *data.error.others] if data.error else []


def failure(look: Look, data: ev.RunFinishedData) -> list[Part]:
    """What went wrong, if anything did: where, and what to do about it; apart from all else."""
    parts = chain.from_iterable(_error(look, error) for error in errors(data))
    return [Stack(*parts)] if data.error else []


def _error(look: Look, error: ev.Failure) -> list[Part]:
    sign = look.glyphs.error
    said = note(look, sign, error.message, "bad", "bad")
    return [said, *under(look, sign, where(error)), *_hint(look, sign, error.hint)]


def where(error: ev.Failure) -> list[str]:
    """Where it went wrong, as far as is known: `in node extract, at app.py:12`, and that line."""
    inside = f"in node {error.node}" if error.node else ""
    if error.path and len(error.path) > 1:
        inside = f"in {' > '.join(error.path)}"
    line = "" if error.line is None else f":{error.line}"
    place = ", ".join(filter(None, [inside, error.file and f"at {error.file}{line}"]))
    return [*[place] * bool(place), *[f"  {error.source}"] * bool(error.source)]


def verdict(look: Look, data: ev.RunFinishedData, known: Iterable[str], again: str = "") -> Part:
    """How the run ended, and what is `known` of it, the most important first.

    In a picture what fits into one row; below it, if need be, `again`: how to see it again.
    """
    style, sign = ending(look, data.status)
    found, more = [fact for fact in (ended(data), *known) if fact], [again] * bool(again)

    def rows(width: int | None) -> Rows:
        whole = facts(look, found + more).take(width)
        if look.words or len(whole) == 1:
            return whole
        is_asked = data.status == "interrupted"  # and is stuck without it, in however many rows
        fits = is_asked or width is None or cells(again) <= width
        return facts(look, found).take(width)[:1] + facts(look, more if fits else []).take(width)

    # In a stack it stands apart from the notes before it.
    return Stack(Hanging(look.paint(style, look.glyphs.run or sign), Ready(rows)))


def ended(data: ev.RunFinishedData) -> str:
    """How and after how long a run ended."""
    time = seconds(data.duration_s)
    return {
        "success": f"done in {time}",
        "error": f"failed after {time}",
        "cancelled": f"cancelled after {time}",
        "limit": f"stopped after {time}: step limit",
        "interrupted": f"waiting for an answer after {time}",
    }[data.status]


def ending(look: Look, status: ev.RunStatus) -> tuple[Style, str]:
    """The sign of how a run ended, and its style."""
    if status == "interrupted":
        return "warn", look.glyphs.pause
    return ("ok", look.glyphs.ok) if status == "success" else ("bad", look.glyphs.bad)


def report(look: Look, started: ev.RunStarted, data: ev.RunFinishedData) -> str:
    """One line about a run, clean and without a newline, for where it is not shown itself."""
    asked = head(one_line(started.data.input), LONGEST_QUESTION, look.glyphs.ellipsis)
    who = [started.data.agent, process(started), f'"{asked}"' if asked else ""]
    came = [f"{data.status} {seconds(data.duration_s)}"]
    came += [tool_calls(data.tool_calls, 0), used(data.usage)]
    line = " ".join(filter(None, ["catagent: run", short(started.run_id), *who, *came]))
    reason = f": {one_line(data.error.message)}" if data.error else ""
    return head(look.line(line + reason), LONGEST_REPORT, look.glyphs.ellipsis)


def short(run_id: str) -> str:
    """As much of a run's id as tells it from others: a UUID 7 begins with the time, a minute's."""
    return run_id[: 18 if run_id[14:15] == "7" else 8]


def again(look: Look, run_id: str) -> str:
    """The command that shows the run again, clean; empty where there is none."""
    command = look.options.again
    is_known = bool(run_id) or "{run}" not in command
    return look.line(command.replace("{run}", short(run_id))) if is_known else ""
