"""Real programs, watched: every token that a server sent, once, with the call that it is of."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from catagent.events import types as ev
from tests.support.agents import QUESTION
from tests.support.scripts import ANSWER_TOKENS, WHERE_TOKENS, cat, tokens_of
from tests.support.server import ScriptedServer
from tests.support.watched import run_watched

PROGRAM = str(Path(__file__).parent / "programs/many.py")
KEY = "a-key-of-tests"


def texts(events: Iterable[ev.Event]) -> list[tuple[str | None, str]]:
    """Each piece of text, with the key of the call that its model was asked inside."""
    found = (event for event in events if isinstance(event, ev.LlmToken))
    return [(event.call, event.data.delta) for event in found if event.data.channel == "text"]


def test_many_runs_at_once_have_every_token_once_and_their_own(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=20)) as server:
        seen = run_watched([PROGRAM], tmp_path, OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY)
    runs = list(seen.runs().values())
    assert len(runs) == 7
    said = {"1": WHERE_TOKENS, "2": tokens_of(0, 20), None: ANSWER_TOKENS}
    sent = [(call, text) for call in said for text in said[call]]
    for events in runs:
        first, last = events[0], events[-1]
        assert isinstance(first, ev.RunStarted)
        assert first.data.input == QUESTION
        assert texts(events) == sent
        assert isinstance(last, ev.RunFinished)
        assert (last.data.status, last.data.output) == ("success", "".join(ANSWER_TOKENS))
        assert [event.seq for event in events if not isinstance(event, ev.Unknown)] == list(
            range(len(events))
        )
    processes = {run[0].data.pid for run in runs if isinstance(run[0], ev.RunStarted)}
    assert len(processes) == 2


def test_a_program_that_is_killed_leaves_what_it_had_shown(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=400, pace=0.01)) as server:
        seen = run_watched(
            [PROGRAM, "kill"], tmp_path, -9, OPENAI_BASE_URL=server.url, OPENAI_API_KEY=KEY
        )
    shown = [text for call, text in texts(seen.events) if call == "2"]
    assert 3 <= len(shown) < 400  # the program is killed by whoever sees the third, a little later
    assert shown == [*tokens_of(0, len(shown))]
    last = seen.events[-1]
    assert isinstance(last, ev.RunFinished)
    assert last.data.error is not None
    assert last.data.error.message == "The program ended before the run did."
    open_ends = [event for event in seen.events if isinstance(event, ev.LlmFinished)]
    assert open_ends[-1].data.error == last.data.error
