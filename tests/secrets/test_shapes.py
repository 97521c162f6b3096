"""Secrets that nobody named: masked by their shape, whole, cut, streamed, and nothing else."""

from __future__ import annotations

import ast
import base64
import hashlib
import json
import random
import string
import sysconfig
import time
import uuid
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.redact import MASK, redact
from catagent.secrets import patterns
from tests.support import strategies as ours  # noqa: F401 - its Hypothesis profile
from tests.support.secrets import PEM, TELLING, told

ALNUM = string.ascii_letters + string.digits
PREFIXES = [
    (prefix, alphabet)
    for table in (patterns.PREFIXES, patterns.COMMON_PREFIXES, patterns.CLEAR_PREFIXES)
    for alphabet, prefixes in table.items()
    for prefix in prefixes.split()
]
MEGABYTE = 1_000_000


def key(prefix: str, alphabet: str, length: int = 40) -> str:
    """A made-up key: the same each time for one prefix."""
    chosen = random.Random(prefix)  # noqa: S311 - to be the same each time
    letters = {"a-f0-9": "0123456789abcdef", "A-Z0-9": string.ascii_uppercase + string.digits}
    return prefix + "".join(chosen.choices(letters.get(alphabet, ALNUM), k=length))


KEYS = {prefix: key(prefix, alphabet) for prefix, alphabet in PREFIXES}
HEAD, BODY = ({"alg": "HS256", "typ": "JWT"}, {"sub": "1234567890", "name": "Joe"})
JWT = ".".join(
    base64.urlsafe_b64encode(part).decode().rstrip("=")
    for part in (json.dumps(HEAD).encode(), json.dumps(BODY).encode(), bytes(range(32)))
)
TOKEN = "Zx81mQ4vT0pLr7Kd2NsW"
# What announces the token, and what comes after it.
ANNOUNCED = [
    ("x-api-key: ", "\n"),
    ("X-Api-Key: ", ""),
    ("api-key:", ", more"),
    ('{"x-api-key": "', '"}'),
    ("{'Authorization': 'Token ", "'}"),
    ("[('x-goog-api-key', '", "')]"),
    ("Authorization: Token ", ""),
    ("Authorization: ApiKey ", ""),
    ("authorization: ", "\r\n"),
    ("Authorization: Bearer ", ", so"),
    ('{\\"authorization\\": \\"Bearer ', '\\"}'),
    ("bearer ", ""),
    ("private-token: ", ""),
    ('{"access_token": "', '"}'),
    ('"clientSecret":"', '"'),
    ("https://host/x?sig=", "&x=1"),
    ("https://host/x?a=1&api_key=", ""),
    ("https://host/x?key=", ""),
    ("https://host/?X-Amz-Signature=", "&y"),
    ("?access_token=", '"'),
    ("Endpoint=sb://x/;SharedAccessKey=", ";Path=y"),
    ("https://hooks.slack.com/services/", " "),
    ("https://discord.com/api/webhooks/42/", ""),
    ("\\nBearer ", "\\n"),
    ("postgres://joe:", "@db.example/x"),
]


@pytest.mark.parametrize("prefix", KEYS)
def test_a_key_is_masked_by_its_prefix(prefix: str) -> None:
    for before, after in (
        ("", ""),
        ("it is ", "."),
        ('{"k": "', '"}'),
        ("a\\n", "\\nb"),
        ("=", " "),
    ):
        assert redact(before + KEYS[prefix] + after) == before + MASK + after


@pytest.mark.parametrize("prefix", KEYS)
def test_a_key_that_is_cut_at_the_end_is_masked(prefix: str) -> None:
    for end in range(max(TELLING, len(prefix) + 1), len(KEYS[prefix])):
        assert redact(f"it is {KEYS[prefix][:end]}") == f"it is {MASK}"


@pytest.mark.parametrize(("before", "after"), ANNOUNCED)
def test_a_token_is_masked_that_something_announces(before: str, after: str) -> None:
    assert redact(before + TOKEN + after) == before + MASK + after


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("amqp://bob:pa/ss@mq:5672/v", f"amqp://bob:{MASK}@mq:5672/v"),
        ("postgres://u:p@ss@host/db is down", f"postgres://u:{MASK}@host/db is down"),
        ("redis://:a?b#c@h and me@x.org", f"redis://:{MASK}@h and me@x.org"),
        ("'http://u:12345x@h', 'm@n'", f"'http://u:{MASK}@h', 'm@n'"),
        ("http://u:s3cr\\u00e9t@h", f"http://u:{MASK}@h"),
        ("http://u:s3cret\\nme@x.org", "http://u:s3cret\\nme@x.org"),
    ],
)
def test_a_password_in_an_address_is_masked_to_the_last_at(text: str, expected: str) -> None:
    assert redact(text) == expected


@pytest.mark.parametrize(
    "gap", ["\n", "\r\n", " ", "\\n", "\\\\n", "\\r\\n", '\\n"\n  "', "\n    "]
)
def test_a_private_key_is_masked_whatever_became_of_its_lines(gap: str) -> None:
    text = PEM.strip().replace("\n", gap)
    assert redact(f"it is {text} or so") == f"it is {MASK} or so"
    for end in range(40, len(text), 7):
        assert told(redact(text[:end]), "".join(PEM.split("\n")[1:-2])) == ""


