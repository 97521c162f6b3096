"""A run as one HTML page: its steps fold, and neither scripts nor anything from outside run."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

import msgspec
from markdown_it import MarkdownIt

from catagent import __version__
from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts
from catagent.events.state import RunState
from catagent.exports import facts, tags
from catagent.exports.facts import Step
from catagent.exports.html_steps import prompts, step
from catagent.views.format import compact
from catagent.views.nodes import whole
from catagent.views.sanitize import clean


def page(events: Sequence[ev.Event], title: str | None = None) -> str:
    """Return the whole page."""
    state, those, results = facts.outline(events)
    named, style = tags.line(facts.title(state, title)), _file("page.css")
    main = [*_main(state, those, results, prompts(events)), *_state(state, events), *_rest(events)]
    return Template(_file("page.html")).substitute(
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
        title=named,
        style=style,
        body="\n".join([*_header(state, named), *main]),
    )


def _file(name: str) -> str:
    return resources.files("catagent.exports").joinpath(name).read_text(encoding="utf-8")


def _header(state: RunState, title: str) -> Iterator[str]:
    ended = facts.ended(state)
    kind = state.finished.data.status if state.finished is not None else ended
    known = ((fact, f' class="{kind}"' * (fact == ended)) for fact in facts.facts(state))
    items = "".join(f"<li{attribute}>{tags.line(fact)}</li>" for fact, attribute in known)
    yield f'<header>\n<h1>{title}</h1>\n<ul class="facts">{items}</ul>\n</header>'
    if state.finished is None:
        yield tags.notice("warning", facts.UNFINISHED)


def _main(
    state: RunState, those: list[Step], results: dict[str, Any], sent: Mapping[str, str]
) -> Iterator[str]:
    yield "<main>"
    for warning in state.warnings:
        yield tags.notice("warning", warning.message, warning.hint)
    if those:
        yield "<h2>Steps</h2>"
        yield from (step(one, sent) for one in those)
    if state.answer is not None:
        yield f'<h2>Answer</h2>\n<div class="answer">{_markdown(state.answer.output)}</div>'
        if not state.answer.complete:
            yield tags.notice("warning", "The answer is incomplete.")
    for key, value in results.items():
        drawn = _markdown(value) if isinstance(value, str) else tags.pre(whole(key, value))
        yield f'<h2>{tags.line(key)}</h2>\n<div class="answer">{drawn}</div>'
    yield tags.failure(state.finished.data.error if state.finished is not None else None)
    yield "</main>"


def _markdown(text: str) -> str:
    """Markdown as HTML: no HTML of its own, no links, no pictures, no hidden characters."""
    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    # A decoded entity would be a character that nobody has cleaned.
    parser.disable(["entity", "link", "image", "autolink", "reference", "html_inline"])
    rendered: str = parser.render(clean(text))
    return rendered


def _state(state: RunState, events: Iterable[ev.Event]) -> Iterator[str]:
    """The final state, folded, with its messages whole."""
    if state.finished is None or state.finished.data.state is None:
        return
    known, final = Prompts(), state.finished.data.state
    for event in events:
        known.take(event)
    keys = ", ".join(final) if isinstance(final, dict) else ""
    data = msgspec.json.format(encode_plain(known.whole(final)).decode(), indent=2)
    yield "<h2>State</h2>\n" + tags.folded("Final state", keys, [tags.pre(data)])


def _rest(events: Iterable[ev.Event]) -> Iterator[str]:
    """What ran alongside models and tools, folded."""
    lines: list[str] = []
    for event in events:
        if isinstance(event, ev.Node) and event.data.kind != "custom":
            name = f"{event.data.kind} {event.name} {event.data.phase}"
            lines.append(f"{name}: {compact(event.data.content)}")
        elif isinstance(event, ev.Unknown):
            lines.append(f"{event.type}: {compact(event.fields)}")
    if lines:
        inside = [tags.pre("\n".join(lines))]
        yield "<h2>Other events</h2>\n" + tags.folded("Everything else", "", inside)
