"""Known secrets in text: of several lines, in any form, cut anywhere."""

from __future__ import annotations

import html
import json
import textwrap
import time
from collections.abc import Callable
from itertools import count
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.config import secrets_of
from catagent.redact import MASK, Redactor
from catagent.secrets.plain import Plain, plain
from catagent.secrets.values import TELLING
from tests.support import strategies as ours  # noqa: F401 - its Hypothesis profile
from tests.support.secrets import PEM, told

SECRETS = [
    PEM,
    "wJalrXUtnFEMIK7MDENGbPxRfiCY",
    'p@ss/wo"rd\\x9271',
    "correct horse  battery\tstaple-77",
    "пароль-C43HaWAJR-x",
    "half-😀-of-the-moon",
    "pa%40ss%2Fwo rd&more<1>",
]
FORMS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": lambda text: json.dumps(text)[1:-1],
    "JSON in UTF-8": lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda text: json.dumps(json.dumps(text)),
    "repr": repr,
    "HTML": html.escape,
    "JSON in HTML": lambda text: html.escape(json.dumps(text)),
    "an address": lambda text: quote(text, safe=""),
    "JSON in an address": lambda text: quote(json.dumps(text)),
    "lines of Windows": lambda text: text.replace("\n", "\r\n"),
    "joined by spaces": lambda text: " ".join(text.split()),
    "without white space": lambda text: "".join(text.split()),
    "escaped by hand": lambda text: text.replace("\n", "\\n"),
    "escaped twice": lambda text: text.replace("\n", "\\\\n"),
    "wrapped anew": lambda text: textwrap.fill(text, 40),
    "indented": lambda text: textwrap.indent(textwrap.fill(text, 30), "      "),
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", SECRETS)
def test_a_known_secret_is_masked_in_every_form(secret: str, form: str) -> None:
    text = f"the key is {FORMS[form](secret.strip())} as I said"
    masked = Redactor([secret]).text(text)
    assert masked.startswith("the key is ")
    assert masked.endswith(" as I said")
    assert MASK in masked
    assert told(masked, secret) == ""


@given(st.sampled_from(SECRETS), st.sampled_from(sorted(FORMS)), st.data())
def test_no_part_of_a_secret_that_tells_something_is_shown(
    secret: str, form: str, data: st.DataObject
) -> None:
    """Wherever a stranger cut it, in front or behind, and whatever stands around it."""
    text = FORMS[form](secret)
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start, len(text)))
    around = st.text(st.characters(codec="utf-8", categories=["L", "Zs"]), max_size=9)
    text = f"{data.draw(around)} {text[start:end]} {data.draw(around)}"
    assert told(Redactor([secret]).text(text), secret) == ""


def test_a_line_of_a_secret_alone_is_masked() -> None:
    for line in PEM.split("\n")[1:-1]:
        assert Redactor([PEM]).text(f"line: {line}.") == f"line: {MASK}."


@pytest.mark.parametrize(
    ("secret", "text"),
    [
        ("/home/joe/projects/keys/account.json", "/home/joe/projects/cat/main.py"),
        ("https://login.example.com/oauth2/token", "https://login.example.com/help"),
        ('{"uri": "https://www.example.com/o/auth"}', "see https://www.example.com/"),
        ("hunter2-hunter2", "hunter and hunter2"),
    ],
)
def test_a_part_of_a_place_or_a_word_of_a_secret_is_not_one(secret: str, text: str) -> None:
    known = Redactor([secret])
    assert known.text(text) == text
    assert known.text(f"<{secret}>") == f"<{MASK}>"


def test_a_key_in_an_object_that_holds_addresses_is_a_secret_by_itself() -> None:
    account = json.dumps({"token_uri": "https://oauth2.example.com/token", "private_key": PEM})
    known = Redactor([account])
    assert MASK in known.text(f"signed with {PEM}")
    assert told(known.text(f"signed with {PEM}"), PEM.split("\n")[2]) == ""


@pytest.mark.parametrize(
    ("address", "password"),
    [
        ("postgres://joe:canary@4711/x@db.example/x", "canary@4711/x"),
        ("amqp://bob:pa/ss-w0rd#1@mq:5672/v", "pa/ss-w0rd#1"),
        ("redis://:only:a?password@host/0", "only:a?password"),
        ("http://u:q'uote-4711@h/", "q'uote-4711"),
        ("http://u:p%40ss%2Fw0rd@h/", "p@ss/w0rd"),
        ("http://a:first-one@h,http://b:second-one@h", "second-one"),
        ("dsn=postgres://joe:canary@4711/x@db sslmode=require", "canary@4711/x"),
    ],
)
def test_a_password_in_an_address_is_all_between_the_user_and_the_last_at(
    address: str, password: str
) -> None:
    secrets = secrets_of({"DATABASE_URL": address})
    assert password in secrets
    assert Redactor(secrets).text(f"wrong: {password}!") == f"wrong: {MASK}!"


@given(st.text(max_size=40) | st.from_regex(r"(\\+[nutx]|%[0-9a-fA-F]{2}|&#?\w+;| |.){0,20}"))
def test_the_plain_form_is_the_same_with_places_and_without(text: str) -> None:
    whole = Plain(text)
    assert whole.text == plain(text)
    for at, character in enumerate(whole.text):
        start, end = whole.span(at, at + 1)
        assert character in plain(text[start:end]) or start + 1 < end


def test_many_secrets_and_long_ones_take_linear_time() -> None:
    """Twice the text takes about twice the time, also where it is full of parts of secrets."""
    known = Redactor(
        [PEM * 3, "0123456789abcdef", *(f"secret-number-{i:04}-{i * 7919:x}" for i in range(200))]
    )
    number = count()  # a text that was masked before is remembered
    text = PEM[40:110] * 500 + " secret-number-" * 2000 + "0123456789abcdef" * 2000

    def cost(times: int) -> float:
        varied = text * times + f" {next(number)}"
        began = time.process_time()
        known.text(varied)
        return time.process_time() - began

    cost(1)
    assert cost(8) < 4 * 8 * max(cost(1), 0.002)


def test_the_first_characters_of_a_secret_are_shown_as_long_as_they_say_nothing() -> None:
    assert Redactor(["wJalrXUtnFEMIK7MDENG"]).text("wJalrXUtnFE") == "wJalrXUtnFE"[: TELLING - 1]
