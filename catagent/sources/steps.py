"""The `steps` mode: LangChain's `astream` as actions, observations and the answer.

Tokens are not reported in this mode; each model call is, once its node or step has ended.
"""

from __future__ import annotations

from typing import Any

from catagent.events import types as ev
from catagent.sources.base import AgentRun, EventStream
from catagent.sources.chunks import updates_in
from catagent.sources.driver import Reader, chunks_of, drive
from catagent.sources.translation import Translation


def stream(run: AgentRun) -> EventStream:
    """Run the agent; yield what it decided, what it saw, and what it answered."""
    return drive(run, chunks_of, _reader)


def _reader(translation: Translation) -> Reader:
    """A chunk of the agent's -> our events, after those of what ended meanwhile."""
    translation.tracker.says_tools = False

    def read(chunk: Any) -> tuple[list[ev.Event], list[ev.Event]]:
        beside, made = translation.unsaid_with(updates_in(chunk))
        return beside, made + list(translation.chunks.read(chunk))

    return read
