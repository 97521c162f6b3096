"""What counts as used, and what it costs."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from decimal import Decimal
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListLLM, LangSmithParams
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda
from langchain_openai import ChatOpenAI
from msgspec import UNSET

import catagent
from catagent.errors import UsageError
from catagent.events import types as ev
from catagent.events.types import Usage
from catagent.sources.budget import Budget, price_of
from catagent.sources.messages import usage_of
from catagent.sources.span import Span
from tests.support.agents import chat_model
from tests.support.replies import Reply
from tests.support.server import ScriptedServer


def used(inputs: int, outputs: int = 0, cached: int = 0) -> Usage:
    return Usage(input_tokens=inputs, output_tokens=outputs, cached_tokens=cached)


def answered(given: dict[str, Any] | None) -> Span:
    """A model that has answered, with what its server said of its usage."""
    llm = Span("1", "chat_model", "m", [], [])
    llm.provider, llm.model, llm.message = "anthropic", "claude-sonnet-4-5", AIMessage("")
    llm.message.usage_metadata = given  # type: ignore[assignment]  # as providers have it
    return llm


@pytest.mark.parametrize(
    ("given", "tokens"),
    [
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": 7}, 7),
        ({"input_tokens": 3, "output_tokens": 4, "total_tokens": 0}, 7),
        ({"input_tokens": 0, "output_tokens": 0, "total_tokens": 9}, 9),
        ({"total_tokens": 9, "total_cost": 0}, 0),
    ],
)
def test_what_an_answer_used(given: dict[str, Any], tokens: int) -> None:
    enough, all_used = Budget(tokens + 1), Budget(max(1, tokens))
    for budget in (enough, all_used):
        assert budget.add(answered(given), usage_of(answered(given).message)) is None
    assert enough.refuses(answered(None)) is None
    assert (all_used.refuses(answered(None)) is not None) == bool(tokens)


@pytest.mark.parametrize(
    "given", [None, {"input_tokens": 0, "output_tokens": 0, "total_tokens": 0}]
)
def test_what_nobody_counted_is_said_once(given: dict[str, Any] | None) -> None:
    budget, llm = Budget(1), answered(given)
    warning = budget.add(llm, usage_of(llm.message))
    assert warning is not None
    assert warning.code == "uncounted_usage"
    assert budget.add(llm, usage_of(llm.message)) is None


@pytest.mark.parametrize("name", ["cache_creation", "ephemeral_5m_input_tokens"])
def test_what_is_written_to_a_cache_costs_more(name: str) -> None:
    """A quarter more than the three dollars of a million other tokens."""
    given: dict[str, Any] = {"input_tokens": 10**5, "output_tokens": 0, "total_tokens": 10**5}
    written = answered({**given, "input_token_details": {name: 10**5, "cache_read": 0}})
    for limit, llm in ((0.31, answered(given)), (0.38, written)):
        budget = Budget(max_cost=limit)
        budget.add(llm, usage_of(llm.message))
        assert budget.refuses(llm) is None
    budget = Budget(max_cost=0.375)
    budget.add(written, usage_of(written.message))
    assert budget.refuses(written) is not None


@pytest.mark.parametrize(
    ("provider", "model", "dollars"),
    [
        ("openai", "gpt-4.1-mini", "0.56"),
        ("azure", "gpt-4o", "3.5"),
        ("anthropic", "claude-sonnet-4-5", "4.5"),
        ("google_genai", "gemini-2.5-flash", "0.55"),
        ("mistralai", "mistral-large-latest", "2.6"),
        ("amazon_bedrock", "anthropic.claude-sonnet-4-5-20250929-v1:0", "4.95"),
        ("openai", "claude-sonnet-4-5", "4.5"),
        ("openai", "anthropic/claude-sonnet-4.5", "4.5"),
        ("", "gpt-4.1-mini", "0.56"),
    ],
)
def test_a_model_has_the_price_of_its_provider_or_of_its_name(
    provider: str, model: str, dollars: str
) -> None:
    """A gateway passes for OpenAI."""
    assert price_of(provider, model, used(1000, 100)) * 1000 == Decimal(dollars)


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "scripted"), ("scripted", "m"), ("", ""), ("openai", "")]
)
def test_what_nobody_knows_has_no_price(provider: str, model: str) -> None:
    with pytest.raises(UsageError, match="There is no price for the model"):
        price_of(provider, model)


def test_what_is_read_from_a_cache_costs_less() -> None:
    whole = price_of("openai", "gpt-4.1-mini", used(1000))
    assert price_of("openai", "gpt-4.1-mini", used(1000, cached=800)) < whole
    assert price_of("openai", "gpt-4.1-mini", used(10, cached=800)) >= 0


def test_a_model_on_this_machine_costs_nothing() -> None:
    assert price_of("local", "smollm2-135m", used(10**9)) == 0


def test_prices_are_neither_imported_unasked_nor_fetched() -> None:
    code = """
