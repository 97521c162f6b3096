"""The HTML elements around text, which is cleaned of invisible characters, and escaped."""

from collections.abc import Iterable
from html import escape

from catagent.events import types as ev
from catagent.exports import facts
from catagent.views.sanitize import clean, clean_line


def line(text: str) -> str:
    """Text on one line."""
    return escape(clean_line(text))


def pre(text: str, label: str = "", kind: str = "") -> str:
    """Text with its lines and spaces, under its label."""
    attribute = f' class="{kind}"' if kind else ""
    # An HTML parser drops a newline right after <pre>: ours goes first.
    return f"{labelled(label)}<pre{attribute}>\n{escape(clean(text))}</pre>"


def labelled(text: str) -> str:
    """A label, if there is one, for what follows."""
    return f'<p class="label">{line(text)}</p>' if text else ""


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
    attribute = f' class="{kind}"' * bool(kind) + " open" * unfolded
    seen = f'<span class="name">{line(name)}</span><span class="asked">{line(asked)}</span>'
    seen += f'<span class="facts">{" · ".join(map(line, what))}</span>'
    head = f"<details{attribute}><summary>{seen}</summary>"
    return "\n".join([f'{head}<div class="inside">', *filter(None, inside), "</div></details>"])
