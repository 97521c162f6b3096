"""What a terminal can show, from its environment alone."""

from __future__ import annotations

from contextlib import closing
from types import SimpleNamespace

import pytest

from catagent.config import ColorChoice, Settings
from catagent.views.options import (
    Color,
    is_capable,
    options_for,
    resolve_ascii,
    resolve_color,
    resolve_theme,
    resolve_width,
)
from catagent.views.style import live_look
from tests.support.screen import Screen


@pytest.mark.parametrize(
    ("choice", "env", "isatty", "color"),
    [
        ("auto", {"TERM": "xterm"}, True, "16"),
        ("auto", {"TERM": "xterm-256color"}, True, "256"),
        ("auto", {"TERM": "xterm", "COLORTERM": "truecolor"}, True, "truecolor"),
        ("auto", {"TERM": "xterm"}, False, "none"),
        ("auto", {"TERM": "dumb"}, True, "none"),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1"}, True, "mono"),
        ("auto", {"TERM": "xterm", "NO_COLOR": ""}, True, "16"),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, True, "mono"),
        ("auto", {"TERM": "xterm", "NO_COLOR": "1", "FORCE_COLOR": "1"}, False, "none"),
        ("auto", {"TERM": "dumb", "NO_COLOR": "1"}, True, "none"),
        ("auto", {"TERM": "xterm", "FORCE_COLOR": "1"}, False, "16"),
        ("auto", {"TERM": "dumb", "FORCE_COLOR": "1"}, False, "16"),
        ("auto", {"TERM": "xterm", "FORCE_COLOR": "3"}, False, "truecolor"),
        ("auto", {"TERM": "xterm", "FORCE_COLOR": "0"}, True, "mono"),
        ("auto", {"TERM": "xterm", "CLICOLOR_FORCE": "1"}, False, "16"),
        ("auto", {"TERM": "xterm", "CLICOLOR_FORCE": "0"}, False, "none"),
        ("auto", {"TERM": "xterm", "CLICOLOR": "0"}, True, "mono"),
        ("always", {"TERM": "xterm", "NO_COLOR": "1"}, False, "16"),
        ("always", {}, False, "16"),
        ("never", {"TERM": "xterm", "FORCE_COLOR": "3"}, True, "none"),
    ],
)
def test_color_follows_the_choice_the_environment_and_the_terminal(
    choice: ColorChoice, env: dict[str, str], isatty: bool, color: Color
) -> None:
    assert resolve_color(choice, env, isatty=isatty) == color


@pytest.mark.parametrize(
    ("env", "encoding", "ascii_only"),
    [
        ({}, "utf-8", False),
        ({"LANG": "en_US.UTF-8"}, "UTF-8", False),
        ({"LC_ALL": "C"}, "utf-8", True),
        ({"LC_ALL": "C.UTF-8"}, "utf-8", False),
        ({"LANG": "de_DE.ISO-8859-1"}, "utf-8", True),
        ({"LANG": "de_DE.ISO-8859-15@euro"}, "utf-8", True),
        ({"LANG": "en_US.UTF-8"}, "ascii", True),
        ({"LANG": "en_US.UTF-8"}, "no-such-codec", True),
        ({}, None, False),
    ],
)
def test_ascii_is_used_where_the_encoding_holds_no_more(
    env: dict[str, str], encoding: str | None, ascii_only: bool
) -> None:
    assert resolve_ascii(env, encoding) is ascii_only


def test_linux_s_console_gets_signs_of_ascii_around_text_as_it_is() -> None:
    with closing(Screen()) as console, open(console.fd, "w", closefd=False) as stream:
        look = live_look(options_for(stream, {"TERM": "linux"}, Settings()))
        assert (look.glyphs.ok, look.text("für")) == ("ok ", "für")
        assert live_look(options_for(stream, {"TERM": "xterm"}, Settings())).glyphs.ok == "✓ "


def test_theme_follows_the_background_that_the_terminal_names() -> None:
    assert resolve_theme({"COLORFGBG": "0;15"}) == "light"
    assert resolve_theme({"COLORFGBG": "15;0"}) == "dark"
    assert resolve_theme({}) == "dark"


def test_width_is_what_columns_says_if_it_is_a_number() -> None:
    assert resolve_width({"COLUMNS": "120"}) == 120
    assert resolve_width({"COLUMNS": "3"}) == 20
    assert resolve_width({"COLUMNS": "wide"}) is None
    assert resolve_width({}) is None


def test_the_live_view_needs_a_terminal_that_moves_its_cursor() -> None:
    assert is_capable({"TERM": "xterm"}, isatty=True)
    assert not is_capable({"TERM": "dumb"}, isatty=True)
    assert not is_capable({"TERM": "xterm", "CI": "true"}, isatty=True)
    assert not is_capable({"TERM": "xterm"}, isatty=False)


@pytest.mark.parametrize(("env", "encoding", "isatty", "links"), [
    ({"TERM": "xterm"}, "utf-8", True, True),
    ({"TERM": "xterm", "NO_COLOR": "1"}, "utf-8", True, True),
    ({"TERM": "xterm"}, "utf-8", False, False),
    ({"TERM": "xterm"}, "ascii", True, False),
    ({"TERM": "linux"}, "utf-8", True, False),
    ({"TERM": "dumb"}, "utf-8", True, False),
    ({}, "utf-8", True, False),
])  # fmt: skip
def test_addresses_are_links_where_a_terminal_can_show_them(
    env: dict[str, str], encoding: str, isatty: bool, links: bool
) -> None:
    stream = SimpleNamespace(isatty=lambda: isatty, encoding=encoding)
    assert options_for(stream, env, Settings()).links is links
