"""Filters mean what LangChain's include and exclude arguments mean."""

from __future__ import annotations

import pytest

from catagent.events import types as ev
from catagent.events.filters import Filters

TOKEN = ev.LlmToken(
    name="Get Items LLM", tags=["get_items"], data=ev.LlmTokenData(channel="text", delta="x")
)
TOOL = ev.ToolStarted(
    name="get_items", tags=["t"], data=ev.ToolStartedData(tool="get_items", tool_input={})
)
CHAIN = ev.Node(name="agent", data=ev.NodeData(kind="chain", phase="start"))
CUSTOM = ev.Node(name="progress", data=ev.NodeData(kind="custom", phase="stream"))
UPDATE = ev.Update(name="agent", data=ev.UpdateData(node="agent", changes={}))
PAUSE = ev.Interrupt(name="agent", data=ev.InterruptData(id="i"))
ANSWER = ev.Answer(data=ev.AnswerData(output="a"))
ALL: list[ev.Event] = [TOKEN, TOOL, CHAIN, CUSTOM, UPDATE, PAUSE, ANSWER]


@pytest.mark.parametrize(
    ("filters", "kept"),
    [
        (Filters(), [TOKEN, TOOL, CUSTOM, UPDATE]),
        (Filters(include_types=("update",)), [UPDATE]),
        (Filters(exclude_types=("update",)), [TOKEN, TOOL, CUSTOM]),
        (Filters(include_names=("agent",)), [CHAIN, UPDATE]),
        (Filters(include_types=("chain",)), [CHAIN, UPDATE]),
        (Filters(include_types=("llm",)), [TOKEN]),
        (Filters(include_types=("chat_model",)), [TOKEN]),
        (Filters(include_names=("get_items",)), [TOOL]),
        (Filters(include_names=("get_items",), include_tags=("get_items",)), [TOKEN, TOOL]),
        (Filters(include_types=("tool",), exclude_names=("get_items",)), []),
        (Filters(exclude_tags=("get_items",)), [TOOL, CUSTOM, UPDATE]),
    ],
)
def test_include_filters_are_alternatives_and_exclude_filters_win(
    filters: Filters, kept: list[ev.Event]
) -> None:
    """Plumbing is hidden unless asked for; events of the whole run always pass."""
    assert [event for event in ALL if filters.keeps(event)] == [*kept, PAUSE, ANSWER]


def test_filters_keep_plumbing_that_carries_a_raw_object() -> None:
    """With --raw the run log's patches must all be there: each builds on the ones before."""
    data = ev.NodeData(kind="chain", phase="start")
    assert not Filters().keeps(ev.Node(data=data))
    assert Filters().keeps(ev.Node(data=data, raw=[]))
    assert not Filters(exclude_types=("chain",)).keeps(ev.Node(data=data, raw=[]))
