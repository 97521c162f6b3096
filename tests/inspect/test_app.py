"""The inspector on a screen: what is seen of a recording, and what keys do."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from catagent.events import types as ev
from catagent.events.types import Event
from catagent.inspect.app import Inspector
from catagent.inspect.reading import Page
from catagent.recordings.reader import read
from catagent.views.options import ViewOptions
from catagent.views.style import live_look

HOSTILE = (
    "\x1b[31mred \x1b]52;c;ZXZpbA==\x07 \x1b]8;;http://a.test\x1b\\link \u202e\u2066 [/] [link=x]y"
    "[@click=app.quit]z[/] \ud800 \u200b\u200d e\u0301\u0301 漢字 👩‍👧 \x9b2J \r\x08\x7f\t|"
)
FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
Check = Callable[[Inspector, Pilot[int]], Awaitable[None]]


async def feed(events: Sequence[Event]) -> AsyncIterator[Sequence[Event]]:
    yield events


def inspect(events: Sequence[Event], check: Check, size: tuple[int, int] = (120, 40)) -> None:
    """Have a screen of this size show the events, and check what is on it."""

    async def show() -> None:
        app = Inspector(feed(events), look=live_look(ViewOptions()), title="a run")
        async with app.run_test(size=size) as pilot:
            await until(pilot, lambda: app.looking.at == len(events))
            await check(app, pilot)

    asyncio.run(show())


async def until(pilot: Pilot[int], condition: Callable[[], bool]) -> None:
    """Wait for a condition, and the frame after it."""
    while not condition():
        await pilot.pause(0.02)
    await pilot.pause(0.1)


def rows(app: Inspector) -> list[str]:
    """What is on the screen."""
    return [strip.text.rstrip() for strip in app.screen._compositor.render_strips()]


def recorded(name: str) -> list[Event]:
    return list(read(FIXTURES / name))


def test_the_tree_has_a_row_for_each_call_and_keys_fold_it() -> None:
    async def check(app: Inspector, pilot: Pilot[int]) -> None:
        shown = rows(app)
        assert "tests.support.agents" in shown[1]
        assert sum("where_cat_is_h" in row[:50] for row in shown) == 2
        await pilot.press("j", "j", "j", "h")
        assert sum("where_cat_is_h" in row[:50] for row in rows(app)) == 1

    inspect(recorded("nested.jsonl"), check)


def test_what_was_said_is_found_and_errors_are_gone_to() -> None:
    async def check(app: Inspector, pilot: Pilot[int]) -> None:
        await pilot.press("slash", *"SCRIPTED", "enter")
        assert app.looking.selected is not None
        assert app.looking.selected.kind == "model"
        await pilot.press("g", "e")
        assert any("[error]" in row for row in rows(app))
        assert any("The server" in row for row in rows(app))
        await pilot.press("left_square_bracket", "left_square_bracket")
        assert "event 4 of 6" in rows(app)[-1]
        assert "back in time" in rows(app)[-1]
        await pilot.press("f")
        assert "event 6 of 6" in rows(app)[-1]

    inspect(recorded("refused.jsonl"), check)


def test_hostile_text_is_harmless_on_every_pane() -> None:
    """No control reaches the terminal, no text is markup, a link or an action of Textual's."""

    async def check(app: Inspector, pilot: Pilot[int]) -> None:
        for keys in ("", "j", "s", "s", "j", "s"):
            await pilot.press(*keys)
            strips = app.screen._compositor.render_strips()
            shown = "\n".join(strip.text for strip in strips)
            assert "[/]" in shown
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202e\u2066\ud800]", shown)
            styles = [segment.style for strip in strips for segment in strip if segment.style]
            assert not any(style.link or "@click" in style.meta for style in styles)
        await pilot.click("#reading", offset=(12, 4))
        assert app.is_running

    evil = HOSTILE * 3
    about: dict[str, Any] = {"parent_ids": ["r"], "name": evil}
    started = ev.RunStartedData(agent=evil, mode="events", input=evil)
    asked = ev.LlmStartedData(model=evil, messages=[ev.Message(type="human", content=evil)])
    began = ev.ToolStartedData(tool=evil, tool_input=evil)
    failed = ev.ErrorInfo(kind="tool", type=evil, message=evil, file=evil, line=1, source=evil)
    tool = ev.ToolFinishedData(tool=evil, status="error", output=evil, error=failed)
    data = ev.LlmTokenData(channel="text", delta=evil)
    inspect(
        [
            ev.RunStarted(run_id="r", name=evil, data=started),
            ev.LlmStarted(run_id="m", data=asked, **about),
            ev.LlmToken(run_id="m", data=data, **about),
            ev.LlmFinished(run_id="m", data=ev.LlmFinishedData(model=evil, text=evil), **about),
            ev.ToolStarted(run_id="t", data=began, **about),
            ev.ToolFinished(run_id="t", data=tool, **about),
        ],
        check,
        (80, 24),
    )


