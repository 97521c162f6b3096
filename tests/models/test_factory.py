"""From a name to a chat model, and what is said where that is not possible."""

from __future__ import annotations

import pytest

from catagent.errors import CredentialsError, UsageError
from catagent.loading.installing import install
from catagent.models.factory import Models
from tests.models.conftest import UseModels
from tests.support.replies import Reply
from tests.support.server import ScriptedServer


async def agent(models: Models) -> object:
    return models.agent


def test_the_agents_model_is_tagged_and_decides_at_temperature_0(use_models: UseModels) -> None:
    async def ask_both(models: Models) -> None:
        assert models.agent.tags == ["agent_llm"]
        await models.agent.ainvoke("hi")
        await models.tool.ainvoke("hi")

    with ScriptedServer(lambda _: Reply(["x"])) as server:
        use_models(ask_both, server.url, "sk-of-the-test")
        deciding, answering = server.requests
    assert deciding.body["temperature"] == 0
    assert "temperature" not in answering.body
    assert deciding.headers["authorization"].endswith(" sk-of-the-test")


def test_a_reasoning_model_keeps_its_own_temperature(use_models: UseModels) -> None:
    async def ask(models: Models) -> None:
        await models.agent.ainvoke("hi")

    with ScriptedServer(lambda _: Reply(["x"])) as server:
        use_models(ask, server.url, model="openai:gpt-5-mini")
        assert "temperature" not in server.requests[0].body


def test_a_server_of_ones_own_needs_no_key(use_models: UseModels) -> None:
    with ScriptedServer(lambda _: Reply(["x"])) as server:
        message = use_models(lambda models: models.tool.ainvoke("hi"), server.url)
    assert message.content == "x"


def test_openai_without_a_key_says_which_to_set(use_models: UseModels) -> None:
    with pytest.raises(CredentialsError, match="OPENAI_API_KEY"):
        use_models(agent, model="openai:gpt-4.1")


def test_an_unknown_provider_is_answered_with_the_known_ones(use_models: UseModels) -> None:
    with pytest.raises(UsageError, match="antropic") as raised:
        use_models(agent, model="antropic:claude")
    assert "did you mean anthropic?" in raised.value.hint


def test_a_provider_that_is_not_installed_is_answered_with_its_package(
    use_models: UseModels,
) -> None:
    with pytest.raises(UsageError, match="langchain-anthropic") as raised:
        use_models(agent, model="anthropic:claude")
    assert raised.value.hint == install("langchain-anthropic")


@pytest.mark.parametrize("address", ["localhost:11434/v1", "ftp://host/v1", "http://[::1/v1", "x"])
def test_a_base_url_that_is_not_a_url_is_a_usage_error(use_models: UseModels, address: str) -> None:
    with pytest.raises(UsageError, match="address") as raised:
        use_models(agent, address)
    assert "https://HOST/v1" in raised.value.hint


def test_a_proxy_is_used_but_not_for_this_machine(
    use_models: UseModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def ask(models: Models) -> None:
        await models.tool.ainvoke("hi")

    with ScriptedServer(lambda _: Reply(["x"])) as proxy, ScriptedServer(proxy.script) as server:
        for name in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(name, proxy.url.removesuffix("/v1"))
        for name in ("no_proxy", "NO_PROXY"):
            monkeypatch.delenv(name, raising=False)
        use_models(ask, "http://far.away.invalid/v1")
        use_models(ask, server.url)
        assert (len(proxy.requests), len(server.requests)) == (1, 1)
