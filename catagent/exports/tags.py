"""The HTML elements around text, which is cleaned of invisible characters, and escaped."""

from collections.abc import Iterable
from html import escape

from catagent.events import types as ev
from catagent.exports import facts
from catagent.exports.html_text import code
from catagent.views.format import count
from catagent.views.sanitize import clean, clean_line

# Of a text, so many lines and characters are seen without unfolding it, or all but so many.
_LINES, _CHARACTERS, _FEW = 9, 1500, 200


def line(text: str) -> str:
    """Text on one line."""
    return escape(clean_line(text))


def pre(text: str, label: str = "", kind: str = "", language: str = "") -> str:
    """Text with its lines and spaces, under its label; the rest of a long one folds."""
    text = clean(text.replace("\r\n", "\n"))
    at = min(len("\n".join(text.split("\n", _LINES)[:_LINES])), _CHARACTERS)
    rest = text[at:].removeprefix("\n")
    if "\n" not in rest and len(rest) < _FEW:
        return labelled(label, kind) + _pre(text, kind, language)
    lines = rest.count("\n") + 1
    more = count(lines, "more line") if lines > 1 else f"{len(rest):,} more characters"
    head, body = _pre(text[:at], kind, language), _pre(rest, kind, language)
    folds = f'<details class="more"><summary>{more}</summary>{body}</details>'
    return labelled(label, kind) + head + folds


def _pre(text: str, kind: str, language: str) -> str:
    attribute = f' class="{kind}"' if kind else ""
    # An HTML parser drops a newline right after <pre>: ours goes first.
    return f"<pre{attribute}>\n{code(text, language)}</pre>"


def labelled(text: str, kind: str = "") -> str:
    """A label, if there is one, for what follows."""
    return f'<p class="{f"label {kind}".strip()}">{line(text)}</p>' if text else ""


def notice(kind: str, message: str, *below: str) -> str:
    """A notice that stands out, and what else there is to say: what to do about it, for one."""
    details = "".join(f"<p>{escape(clean(text))}</p>" for text in below if text)
    return f'<div class="notice {kind}">{escape(clean(message))}{details}</div>'


def failure(error: ev.ErrorInfo | None) -> str:
    """What went wrong, if anything did."""
    if error is None:
        return ""
    return notice("error", error.message, error.hint, *facts.error_details(error))


def folded(
    name: str,
    asked: str,
    inside: Iterable[str],
    *,
    what: Iterable[str] = (),
    kind: str = "",
    unfolded: bool = False,
) -> str:
    """What folds into a line: a name, what was asked, facts. `kind` are classes."""
    seen = f'<span class="name">{line(name)}</span><span class="asked">{line(asked)}</span>'
    seen += f'<span class="facts">{" · ".join(map(line, what))}</span>'
    held, attribute = [*filter(None, inside)], f' class="{kind}"' * bool(kind)
    if not held:
        return f'<div class="{f"step {kind}".strip()}"><div class="summary">{seen}</div></div>'
    head = f"<details{attribute}{' open' * unfolded}><summary>{seen}</summary>"
    return "\n".join([f'{head}<div class="inside">', *held, "</div></details>"])
