"""Asks the person at the terminal what a run waits for: one pause, one tool call after another."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from functools import partial
from typing import Any

from catagent.cli.questions import EDIT, Wanted, arguments, singly, together, wanted
from catagent.config import secrets_of
from catagent.events import types as ev
from catagent.events.codec import map_leaves
from catagent.redact import redact
from catagent.run.answers import Asker
from catagent.sinks.live import LiveSink
from catagent.views.transcript import Transcript


def terminal_asker(live: LiveSink) -> Asker:
    """Who asks where a person sees the run, and has what is asked shown there.

    All stays open where they leave, and where the process is in the background.
    """
    live.show(Transcript.leave_questions)
    return partial(_ask, live)


async def _ask(live: LiveSink, asked: Sequence[ev.Interrupt]) -> dict[str, Any] | None:
    """Ask one question after the other; the resume values by the ids of the interrupts."""
    questions = [each for event in asked for each in singly(event.data)]
    answers: list[Any] = []
    stays = not live.terminal.has_keys()
    for number, question in enumerate(questions, 1):
        live.show(partial(Transcript.ask, data=question))
        which = f"{number} of {len(questions)}: " if len(questions) > 1 else ""
        try:
            answers += [] if stays else [await _answer(live, question, which)]
        except EOFError:
            stays = True  # what else is asked is shown all the same
        if not stays:
            said = map_leaves(answers[-1], _masked)
            live.show(partial(Transcript.answer, data=question, answer=said))
    left = iter(answers)
    return None if stays else {each.data.id: together(each.data, left) for each in asked}


def _masked(leaf: Any) -> Any:
    return redact(leaf, secrets_of()) if isinstance(leaf, str) else leaf


async def _answer(live: LiveSink, question: ev.InterruptData, which: str) -> Any:
    while (answer := await _prompt(live, wanted(question, which))) is EDIT:
        with contextlib.suppress(EOFError):  # back to the question
            return await _prompt(live, arguments(question))
    return answer


async def _prompt(live: LiveSink, wanted: Wanted) -> Any:
    from catagent.cli.prompting import prompt  # prompt_toolkit: only where something is asked

    with live.lent():
        return await prompt(live.terminal, live.look, wanted)
