"""A call that is tried again keeps its key, whatever else has the same id, tool and arguments."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from typing import Any

import pytest
from langchain.agents.middleware import AgentMiddleware, ToolRetryMiddleware
from langchain_core.tools import tool

import catagent
from catagent.config import Mode
from tests.support.shapes.agents import agent
from tests.support.shapes.scripted import call


class Held(AgentMiddleware[Any, Any, Any]):
    """Hands on what a tool said once `done` is set: nobody has observed it by then."""

    def __init__(self, done: asyncio.Event) -> None:
        super().__init__()
        self._done = done

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        said = await handler(request)
        await self._done.wait()
        return said


def of_two_the_second_fails_once() -> Any:
    first, done, runs = asyncio.Event(), asyncio.Event(), list[int]()

    @tool
    async def look() -> str:
        """Look."""
        runs.append(len(runs) + 1)
        number = runs[-1]
        if number == 1:
            first.set()
        elif number == 2:
            await first.wait()
            raise ValueError("not yet")
        else:
            done.set()
        return f"look {number}"

    again = ToolRetryMiddleware(initial_delay=0, jitter=False)
    twice = [call("look", "call_0"), call("look", "call_0")]
    return agent([twice, "there it is"], look, middleware=[Held(done), again])


@pytest.mark.parametrize("mode", ["log", "events"])
def test_a_retry_is_of_the_call_that_failed_and_not_of_its_twin(mode: Mode) -> None:
    async def main() -> dict[str | None, list[str]]:
        outputs = defaultdict[str | None, list[str]](list)
        async for event in catagent.stream(of_two_the_second_fails_once(), "where?", mode=mode):
            if isinstance(event, catagent.ToolFinished):
                outputs[event.call].append(event.data.output)
        return outputs

    assert asyncio.run(main()) == {"1": ["look 1"], "2": ["", "look 3"]}
