"""Plays a recording and shows it: the body of `catagent replay`."""

import asyncio

from msgspec.structs import replace as changed

from catagent.cli.asked import Asked
from catagent.cli.outputs import opened
from catagent.cli.recordings import readable
from catagent.cli.spans import spans
from catagent.cli.stderr import say_error, say_questions, write
from catagent.events.state import RunState
from catagent.recordings.pace import Pace, read_chunks, replay
from catagent.recordings.reader import open_recording
from catagent.run.playback import Playback
from catagent.stop import Interrupts, Stop


def play(recording: str, speed: float, idle_limit: float, asked: Asked) -> int:
    """Play it and return the exit code. Raises RecordingError where it is damaged."""
    stop = Stop()
    asked = changed(asked, recording="" if recording == "-" else recording)
    with (
        spans(asked, stop) as recorders,
        open_recording(readable(recording, asked.loaded)) as descriptor,
        Interrupts(stop) as signals,
        opened(asked, stop) as outputs,
    ):
        signals.rescue = outputs.rescue
        playback = Playback(outputs.sinks, asked.filters, asked.given["mode"], stop)
        playback.recorders = recorders
        source = replay(read_chunks(descriptor), Pace(speed, idle_limit or None))
        outputs.status("replaying")
        signals.cancel = playback.cancel
        code = asyncio.run(playback.play(source))
    for state in playback.states.values() if not outputs.shows_errors else ():
        _say_end(state)
    asked.say_unmatched()
    if asked.stats:
        from catagent.views.stats import table

        write("\n".join(map(table, playback.states.values())))
    if playback.damage is not None:
        raise playback.damage
    return code


def _say_end(state: RunState) -> None:
    if state.finished is not None and state.finished.data.error is not None:
        say_error("catagent: the recorded run failed", state.finished.data.error)
    say_questions("catagent: the recorded run waits for an answer", state)