import socket, sys
import catagent.sources.budget, catagent.cli.main
assert "genai_prices" not in sys.modules
def refuse(*_): raise AssertionError("a connection")
socket.socket.connect = socket.getaddrinfo = refuse
from catagent.events.types import Usage
from catagent.sources.budget import price_of
import threading
assert price_of("openai", "gpt-4.1-mini", Usage(input_tokens=10)) > 0
assert threading.active_count() == 1
assert not [name for name in sys.modules if name.startswith("langchain")]
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# In a run


async def events_of(agent: Any, **options: Any) -> list[Any]:
    return [event async for event in catagent.stream(agent, "q", **options)]


def test_requests_at_once_may_go_over_together_and_the_next_is_refused() -> None:
    async def main(url: str) -> list[Any]:
        async with chat_model(url) as model:

            async def agent(given: str) -> str:
                await asyncio.gather(*(model.ainvoke(given) for _ in range(3)))
                return str((await model.ainvoke(given)).text)

            return await events_of(RunnableLambda(agent), max_tokens=5)

    with ScriptedServer(lambda _: Reply(["x"], pause=0.1)) as server:
        last = asyncio.run(main(server.url))[-1]
        assert len(server.requests) == 3
    assert (last.data.status, last.data.error.type) == ("limit", "BudgetError")
    assert last.data.error.message == "The run used 33 tokens, and --max-tokens allows 5."


def test_an_answer_from_the_cache_uses_nothing() -> None:
    async def main(url: str) -> list[Any]:
        async with chat_model(url, cache=InMemoryCache()) as model:

            async def agent(given: str) -> str:
                for _ in range(9):
                    await model.ainvoke(given)
                return "done"

            return await events_of(RunnableLambda(agent), max_tokens=12)

    with ScriptedServer(lambda _: Reply(["x"])) as server:
        last = asyncio.run(main(server.url))[-1]
        assert len(server.requests) == 1
    assert last.data.status == "success"


@pytest.mark.parametrize(
    ("names", "cost", "costs"),
    [
        (["gpt-4.1-mini", "gpt-4.1-mini"], 0.0000112, [0.0000112]),
        (["gpt-4.1-mini", "scripted"], UNSET, [0.0000056, UNSET]),
        (["claude-sonnet-4-5"], UNSET, [UNSET]),  # at another's server
        (["smollm2"], None, [None]),
        (["smollm2", "gpt-4.1-mini"], 0.0000056, [None, 0.0000056]),
    ],
)
def test_what_a_run_cost_is_known_where_every_price_is(
    names: list[str], cost: ev.Cost, costs: list[ev.Cost]
) -> None:
    class OnThisMachine(ChatOpenAI):
        def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
            return LangSmithParams(ls_provider="local")

    async def main(url: str) -> list[Any]:
        async def agent(given: str) -> str:
            for name in names:
                kind = OnThisMachine if name == "smollm2" else ChatOpenAI
                async with chat_model(url, kind, name) as model:
                    await model.ainvoke(given)
            return "done"

        return await events_of(RunnableLambda(agent))

    with ScriptedServer(lambda _: Reply(["x"])) as server:
        last = asyncio.run(main(server.url))[-1]
    assert last.data.cost == cost
    assert [used.cost for used in last.data.models] == costs


def test_a_text_completion_model_is_counted_or_said_to_be_uncounted() -> None:
    async def main() -> list[Any]:
        return await events_of(FakeListLLM(responses=["a"]), max_tokens=1)

    events = asyncio.run(main())
    warned = [event.data.code for event in events if isinstance(event, catagent.Warned)]
    assert (warned, events[-1].data.status) == (["uncounted_usage"], "success")


def test_no_model_is_asked_after_an_agent_has_caught_the_limit() -> None:
    async def main(url: str) -> list[Any]:
        async with chat_model(url) as model:

            async def agent(given: str) -> str:
                while True:
                    try:
                        await model.ainvoke(given)
                    except Exception:
                        await asyncio.sleep(0)

            return await events_of(RunnableLambda(agent), max_tokens=30)

    with ScriptedServer(lambda _: Reply(["x"])) as server:
        last = asyncio.run(main(server.url))[-1]
        assert len(server.requests) == 3
    assert (last.data.status, last.data.exit_code) == ("limit", 3)
