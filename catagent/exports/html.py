"""A run as one self-contained HTML page: its steps fold, its text is only ever text.

The page has no script, and its content policy allows neither scripts nor anything from outside.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources

from catagent import __version__
from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.events.state import RunState
from catagent.exports import facts, html_steps, tags
from catagent.exports.html_prompts import prompts
from catagent.exports.outline import Step, outline
from catagent.views.format import compact


def page(events: Sequence[ev.Event], title: str | None = None) -> str:
    """Return the whole page."""
    state, steps = outline(events)
    style = resources.files("catagent.exports").joinpath("page.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    named = tags.line(facts.title(state, title))
    return "\n".join(
        [
            '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">',
            '<meta http-equiv="Content-Security-Policy" '
            f"content=\"default-src 'none'; style-src 'sha256-{digest}'\">",
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f'<meta name="generator" content="catagent {__version__}">',
            f"<title>{named}</title>\n<style>{style}</style>\n</head>\n<body>",
            *_header(state, named),
            *_main(state, steps, prompts(events)),
            *_state(state, events),
            *_rest(events),
            f"<footer>Recorded with catagent {__version__}.</footer>\n</body>\n</html>\n",
        ]
    )


def _header(state: RunState, title: str) -> Iterator[str]:
    status = state.finished.data.status if state.finished is not None else None
    said = facts.ended(status) if status is not None else "unfinished"
    items = (
        f'<li class="{status or said}">{tags.line(fact)}</li>'
        if fact == said
        else f"<li>{tags.line(fact)}</li>"
        for fact in facts.facts(state)
    )
    yield f'<header>\n<h1>{title}</h1>\n<ul class="facts">{"".join(items)}</ul>\n</header>'
    if state.finished is None:
        yield tags.notice("warning", facts.UNFINISHED)


def _main(state: RunState, steps: list[Step], sent: Mapping[str, str]) -> Iterator[str]:
    yield "<main>"
    for warning in state.warnings:
        yield tags.notice("warning", warning.message, warning.hint)
    if steps:
        yield "<h2>Steps</h2>"
    span = html_steps.Span.of(state)
    for step in steps:
        yield from html_steps.step(step, span, sent)
    if state.answer is not None:
        yield "<h2>Answer</h2>"
        yield f'<div class="answer">{tags.markdown(state.answer.output)}</div>'
        if not state.answer.complete:
            yield tags.notice("warning", "The answer is incomplete.")
    if state.finished is not None and (error := state.finished.data.error) is not None:
        yield tags.notice("error", error.message, error.hint, *facts.error_details(error))
    yield "</main>"


def _state(state: RunState, events: Iterable[ev.Event]) -> Iterator[str]:
    """The final state, folded, with its messages whole."""
    if state.finished is None or state.finished.data.state is None:
        return
    known, final = Prompts(), state.finished.data.state
    for event in events:
        known.take(event)
    keys = ", ".join(final) if isinstance(final, dict) else ""
    yield f"<h2>State</h2>\n<details>{tags.summary('Final state', keys, [])}"
    yield f'<div class="inside">{tags.data(known.whole(final))}</div></details>'


def _rest(events: Iterable[ev.Event]) -> Iterator[str]:
    """What ran alongside models and tools, folded."""
    others: list[tuple[str, object]] = []
    for event in events:
        if isinstance(event, ev.Node) and event.data.kind != "custom":
            others.append(
                (f"{event.data.kind} {event.name} {event.data.phase}", event.data.content)
            )
        elif isinstance(event, ev.Unknown):
            others.append((event.type, event.fields))
    if others:
        lines = "\n".join(f"{name}: {compact(content)}" for name, content in others)
        yield f"<h2>Other events</h2>\n<details>{tags.summary('Everything else', '', [])}"
        yield f'<div class="inside">{tags.pre(lines)}</div></details>'
