"""The relay between a program's terminal and ours, on real pseudo-terminals."""

from __future__ import annotations

import os
import threading

import pytest

from catagent.cli.pty import Relay
from catagent.sinks.live import LiveSink
from catagent.views.options import ViewOptions
from tests.support.screen import Screen
from tests.support.waiting import wait_until


def test_the_last_rows_of_a_program_that_ends_between_two_looks_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal, (ours, theirs) = Screen(), os.openpty()
    live = LiveSink(ViewOptions(), terminal.fd, raw=True)
    relay = Relay(ours, live)
    ending = threading.Thread(target=relay.finish)

    def end() -> None:
        """Write the last rows when the relay has waited in vain, and end before it goes on."""
        monkeypatch.setattr(relay, "_resize", lambda: None)
        os.write(theirs, b"last words\n")
        ending.start()
        assert relay._ended.wait(60)

    monkeypatch.setattr(relay, "_resize", end)
    live.start()
    relay.start()
    wait_until(lambda: ending.ident is not None)
    ending.join()
    live.close()
    os.close(theirs)
    terminal.until(lambda: terminal.text() == "last words")
    terminal.close()