def test_a_live_run_is_followed_and_going_back_holds_still() -> None:
    """The text is shown as it streams; what happens at once has lanes of its own."""
    events, more = recorded("parallel.jsonl"), asyncio.Event()

    async def halves() -> AsyncIterator[Sequence[Event]]:
        yield events[:40]
        await more.wait()
        yield events[40:]

    async def show() -> None:
        app = Inspector(halves(), look=live_look(ViewOptions()), is_live=True)
        async with app.run_test(size=(120, 40)) as pilot:
            await until(pilot, lambda: app.looking.at == 40)
            assert "event 40 of 40" in rows(app)[-1]
            assert "live" in rows(app)[-1]
            await pilot.press("left_curly_bracket", "right_square_bracket")
            held = rows(app)[:20]
            more.set()
            await until(pilot, lambda: not app.looking.is_live)
            assert "event 2 of 102" in rows(app)[-1]
            assert rows(app)[:20] == held
            await pilot.press("f")
            assert "ended" in rows(app)[-1]
            bars = [row for row in rows(app) if "━ get_items ━" in row]
            assert len(bars) == 3

    asyncio.run(show())


def test_keys_select_on_each_pane_and_what_is_read_is_copied_clean() -> None:
    async def check(app: Inspector, pilot: Pilot[int]) -> None:
        await pilot.press("j", "j")
        assert app.looking.selected is not None
        assert "gpt" in app.looking.selected.name
        await pilot.press("k", "k", "tab")
        assert app.looking.selected.kind == "run"
        count = len(app.looking.rows())
        await pilot.press("tab", "enter")
        assert len(app.looking.rows()) == 1 < count
        await pilot.press("s", "y")
        assert "copied" in rows(app)[-1]
        assert "\x1b" not in app.clipboard
        assert app.clipboard
        await pilot.press("question_mark")
        assert any("the next error" in row for row in rows(app))
        await pilot.press("escape", "q")
        assert app.return_value == 0

    inspect(recorded("nested.jsonl"), check)


def test_a_long_line_is_wrapped_as_far_as_it_is_read() -> None:
    page = Page()
    page.show([("plain", "x" * 10_000_000), ("dim", "the end")], 50)
    assert 20 <= page.until(20) < 1000
    assert page.until(1 << 40) == 200_001
    page.show([("plain", "a"), ("plain", "b")], 50)
    assert page.until(9) == 2
    page.show([("plain", "a"), ("plain", "b c"), ("plain", "d")], 2)
    assert [text for _, text in page.rows[: page.until(9)]] == ["a", "b", "c", "d"]


def test_of_several_runs_each_has_a_timeline_of_its_own_and_tokens_fit_in_80_columns() -> None:
    async def check(app: Inspector, pilot: Pilot[int]) -> None:
        await pilot.press("j", "l")
        assert "tokens" in rows(app)[0]
        (decided,) = (row.split("│")[0] for row in rows(app) if "╷ get_items" in row)
        assert not decided.rstrip().endswith(" s")
        assert any(row.startswith("━ model ━━━━") for row in rows(app))

    inspect([*recorded("events.jsonl"), *recorded("interrupt.jsonl")], check, (80, 24))
