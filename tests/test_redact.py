"""Secrets taken out of text."""

from __future__ import annotations

import json

import pytest

from catagent.redact import MASK, redact, redactor


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk-proj-abcdefghijkl.", f"key {MASK}."),
        ("Authorization: Bearer abcdef123456", f"Authorization: Bearer {MASK}"),
        ("bearer abcdef123456", f"bearer {MASK}"),
        ("https://joe:pa55w0rd@host/v1", f"https://joe:{MASK}@host/v1"),
        ("https://host/v1?api_key=abc&x=1", f"https://host/v1?api_key={MASK}&x=1"),
        ("AIza" + "x" * 35, MASK),
        ("hf_abcdefgh12", MASK),
    ],
)
def test_what_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    ["", "task-force sk-8", "http://127.0.0.1:8080/v1", "joe@host", "a: b@c", "the bearer of news"],
)
def test_what_only_resembles_one_stays(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("secret", ["hunter2hunter2", 'qu"ote\\d', "gehéim", "\ud800broken"])
def test_a_known_value_is_masked_as_it_is_and_as_json_writes_it(secret: str) -> None:
    mask = redactor([secret])
    for ensure_ascii in (True, False):
        line = json.dumps({"delta": f"it is {secret}!"}, ensure_ascii=ensure_ascii)
        assert json.loads(mask(line)) == {"delta": f"it is {MASK}!"}
    assert redact(f"it is {secret}!", [secret]) == f"it is {MASK}!"


def test_the_longer_of_two_values_goes_first() -> None:
    assert redact("abcdefgh-more", ["abcdefgh", "abcdefgh-more"]) == MASK


def test_an_empty_value_is_no_secret() -> None:
    assert redact("text", [""]) == "text"
