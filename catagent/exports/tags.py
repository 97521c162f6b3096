"""The HTML elements around text, which is cleaned of invisible characters, and escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from typing import Any

import msgspec

from catagent.events.codec import encode_plain
from catagent.views.sanitize import clean, clean_line

# Of an event so many characters are seen without unfolding it.
_LONGEST = 200


def line(text: str) -> str:
    """Text on one line."""
    return escape(clean_line(text))


def pre(text: str, kind: str = "") -> str:
    """Text with its lines and spaces."""
    attribute = f' class="{kind}"' if kind else ""
    # An HTML parser drops a newline right after <pre>: ours goes first.
    return f"<pre{attribute}>\n{escape(clean(text))}</pre>"


def label(text: str) -> str:
    """A label for what follows."""
    return f'<p class="label">{line(text)}</p>'


def notice(kind: str, message: str, *below: str) -> str:
    """A notice that stands out, and what else there is to say: what to do about it, for one."""
    details = "".join(f"<p>{escape(clean(text))}</p>" for text in below if text)
    return f'<div class="notice {kind}">{escape(clean(message))}{details}</div>'


def summary(name: str, asked: str, what: Iterable[str]) -> str:
    """What is seen of a step that is folded."""
    parts = [f'<span class="name">{line(name)}</span>', f'<span class="asked">{line(asked)}</span>']
    facts = " · ".join(map(line, what))
    return f'<summary>{"".join(parts)}<span class="facts">{facts}</span></summary>'


def event(text: str) -> str:
    """An event on one line, unless it is long: then it folds."""
    if len(text) <= _LONGEST:
        return f'<p class="event">{line(text)}</p>'
    return (
        f'<details class="event">{summary("", text[:_LONGEST] + "…", [])}'
        f'<div class="inside">{pre(text)}</div></details>'
    )


def data(value: Any) -> str:
    """Any data as JSON with its own lines."""
    return pre(msgspec.json.format(encode_plain(value).decode(), indent=2))


def markdown(text: str) -> str:
    """Markdown as HTML: no HTML of its own, no links, no pictures, no hidden characters."""
    from markdown_it import MarkdownIt

    parser = MarkdownIt("commonmark", {"html": False}).enable(["strikethrough", "table"])
    # A decoded entity would be a character that nobody has cleaned.
    parser.disable(["entity", "link", "image", "autolink", "reference", "html_inline"])
    rendered: str = parser.render(clean(text))
    return rendered
