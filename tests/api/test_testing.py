"""`catagent.testing`: an agent is checked against a recording of it, in somebody's own process."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Thread
from typing import Any, TypedDict

import pytest
from langchain_core.language_models import SimpleChatModel
from langchain_core.runnables import Runnable, RunnableLambda
from langgraph.graph import START, StateGraph

import catagent
from catagent.testing import acheck, check
from tests.support.cli import environment

FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
Check = Callable[..., None]


class SayingModel(SimpleChatModel):
    """Says what it is made to say, which is no parameter."""

    says: str = "I was asked"

    def _call(self, *_: Any, **__: Any) -> str:
        return self.says

    @property
    def _llm_type(self) -> str:
        return "saying"


def at_once(*given: Any) -> None:
    async def within() -> None:
        await asyncio.gather(acheck(*given), asyncio.to_thread(check, *given), acheck(*given))

    asyncio.run(within())


class Names(TypedDict):
    """What was said."""

    a: str
    b: str


def chain(prompt: str = "say {}", says: str = "I was asked") -> Runnable[Any, Any]:
    return RunnableLambda[Any, Any](prompt.format) | SayingModel(says=says)


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Of a chain whose model says hello."""

    async def record() -> None:
        agent = chain(says="hello")
        async for _ in catagent.stream(agent, "it", record=tmp_path / "run.jsonl"):
            pass

    asyncio.run(record())
    return tmp_path / "run.jsonl"


def in_a_loop(*given: Any) -> None:
    async def within() -> None:
        check(*given)

    asyncio.run(within())


def awaited(*given: Any) -> None:
    asyncio.run(acheck(*given))


@pytest.mark.parametrize("way", [check, in_a_loop, awaited, at_once])
def test_what_does_as_was_recorded_passes_and_the_first_difference_fails(
    recording: Path, way: Check
) -> None:
    """The agent itself, and a function that makes it; the process is left as it was."""
    before = Thread.start, ThreadPoolExecutor.submit, SayingModel._generate, sys.meta_path[:]
    way(recording, chain())
    way(recording, chain)
    with pytest.raises(AssertionError) as failed:
        way(recording, chain("shout {}"))
    assert str(failed.value).splitlines()[:2] == [
        f"the run, B, is not as in {recording}, A",
        'model call 1, in the agent: was sent "human: shout it" instead of "human: say it"',
    ]
    after = Thread.start, ThreadPoolExecutor.submit, SayingModel._generate, sys.meta_path[:]
    assert after == before
    assert SayingModel().invoke("it").content == "I was asked"


def graph(first: str) -> Runnable[Any, Any]:
    """Two nodes at once, whose models are told the same; the answer has both, and the time."""

    def node(name: str) -> Any:
        def ask(_: Names) -> dict[str, Any]:
            time.sleep(0 if name == first else 0.05)
            said = SayingModel(says=name).invoke(f"It is {time.ctime()}. Who?")
            return {name: f"{said.text} at {time.ctime()}"}

        return ask

    told = StateGraph(Names)
    for name in ("a", "b"):
        told.add_node(name, node(name)).add_edge(START, name)
    return told.compile()


def test_models_of_nodes_at_once_that_are_asked_the_same_answer_on_another_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "run.jsonl"

    async def record() -> None:
        async for _ in catagent.stream(graph("a"), {"a": ""}, record=place):
            pass

    monkeypatch.setattr(time, "ctime", lambda: "Thu Nov 26 10:00:00 2026")
    asyncio.run(record())
    monkeypatch.setattr(time, "ctime", lambda: "Fri Nov 27 11:02:03 2026")
    check(place, graph("b"))


def test_a_run_of_tools_and_a_pause_are_checked_by_the_name_of_their_agent() -> None:
    check(FIXTURES / "nested.jsonl", "tests.support.agents:nesting_tools")
    check(FIXTURES / "interrupt.jsonl", "tests.fixtures.agents:approved")
    check(FIXTURES / "limit.jsonl", "cat", max_steps=2)
    with pytest.raises(AssertionError, match="stopped after 2 steps"):
        check(FIXTURES / "limit.jsonl", "cat")


def test_what_cannot_be_compared_says_why(tmp_path: Path, recording: Path) -> None:
    with pytest.raises(AssertionError, match=r"no recording at none\.jsonl\n  hint: make one"):
        check("none.jsonl", chain())
    other = (FIXTURES / "local.jsonl").read_text()
    (tmp_path / "two.jsonl").write_text(recording.read_text() + other)
    with pytest.raises(AssertionError, match="holds 2 runs"):
        check(tmp_path / "two.jsonl", chain())
    with pytest.raises(AssertionError, match=r"no_such\.py"):
        check(recording, "no_such.py:agent")


def test_it_needs_no_pytest_and_imports_no_langchain(tmp_path: Path) -> None:
    code = "import catagent.testing, sys; print({'pytest', 'langchain_core'} & {*sys.modules})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "set()\n"
