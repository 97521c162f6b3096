"""Nothing that could fool a terminal or a reader gets through the sanitiser."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.views.sanitize import clean, clean_line, to_ascii

ANY_TEXT = st.text(st.characters(), max_size=200)
KEPT = {"\n", "\t", "\u200c", "\u200d", "\ufe0f"}


def is_unsafe(char: str) -> bool:
    """Controls, format characters and surrogates, but for the few that are kept."""
    return unicodedata.category(char) in ("Cc", "Cs") and char not in KEPT


@pytest.mark.parametrize("code", [*range(0x20), *range(0x7F, 0xA0), 0xD800, 0xDFFF])
def test_sanitize_lets_no_control_or_surrogate_pass(code: int) -> None:
    cleaned = clean(chr(code))
    assert cleaned
    assert not any(map(is_unsafe, cleaned))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[2J", "\u241b[2J"),
        ("\x1b]52;c;eA==\x07", "\u241b]52;c;eA==\u2407"),
        ("a\x7fb", "a\u2421b"),
        ("\u202egnp.exe", "<202E>gnp.exe"),
        ("\x9b31m", "<009B>31m"),
        ("\ufeff\u200bx", "<FEFF><200B>x"),
        ("\U000e0041", "<E0041>"),
        ("a\ud800b", "a\ufffdb"),
        ("line\none\ttab", "line\none\ttab"),
        ("👩\u200d👩 ❤\ufe0f", "👩\u200d👩 ❤\ufe0f"),
        ("a[/]b list[int] <think> :smile:", "a[/]b list[int] <think> :smile:"),
    ],
)
def test_unsafe_characters_become_visible(text: str, shown: str) -> None:
    assert clean(text) == shown


@given(ANY_TEXT, ANY_TEXT)
def test_a_chunk_boundary_cannot_defeat_the_sanitizer(first: str, second: str) -> None:
    assert clean(first) + clean(second) == clean(first + second)


@given(ANY_TEXT)
def test_sanitizing_twice_changes_nothing(text: str) -> None:
    assert clean(clean(text)) == clean(text)
    assert not any(map(is_unsafe, clean(text)))
    clean(text).encode()


@given(ANY_TEXT)
def test_a_sanitized_title_stays_on_one_line(text: str) -> None:
    assert len(clean_line(text).splitlines()) <= 1
    assert "\t" not in clean_line(text)


@given(ANY_TEXT)
def test_ascii_text_holds_everything_as_escapes(text: str) -> None:
    assert to_ascii(clean(text)).isascii()
