"""A call keeps its key when it is tried again, or changed, whatever it is compared with."""

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


class Array:
    """What compares to no truth, as arrays and tables do."""

    def __eq__(self, other: object) -> Any:
        return self

    def __hash__(self) -> int:
        return 0

    def __bool__(self) -> bool:
        raise ValueError("the truth of an array is ambiguous")


class Filled(AgentMiddleware[Any, Any, Any]):
    """Puts an array in the place of an argument."""

    async def awrap_tool_call(self, request: Any, handler: Any) -> Any:
        changed = {**request.tool_call, "args": {"data": Array()}}
        return await handler(request.override(tool_call=changed))


@pytest.mark.parametrize("mode", ["steps", "log", "events"])
def test_arguments_that_cannot_be_compared_do_not_end_the_run(mode: Mode) -> None:
    @tool
    async def look(data: Any) -> str:
        """Look."""
        return type(data).__name__

    async def main() -> list[Any]:
        wanted = [call("look", "call_0", data="a"), call("look", "call_0", data="b")]
        looking = agent([wanted, "there it is"], look, middleware=[Filled()])
        return [event async for event in catagent.stream(looking, "where?", mode=mode)]

    events = asyncio.run(main())
    assert events[-1].data.status == "success", events[-1].data.error
    seen = [event for event in events if isinstance(event, catagent.Observation)]
    assert [(event.call, event.data.output) for event in seen] == [("1", "Array"), ("2", "Array")]
