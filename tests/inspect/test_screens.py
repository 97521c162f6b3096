"""The whole screen at three sizes, as pictures: `--snapshot-update` takes them anew."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from textual.pilot import Pilot

from catagent.inspect.app import Inspector
from catagent.views.options import ViewOptions
from catagent.views.style import live_look
from tests.inspect.test_app import feed, recorded, until


@pytest.mark.parametrize("size", [(40, 12), (80, 24), (200, 50)], ids="{0[0]}x{0[1]}".format)
def test_the_screen(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    async def look(pilot: Pilot[int]) -> None:
        await until(pilot, lambda: app.looking.at == len(events))
        await pilot.press(*"jjjj")

    look_of = live_look(ViewOptions(color="16"))
    events = recorded("nested.jsonl")
    app = Inspector(feed(events), look=look_of, title="a run")
    assert snap_compare(app, terminal_size=size, run_before=look)
