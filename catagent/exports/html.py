"""A run as one HTML page: its steps fold, and neither scripts nor anything from outside run."""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from string import Template
from typing import Any

import msgspec

from catagent import __version__
from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.events.prompts import Prompts
from catagent.events.state import RunState
from catagent.exports import facts, tags
from catagent.exports.html_steps import Steps
from catagent.exports.html_text import markdown
from catagent.redact import shortened
from catagent.views.format import fields
from catagent.views.nodes import whole

_LONGEST_TITLE = 160


def page(events: Sequence[ev.Event], title: str | None = None) -> str:
    """Return the whole page."""
    state, those, results = facts.outline(events)
    named, style = facts.title(state, title), _file("page.css")
    main = [
        *_question(state, named),
        *["<h2>Steps</h2>"] * bool(those),
        *Steps(state, those, events).all(),
        *_answer(state),
        *_results(results),
    ]
    return Template(_file("page.html")).substitute(
        digest=base64.b64encode(hashlib.sha256(style.encode()).digest()).decode(),
        version=__version__,
        title=tags.line(named),
        style=style,
        header="\n".join(_header(state, named)),
        main="\n".join([*main, *_state(state, events)]),
    )


def _file(name: str) -> str:
    return resources.files("catagent.exports").joinpath(name).read_text(encoding="utf-8")


def _header(state: RunState, title: str) -> Iterator[str]:
    """The title, the facts, and what a reader should know before anything else."""
    ended = facts.ended(state)
    kind = state.finished.data.status if state.finished is not None else ended
    known = ((fact, f' class="{kind}"' * (fact == ended)) for fact in facts.facts(state))
    items = "".join(f"<li{attribute}>{tags.line(fact)}</li>" for fact, attribute in known)
    yield f'<h1>{tags.line(shortened(title, _LONGEST_TITLE))}</h1>\n<ul class="facts">{items}</ul>'
    if state.finished is None:
        yield tags.notice("warning", facts.UNFINISHED)
    else:
        yield tags.failure(state.finished.data.error)
    for warning in state.warnings:
        yield tags.notice("warning", warning.message, warning.hint)


def _question(state: RunState, title: str) -> Iterator[str]:
    """What was asked, where the title does not say all of it."""
    asked = "\n".join(fields(state.started.data.input)) if state.started is not None else ""
    if asked and (" ".join(asked.split()) != title or len(title) > _LONGEST_TITLE):
        yield "<h2>Question</h2>\n" + tags.pre(asked)


def _answer(state: RunState) -> Iterator[str]:
    if state.answer is not None:
        yield '<h2 class="answer">Answer</h2>'
        yield f'<div class="answer text">{markdown(state.answer.output)}</div>'
        if not state.answer.complete:
            yield tags.notice("warning", "The answer is incomplete.")


def _results(found: Mapping[str, Any]) -> Iterator[str]:
    """What the state came to beside the answer."""
    for key, value in found.items():
        drawn = markdown(value) if isinstance(value, str) else tags.pre(whole(key, value))
        yield f'<h2>{tags.line(key)}</h2>\n<div class="text">{drawn}</div>'


def _state(state: RunState, events: Iterable[ev.Event]) -> Iterator[str]:
    """The final state, folded, with its messages whole."""
    if state.finished is None or state.finished.data.state is None:
        return
    known, final = Prompts(), state.finished.data.state
    for event in events:
        known.take(event)
    keys = ", ".join(final) if isinstance(final, dict) else ""
    data = msgspec.json.format(encode_plain(known.whole(final)).decode(), indent=2)
    yield "<h2>State</h2>\n" + tags.folded("Final state", keys, [tags.pre(data, language="json")])
