"""The inspector on a screen: what is seen of a recording, and what keys do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

from textual.pilot import Pilot

from catagent.events.types import Event
from catagent.inspect.app import Inspector
from catagent.recordings.reader import read
from catagent.views.options import ViewOptions
from catagent.views.style import live_look

FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
Check = Callable[[Inspector, Pilot[int]], Awaitable[None]]


async def _feed(events: Sequence[Event]) -> AsyncIterator[Sequence[Event]]:
    yield events


def inspect(events: Sequence[Event], check: Check, size: tuple[int, int] = (120, 40)) -> None:
    """Have a screen of this size show the events, and check what is on it."""

    async def show() -> None:
        app = Inspector(_feed(events), look=live_look(ViewOptions()), title="a run")
        async with app.run_test(size=size) as pilot:
            await pilot.pause(0.2)
            await check(app, pilot)

    asyncio.run(show())


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
