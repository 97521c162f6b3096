"""What an independent fault-injecting server can do (llmock), held to the same table."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from llmock.scenarios import Behavior, Delay, Fail, Match, Reply, StreamFault, ToolCall, ToolFault
from llmock.testing import LLMockServer

from tests.faults import checks
from tests.faults.table import FAULTS, Fault
from tests.support.cli import with_server
from tests.support.matrix import pairwise
from tests.support.warm import Warm

QUESTION = "what items are located where the cat is hiding?"
# Longer than any of the limits here, and no longer than its server may take to stop.
STALL_S = 5
PLACES = {"agent": Match(tools=True), "tool": Match(tools=False)}
ROWS = {fault.name: fault for fault in FAULTS}


def _refused(status: int, message: str | None = None, wait: float | None = None) -> Behavior:
    return Fail(status, wait, message, times=None)


# Rows of the table, and what makes llmock do that.
BEHAVIORS: dict[str, Behavior] = {
    "400 context too long": _refused(
        400, "This model's maximum context length is 10 tokens. Shorten your messages."
    ),
    "401": _refused(401),
    "403": _refused(403),
    "404 model": _refused(404),
    "429 with Retry-After": _refused(429, wait=0),
    "500": _refused(500),
    "503": _refused(503),
    "stall before the answer": Delay(STALL_S, times=None),
    "disconnect": StreamFault("disconnect", 3, times=None),
    "clean cut without finish_reason": StreamFault("truncate", 3, times=None),
    "stall in the stream": StreamFault("stall", 3, STALL_S, times=None),
    "malformed chunk": StreamFault("malformed", 3, times=None),
    "invalid JSON arguments": ToolFault("malformed_arguments"),
    "unknown tool": ToolFault("unknown_tool"),
    "503 once": Fail(503, 0),
}


@pytest.fixture(scope="module")
def llmock() -> Iterator[LLMockServer]:
    with LLMockServer() as server:
        yield server


def script(name: str, place: str) -> list[Behavior]:
    """The behaviors of a run in which get_items is called once, with the fault at this place."""
    fault = BEHAVIORS[name]
    if not isinstance(fault, ToolFault):
        fault = dataclasses.replace(fault, match=PLACES[place])
    call = Reply(
        tool_calls=(ToolCall("get_items", {"place": "under the sofa"}),), match=Match(tools=True)
    )
    return [fault] if isinstance(fault, ToolFault) or place == "agent" else [call, fault]


CASES = [
    (ROWS[name], place, agent)
    for name in BEHAVIORS
    for place in ROWS[name].places
    for agent in ("cat", "cat-classic")
]


@pairwise("fault, place, agent", CASES)
def test_faults_of_llmock_are_reported_the_same(
    warm: Warm, llmock: LLMockServer, tmp_path: Path, fault: Fault, place: str, agent: str
) -> None:
    llmock.state.reset()
    llmock.state.scenarios.add(*script(fault.name, place))
    env = with_server(tmp_path, llmock.base_url("openai"), CATAGENT_HISTORY="false")
    done = warm.run(["ask", QUESTION, "--agent", agent, *fault.arguments], env)
    checks.assert_whole(done.events)
    checks.assert_told(fault.told, done.events[-1])
    checks.assert_said(fault.told, done.events[-1], done.err.decode())
    assert done.code == fault.told.code
    retries = [event for event in done.events if event["type"] == "retry"]
    assert len(retries) == fault.retries
