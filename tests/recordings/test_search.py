"""Finding a text in recordings."""

from __future__ import annotations

from pathlib import Path

import pytest

from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.recordings.search import Search
from tests.support.runs import cat_run, model, stamped, started, tool, words


def recording(path: Path, *events: ev.Event) -> Path:
    path.write_bytes(
        b"".join(map(encode, stamped([started('Where?\nÜber "Größe"\u2028'), *events])))
    )
    return path


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("where", "Where?"),
        ("größe", 'Über "Größe"\u2028'),
        ("\udcc3\udc9cber", 'Über "Größe"\u2028'),  # where the locale is C
        ("\udcff", None),
        ("ÜBER", 'Über "Größe"\u2028'),
        ('"gr', 'Über "Größe"\u2028'),
        ("?\nü", "Where?"),
        ("a\\b", "a\\b"),
        ("the_tool", "the_tool"),
        ("in a list", "in a list"),
        ("one two", "one two "),
        ("ORDER", "order-77"),
        ("poem", "poem"),
        ("run.started", None),
        ("nb", None),  # of the newline as JSON writes it
        ("call-1", None),
    ],
)
def test_a_text_is_found_in_any_case_as_it_was_said(
    tmp_path: Path, text: str, line: str | None
) -> None:
    given = {"id": "order-77", "type": "poem", "path": "a\\b", "more": [{"x": "in a list"}]}
    events = [*tool("call-1", "the_tool", given, []), *model("m", ["one ", "two "])]
    assert Search(text).first(recording(tmp_path / "run.jsonl", *events)) == line


def test_what_is_said_of_a_secret_is_not_said_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_API_KEY", "abcdefgh-ijklmnop")
    path = recording(tmp_path / "run.jsonl", *model("m", ["It is abcdefgh-ijklmnop, ", "is it?"]))
    assert Search("ijkl").first(path) is None
    found = Search("is it?").first(path)
    assert found is not None
    assert "ijkl" not in found


def test_a_long_recording_with_damage_is_searched_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    damage = b'{"type": "answer", needle\n[["needle"]]\n' + b'{"a":' * 5000 + b'"needle"\n'
    whole = b"".join(map(encode, cat_run(words("item", 9000))))
    path.write_bytes(damage + whole + encode(ev.Answer(data=ev.AnswerData(output="A Needle."))))
    assert Search("needle").first(path) == "A Needle."
