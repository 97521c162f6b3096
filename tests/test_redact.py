"""Secrets taken out of text."""

from __future__ import annotations

import json

import pytest

from catagent.redact import MASK, Redactor, redact, shortened


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
        ("Authorization: Basic am9lOmh1c2gtaHVzaA==", f"Authorization: Basic {MASK}"),
        ("Basic am9lOmh1c2gtaHVzaA", f"Basic {MASK}"),
        ("basic am9lOnBhc3M6d29yZDEy", f"basic {MASK}"),
    ],
)
def test_text_that_looks_like_a_secret_is_masked(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "task-force sk-8", "http://127.0.0.1:8080/v1", "joe@host", "a: b@c"),
        *("the bearer of news", "Basic understanding of programs", "Basic JavaScript2 TypeScript="),
    ],
)
def test_text_that_only_resembles_a_secret_is_not_masked(text: str) -> None:
    assert redact(text) == text


@pytest.mark.parametrize("secret", ["hunter2hunter2", 'qu"ote\\d', "gehéim", "\ud800broken"])
def test_a_known_secret_is_masked_plain_and_as_json_writes_it(secret: str) -> None:
    mask = Redactor([secret]).text
    for ensure_ascii in (True, False):
        line = json.dumps({"delta": f"it is {secret}!"}, ensure_ascii=ensure_ascii)
        assert json.loads(mask(line)) == {"delta": f"it is {MASK}!"}
    assert redact(f"it is {secret}!", [secret]) == f"it is {MASK}!"


def test_the_longer_of_two_secrets_is_masked_first() -> None:
    assert redact("abcdefgh-more", ["abcdefgh", "abcdefgh-more"]) == MASK


def test_an_empty_value_is_not_a_secret() -> None:
    assert redact("text", [""]) == "text"


@pytest.mark.parametrize("end", [False, True])
@pytest.mark.parametrize("most", [5, 20, 24, 30, 60, 100])
def test_a_text_is_never_cut_through_a_secret(
    most: int, end: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one looks like nothing: what is masked is masked before the cut."""
    monkeypatch.setenv("SOME_API_KEY", "canary-4711-canary")
    text = "x" * 20 + "canary-4711-canary sk-proj-abcdefghijkl" + "y" * 20
    short = shortened(text, most, end=end)
    assert len(short) <= most + 1
    assert not {"cana", "4711", "nary", "sk-", "ijkl"} & {
        short[i : i + n] for n in (3, 4) for i in range(len(short))
    }


def test_a_short_text_is_not_cut() -> None:
    assert shortened("abc", 3) == shortened("abc", 3, end=True) == "abc"
    assert (shortened("abcd", 3), shortened("abcd", 3, end=True)) == ("abc…", "…bcd")


def test_the_beginning_of_a_huge_text_has_no_half_secret_at_its_end() -> None:
    secrets = " ".join(f"sk-{i}-" + "z" * 400 for i in range(10_000))
    assert "zz" not in shortened(secrets, 300)


def test_a_secret_that_ends_as_it_begins_is_masked_to_its_end() -> None:
    """The end of it is not taken for the beginning of another one."""
    known = Redactor(["canary-4711-canary"])
    assert known.begins_at("it is canary-4711-canary") == len("it is canary-4711-canary")
    assert known.begins_at("it is canary-4711-canar") == len("it is ")
    assert known.begins_at("canary-4711-canary cana") == len("canary-4711-canary ")
