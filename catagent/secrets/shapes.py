"""Finds what is secret by its shape, though nobody named it: keys, logins, passwords."""

import base64
import re
from collections.abc import Iterator

from catagent.secrets import patterns as data
from catagent.secrets.patterns import MASK, Shape
from catagent.secrets.values import TELLING

# What stands for a password in examples.
_EXAMPLES = frozenset({"pass", "passwd", "password", "port", "pw", "pwd"})
# The letters of text, from the rarest on: a mark is looked for by its rarest one.
_BY_RARITY = "=@:-_.JZQXKVBUzqxjkvbywgpfmcdulhrsnioate"


def _keys() -> Iterator[Shape]:
    for alphabet, prefixes in data.PREFIXES.items():
        yield from (_key(prefix, alphabet) for prefix in prefixes.split())
    for alphabet, prefixes in data.COMMON_PREFIXES.items():
        no_word = rf"(?=[{alphabet}]{{0,40}}?[A-Z0-9*]|[a-z]{{{data.LEAST}}})"
        yield from (_key(prefix, alphabet, no_word) for prefix in prefixes.split())
    for alphabet, prefixes in data.CLEAR_PREFIXES.items():
        yield from (_key(prefix, alphabet, least=TELLING) for prefix in prefixes.split())


def _key(prefix: str, alphabet: str, no_word: str = "", least: int = data.LEAST) -> Shape:
    """A key after its prefix; at the end of a text, which may be cut, also the beginning of one."""
    start = data.START + re.escape(prefix)
    cut = max(1, TELLING - len(prefix))
    found = rf"{start}{no_word}(?:[{alphabet}]{{{least},}}|[{alphabet}]{{{cut},}}\Z)"
    return Shape(prefix, found, rf"{start}[{alphabet}]*")


def _login(match: re.Match[str]) -> str:
    """Masked if it is "name:password" in base64, and not a word that follows another."""
    word = match["login"]
    try:
        said = base64.b64decode(word + "=" * (-len(word) % 4), validate=True).decode("utf-8")
    except ValueError:
        return match[0]
    return match["kept"] + MASK if ":" in said else match[0]


def _password(match: re.Match[str]) -> str:
    """Masked up to the last @; to the end where the text is cut before there was one."""
    rest = match["rest"]
    password, at, host = rest.rpartition("@")
    if not at and match.end() == len(match.string) and not re.fullmatch(r"\d{1,5}", rest):
        password, host = rest, ""
    if not password or password.lower() in _EXAMPLES:
        return match[0]
    return match["kept"] + MASK + at + host


SHAPES = (
    data.ADDRESS._replace(put=_password),
    data.PRIVATE_KEY,
    data.JWT,
    data.LOGIN._replace(put=_login),
    *data.ANNOUNCED,
    *_keys(),
)
_BY_MARK = [(mark, shape) for shape in SHAPES for mark in shape.marks.split()]


def shapes_in(text: str) -> list[Shape]:
    """The shapes that may be in the text: those of which it has a mark."""
    return list(dict.fromkeys(shape for mark, shape in _BY_MARK if mark in text))


def _any_of(marks: set[str]) -> re.Pattern[str]:
    """A pattern of them all: the rarest character of each first, and then what is around it."""
    by_pivot: dict[str, list[str]] = {}
    for mark in sorted(marks):
        at = min(range(len(mark)), key=lambda i: (_BY_RARITY + mark).index(mark[i]))
        before, after = re.escape(mark[: at + 1]), re.escape(mark[at + 1 :])
        by_pivot.setdefault(mark[at], []).append(f"(?<={before}){after}")
    found = (f"{re.escape(pivot)}(?:{'|'.join(ways)})" for pivot, ways in by_pivot.items())
    return re.compile("|".join(found))


has_mark = _any_of({mark for mark, _ in _BY_MARK}).search