def test_a_json_web_token_is_masked_also_where_it_is_cut() -> None:
    assert redact(f"a {JWT} b") == f"a {MASK} b"
    for end in range(TELLING, len(JWT)):
        assert redact(JWT[:end]) == MASK


@pytest.mark.parametrize("before", ["hooks.slack.com/services/", "discord.com/api/webhooks/42/"])
def test_the_address_of_a_hook_is_masked_also_where_it_is_cut(before: str) -> None:
    for end in range(TELLING, len(TOKEN)):
        assert redact(before + TOKEN[:end]) == before + MASK


@given(st.sampled_from([*KEYS.values(), JWT, *(b + TOKEN for b, _ in ANNOUNCED)]), st.data())
def test_no_part_of_a_key_that_tells_something_is_shown(secret: str, data: st.DataObject) -> None:
    text = secret[: data.draw(st.integers(1, len(secret)))]
    hidden = TOKEN if TOKEN in secret else secret
    prefix = next((p for p in KEYS if KEYS[p] == secret), "")
    told_of = told(redact(f"it is {text}"), hidden)
    assert told_of == "" or told_of in prefix or text == prefix


@pytest.mark.parametrize(
    "text",
    [
        *("http://a.b:80/x and mail me@x.org", "http://host:8080/path@v2", "h:80, m@n"),
        *("https://registry.example:443/@scope/pkg@1.2.3", "kafka://a:9092,b:9092/t@x"),
        *("http://{host}:{port}/@x", "scheme://user:password@host", "git+ssh://git@h:22/a@b"),
        *("sk-learn-contrib-and-some-more is", "hf_hub_download", "npm_config_registry_address"),
        *("Bearer authentication is", "bearer of the bad news", "basic understanding", "key-value"),
        *("-----BEGIN PRIVATE KEY----- begins one", "eyJ is how", 'headers = ["authorization", x]'),
        *('"x-api-key": settings.api_key_of_the_server2', "?key={key}&token=<token>", "?sig=%s"),
        *("authorization: required", "secret_name_of_the_object_2", "api_key = environ['A_KEY']"),
    ],
)
def test_what_only_resembles_a_secret_is_not_masked(text: str) -> None:
    assert redact(text) == text
    assert redact(f"{text}, or not.") == f"{text}, or not."


def code() -> Iterator[str]:
    folder = Path(sysconfig.get_path("stdlib"))
    for path in sorted(folder.glob("*.py")):
        yield path.read_text(encoding="utf-8", errors="replace")


def prose() -> Iterator[str]:
    """What the standard library says of itself."""
    from pydoc_data.topics import topics

    yield from topics.values()
    for text in code():
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
                yield ast.get_docstring(node) or ""


def logs() -> Iterator[str]:
    chosen = random.Random(4711)  # noqa: S311 - to be the same each time
    for number in range(2400):
        raw = chosen.randbytes(chosen.randint(8, 60))
        digest, plain = hashlib.sha256(raw).hexdigest(), base64.b64encode(raw).decode()
        word = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        told_id = uuid.UUID(bytes=raw[:8] * 2)
        yield from (
            f"2026-05-06T07:08:09Z INFO id={told_id} GET http://10.0.0.7:8080/v1?page={number} 200",
            f"commit {digest[:40]} by joe@example.org on https://git.example/org/repo@{digest[:7]}",
            f"etag={plain} digest=sha256:{digest} cursor={word} tokens={number} auth=none",
            f"npm http fetch GET 200 https://registry.example:443/@scope/pkg@1.2.3 {number}ms",
            f"thread_{word} run_{digest[:24]} call_{word[:24]} chatcmpl-{word} key-{told_id}",
        )


@pytest.mark.parametrize("corpus", [code, prose, logs])
def test_a_megabyte_without_secrets_is_left_as_it_is(corpus: Callable[[], Iterator[str]]) -> None:
    length = 0
    for text in corpus():
        assert changed(text) == []
        length += len(text)
        if length > MEGABYTE:
            return
    pytest.fail("less than a megabyte")


def changed(text: str) -> list[str]:
    """The lines of a text that are masked, or part of what is."""
    masked = redact(text)
    if masked == text:
        return []
    kept = set(masked.splitlines())
    return [line for line in text.splitlines() if line not in kept]


GROWING = [
    *("sk-", "sk-a ", "://:", "://a: b", "://a:@", "Bearer ", "-----BEGIN PRIVATE KEY-----", "eyJ"),
    *(
        "eyJaaaaaaaaa.",
        "\\",
        "\\n",
        "%25",
        "&amp;",
        "%c3",
        "authorization: ",
        "x-",
        "?key=",
        "api-",
    ),
    *('_key": "', "basic ", "A", "1", "http://a/b?c=d&e=f "),
]


@pytest.mark.parametrize("piece", GROWING)
def test_text_full_of_beginnings_takes_linear_time(piece: str) -> None:
    def cost(length: int) -> float:
        text = piece * (length // len(piece)) + "x-api-key: "
        began = time.process_time()
        redact(text)
        return time.process_time() - began

    costs = [cost(length) for length in (20_000, 160_000)]
    assert all(more < 8 * 6 * max(less, 0.002) for less, more in pairwise(costs))
