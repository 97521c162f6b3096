"""What a server says in the body of an error, of whatever form: its own words, as plain text."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any
from urllib.parse import parse_qsl

from catagent.redact import shortened

# What servers call their words, in small letters and without underscores. A title is said before
# its detail, a code before its description; the others are only for want of these.
_NAMES = (
    *("title", "error", "errors", "err", "fault", "exception", "reason", "message", "msg"),
    *("detail", "errordescription", "errormessage", "errormsg", "errmsg", "statusmsg"),
    *("faultstring", "description", "raw", "metadata"),
)
_FOR_WANT = ("details", "cause", "info", "text")
_KINDS = ("code", "type", "__type", "Code", "error", "status", "reason", "quotaId")
_DEEPEST = 8
_MOST_ITEMS = 5
_MOST_NAMES = 100
_MOST_READ = 1 << 16
_TAG = re.compile(r"<!--|-->|<[/!?]?[a-zA-Z][^<>]*>")
# What is not shown, and where it ends.
_HIDDEN = {"<!--": "-->", "<script": "</script", "<style": "</style"}
_FORM = re.compile(r"[\w.%+-]+=[^\s<>{}]*")
_NO_TEXT = "something that is not text"


def words_in(found: Any) -> str:
    """The words in parsed JSON, or in text that may be JSON, a page, a form, events; "" if empty.

    They are neither masked nor cut, and may have several lines. Never raises.
    """
    return _words(found, 0) or ("" if isinstance(found, str) else written(found))


def codes_in(found: Any) -> str:
    """Whatever names the kind of an error in parsed JSON, `insufficient_quota` say, by spaces."""
    return " ".join(islice(_codes(found, 0), _MOST_NAMES))


def one_line(text: str, most: int) -> str:
    """Text of a stranger in a line of up to `most` characters; secrets are masked before."""
    return shortened(" ".join(shortened(text, _MOST_READ).split()), most)


def written(found: Any) -> str:
    """Its JSON as text; "" where it is too deep."""
    try:
        return json.dumps(found, ensure_ascii=False, default=str)
    except (ValueError, TypeError, RecursionError):
        return ""


def parsed(text: str) -> Any:
    """Its JSON; the text itself where it is none, or too deep."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _words(found: Any, depth: int) -> str:
    if depth > _DEEPEST:
        return ""
    if isinstance(found, str):
        return _in_text(found.strip(), depth + 1)
    if isinstance(found, Mapping):
        return _in_object(found, depth + 1)
    if isinstance(found, list | tuple):
        return "; ".join(_distinct(_words(item, depth + 1) for item in found[:_MOST_ITEMS]))
    return ""


def _in_object(found: Mapping[Any, Any], depth: int) -> str:
    items = islice(found.items(), _MOST_NAMES)
    named = {str(name).replace("_", "").lower(): value for name, value in items}
    said = _distinct(_words(named.get(name), depth) for name in _NAMES)
    if not said:
        inner = (value for value in named.values() if not isinstance(value, str))
        others = (*(named.get(name) for name in _FOR_WANT), *islice(inner, _MOST_ITEMS))
        said = list(islice(filter(None, (_words(other, depth) for other in others)), 1))
    where = named.get("loc")  # as FastAPI says which part of a request it means
    place = ".".join(map(str, where)) if said and isinstance(where, list) else ""
    return ": ".join(filter(None, (place, *said)))


def _codes(found: Any, depth: int) -> Iterator[str]:
    if isinstance(found, Mapping):
        yield from (value for name in _KINDS if isinstance(value := found.get(name), str))
    if isinstance(found, Mapping | list | tuple) and depth < _DEEPEST:
        inner = found.values() if isinstance(found, Mapping) else found
        for value in islice(inner, _MOST_NAMES):
            yield from _codes(value, depth + 1)


def _distinct(words: Iterable[str]) -> list[str]:
    """Those that are not empty, in order, without what another one says as well."""
    found = list(dict.fromkeys(filter(None, words)))
    return [said for said in found if not any(said in other for other in found if other != said)]


def _in_text(text: str, depth: int) -> str:
    found = parsed(text) if text.startswith(("{", "[", '"')) else text
    if not isinstance(found, str) or found is not text:
        return _words(found, depth) or (text if found else "")
    if text.startswith(("data:", "event:")):
        data = (line[5:] for line in text.splitlines() if line.startswith("data:"))
        return _words("\n".join(data), depth)
    if text.startswith("<"):
        return _without_markup(text)
    if _FORM.fullmatch(text, 0, _MOST_READ):
        return _words(dict(parse_qsl(text[:_MOST_READ])), depth) or text
    return text if _is_readable(text[:1000]) else _NO_TEXT


def _without_markup(text: str) -> str:
    """The text of a page or of XML, read once from its start to its end."""
    shown, start, until = [], 0, ""
    for tag in _TAG.finditer(text):
        name = tag[0].rstrip(">").split(maxsplit=1)[0].lower()
        if not until:
            shown.append(text[start : tag.start()])
            until = _HIDDEN.get(name, "")
        elif name == until.rstrip(">"):
            until = ""
        start = tag.end()
    plain = " ".join((*shown, "" if until else text[start:]))
    plain = plain.replace("<![CDATA[", "").replace("]]>", "")
    with suppress(ValueError):  # the number of a character of thousands of digits
        plain = html.unescape(plain)
    return plain.strip()


def _is_readable(text: str) -> bool:
    odd = sum(not (letter.isprintable() or letter.isspace()) for letter in text)
    return (odd + text.count("\ufffd")) * 10 <= len(text)
