"""The prompt of `catagent chat`, typed at through prompt_toolkit's own pipe."""

from __future__ import annotations

import asyncio
import stat
from pathlib import Path

import pytest
from prompt_toolkit.application import create_app_session
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document
from prompt_toolkit.history import History, InMemoryHistory
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput

from catagent.cli.chat.prompt import Prompt, history
from catagent.cli.chat.slash import SlashCompleter
from catagent.views.options import ViewOptions
from catagent.views.style import live_look

KEY = "sk-test-0123456789abcdef"


def typed(*keys: str, before: History | None = None) -> list[str]:
    """What is read where these keys are pressed, each once there is another prompt."""

    async def read() -> list[str]:
        found = []
        for each in keys:
            source.send_text(each)
            try:
                found.append(await asyncio.wait_for(prompt.read(), 30))
            except EOFError:
                found.append("left")
        return found

    with (
        create_pipe_input() as source,
        create_app_session(input=source, output=DummyOutput()),
    ):
        prompt = Prompt(live_look(ViewOptions()), before or InMemoryHistory(), SlashCompleter())
        return asyncio.run(read())


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("where?\r", "where?"),
        ("a\x1b\rb\nc\r", "a\nb\nc"),
        ("\x1b[200~a\r\nb\n\x1b[201~\r", "a\nb\n"),
        ("\r  \rx\r", "  x"),
        ("wrong\x03right\r", "right"),
        ("\x03", ""),
        ("\x04", "left"),
        ("first\x1b[D\x1b[D\x04\r", "firt"),
    ],
)
def test_enter_sends_what_is_typed_and_nothing_else_does(keys: str, text: str) -> None:
    """Neither a line that is begun nor one that is pasted; Ctrl-C clears, Ctrl-D deletes."""
    assert typed(keys) == [text]


def test_what_is_typed_ahead_lands_in_the_next_prompt_and_is_not_sent() -> None:
    assert typed("one\rtwo\r\x1b[A", "!\r") == ["one", "two\n!"]


def test_what_was_typed_comes_back_and_a_secret_is_kept_in_no_file(tmp_path: Path) -> None:
    path = tmp_path / "state/chat_history"
    kept = history(path, [])
    assert typed("a\nb\r", f"key {KEY}\r", "\x1b[A\x1b[A\x1b[A\x01!\r", before=kept)[2] == "!a\nb"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert KEY not in path.read_text()
    assert typed("\x12b\r\x05\r", before=history(path, []))[0] == "!a\nb"


def test_texts_come_back_where_no_file_can_be(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert typed("a\r", "\x1b[A\r", before=history(tmp_path / "file/history", [])) == ["a", "a"]


def completed(text: str) -> list[str]:
    found = SlashCompleter().get_completions(Document(text), CompleteEvent())
    return [each.text for each in found]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("/mo", ["/model", "/mode"]),
        ("/mode e", ["events"]),
        ("/agent cat-", ["cat-classic"]),
        ("/help ", []),
        ("where /m", []),
        ("//m", []),
        ("/mode e\n", []),
    ],
)
def test_commands_and_what_they_take_are_completed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, values: list[str]
) -> None:
    monkeypatch.setenv("CATAGENT_HOME", str(tmp_path))
    assert completed(text) == values
