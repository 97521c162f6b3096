"""Shows a thread as a conversation: what was asked, called and answered in each of its turns."""

import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from catagent.cli.asked import Asked
from catagent.cli.outputs import resolve
from catagent.cli.pager import page
from catagent.cli.recordings import history
from catagent.config import Loaded
from catagent.errors import RecordingError
from catagent.events.state import RunState
from catagent.events.summary import decided
from catagent.exports.facts import failed, final_state, observed
from catagent.exports.text import WIDTH
from catagent.recordings.reader import read_from
from catagent.redact import redact
from catagent.sinks.terminal import Terminal
from catagent.threads.store import Thread
from catagent.views.format import called, one_line
from catagent.views.graph import questions
from catagent.views.notes import answer, note, verdict
from catagent.views.options import readable
from catagent.views.parts import Part, Ready
from catagent.views.style import Look, live_look, plain_look
from catagent.views.wrap import cells, head, without_colors

# What else is shown of a run says that it ended like this.
_SAID = ("success", "interrupted")
_GONE = "its run is not in the history"


def show_thread(thread: Thread, asked: Asked) -> None:
    """Print its turns, as far as the history has their runs; on a terminal through a pager."""
    options, is_live = asked.view(sys.stdout), sys.stdout.isatty() and resolve(asked) == "live"
    look, runs = (live_look if is_live else plain_look)(options), list(_runs(thread, asked.loaded))
    turns = [(redact(turn.question, asked.loaded.secrets), turn.run) for turn in thread.begun]
    parts = [part for question, run in turns for part in _turn(look, question, _legs(run, runs))]
    if is_live:
        size = Terminal(sys.stdout.fileno()).size()
        page(_rows(parts, readable(options, size.columns)), size.rows, asked.loaded.process)
    else:
        sys.stdout.writelines(f"{row}\n" for row in _rows(parts, WIDTH))


def _rows(parts: Iterable[Part], width: int) -> Iterator[str]:
    return (row for part in parts for row in part.take(width))


def _runs(thread: Thread, loaded: Loaded) -> Iterator[RunState]:
    """The runs of a thread that the history has, the oldest first."""
    for run in reversed([each for each in history(loaded).runs() if each.thread == thread.id]):
        with suppress(RecordingError):
            yield final_state(read_from(Path(run.path)))


def _legs(first: str, runs: Iterable[RunState]) -> list[RunState]:
    """The run that a question began, and those that went on with it when it waited."""
    legs: list[RunState] = []
    ids = {first}
    for state in runs:
        if state.started and (state.started.run_id in ids or state.started.data.resumes in ids):
            ids.add(state.started.run_id)
            legs.append(state)
    return legs


def _turn(look: Look, question: str, legs: Iterable[RunState]) -> Iterator[Part]:
    yield note(look, look.glyphs.ask, question, "busy", "question")
    known = [part for state in legs for part in _leg(look, state)]
    yield from known or [note(look, look.glyphs.aside, _GONE, "dim", "dim")]
    yield Ready(lambda _: [""])


def _leg(look: Look, state: RunState) -> Iterator[Part]:
    """What a run was answered, what it called, a row each, and what it came to."""
    for said in ((state.started and state.started.data.answers) or {}).values():
        yield note(look, look.glyphs.ask, one_line(said), "busy")
    for call in decided(state):
        bad = look.paint("bad", look.glyphs.bad)
        sign = bad if failed(call) else look.paint("tool", look.glyphs.call)
        told = filter(None, [called(call.tool, call.tool_input), one_line(observed(call))])
        yield Ready(partial(_row, look, sign, look.line(": ".join(told))))
    for pause in state.interrupts:
        yield note(look, look.glyphs.pause, one_line("\n".join(questions(pause.data))), "warn")
    if state.answer is not None:
        yield from answer(look, state.answer)
    elif state.finished is not None and state.finished.data.status not in _SAID:
        error = state.finished.data.error
        yield verdict(look, state.finished.data, [error.message] if error else [])


def _row(look: Look, sign: str, text: str, width: int | None) -> list[str]:
    return [sign + head(text, (width or WIDTH) - cells(without_colors(sign)), look.glyphs.ellipsis)]
