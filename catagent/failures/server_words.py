"""What a server says in the body of an error, of whatever form: its own words, as plain text."""

import html
import json
import re
from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Any

from catagent.redact import shortened

# What servers call their words, in small letters and without underscores. A title is said before
# its detail, a code before its description.
_NAMES = (
    *("title", "error", "errors", "err", "fault", "exception", "reason", "message", "msg"),
    *("detail", "errordescription", "errormessage", "errormsg", "errmsg", "baseresp", "statusmsg"),
    *("faultstring", "description", "raw", "metadata"),
)
# What names the kind of an error, also in JSON that is a text in JSON.
_CODE = re.compile(
    r'"(?:code|type|__type|status|reason|quotaId|error)\\*"\s*:\s*\\*"([^"\\]{1,200})',
    re.IGNORECASE,
)
_DEEPEST = 8
_MOST_ITEMS = 5
_MOST_NAMES = 100
MOST_READ = 1 << 16
# What is not shown of a page; what has no end goes on to the end of the page.
_MARKUP = re.compile(
    r"<!\[CDATA\[|\]\]>|<!--.*?(?:-->|\Z)|<(script|style)\b.*?(?:</\1[^<>]*>|\Z)"
    r"|</?[a-z][^<>]*>|<[!?][^<>]*>|&#\w{9,}",
    re.IGNORECASE | re.DOTALL,
)
_NO_TEXT = "something that is not text"


def words_in(found: Any) -> str:
    """The words in parsed JSON, or in text that may be JSON or a page; "" if empty.

    They are neither masked nor cut, and may have several lines. Never raises.
    """
    return _words(found, 0) or ("" if isinstance(found, str) else written(found))


def plain_name(name: str) -> str:
    """A name in the one of its spellings that is looked for; any exception's is "exception"."""
    plain = name.replace("_", "").lower()
    return "exception" if plain.endswith("exception") else plain


def codes_in(found: Any) -> str:
    """Whatever names the kind of an error in JSON, `insufficient_quota` say, by spaces."""
    text = found if isinstance(found, str) else written(found)
    return " ".join(_CODE.findall(text, 0, MOST_READ))


def one_line(text: str, most: int) -> str:
    """Text of a stranger in a line of up to `most` characters; secrets are masked before."""
    return shortened(" ".join(shortened(text, MOST_READ).split()), most)


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
    if isinstance(found, str):
        return _in_text(found.strip(), depth)
    if depth > _DEEPEST:
        return ""
    if isinstance(found, list | tuple):
        return "; ".join(_distinct(_words(item, depth + 1) for item in found[:_MOST_ITEMS]))
    if not isinstance(found, Mapping):
        return ""
    items = islice(found.items(), _MOST_NAMES)
    named = {plain_name(str(name)): value for name, value in items}
    said = _distinct(_words(named.get(name), depth + 1) for name in _NAMES)
    where = named.get("loc")  # as FastAPI says which part of a request it means
    return ": ".join(
        [".".join(map(str, where)), *said] if said and isinstance(where, list) else said
    )


def _distinct(words: Iterable[str]) -> list[str]:
    """Those that are not empty, in order, without what another one says as well."""
    found = list(dict.fromkeys(filter(None, words)))
    return [said for said in found if not any(said in other for other in found if other != said)]


def _in_text(text: str, depth: int) -> str:
    if text.startswith(("{", "[", '"')) and (found := parsed(text)) != text:
        return _words(found, depth + 1) or (text if found else "")
    if text.startswith("<"):
        text = html.unescape(_MARKUP.sub(" ", text[:MOST_READ])).strip()
    start = text[:1000]
    odd = sum(not (letter.isprintable() or letter.isspace()) for letter in start)
    return _NO_TEXT if (odd + start.count("\ufffd")) * 10 > len(start) else text
