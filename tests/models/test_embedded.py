"""The embedded model, for real: llama.cpp in this process, on loopback."""

from __future__ import annotations

import asyncio
import importlib.util
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest

from catagent.agents.open import AgentRequest, open_agent
from catagent.errors import ModelError
from catagent.failures.classify import classify
from catagent.models.embedded import fetching, weights
from catagent.models.factory import Models
from catagent.models.providers import embedded
from catagent.models.spec import choose_model
from tests.models.conftest import UseModels
from tests.support.cli import catagent, environment, lines
from tests.support.models import THREAD
from tests.support.replies import Reply
from tests.support.server import ScriptedServer

pytestmark = [pytest.mark.local_model, pytest.mark.versions]

QUESTION = "what items are located where the cat is hiding?"


@pytest.fixture(autouse=True)
def stopped() -> Any:
    """A server that a test started is gone after it."""
    yield
    embedded.shut_down()


def test_the_embedded_model_answers_the_readmes_question_with_two_calls(
    use_models: UseModels,
) -> None:
    async def ask(models: Models) -> list[Any]:
        async with open_agent("cat", AgentRequest(QUESTION, models, config=THREAD)) as run:
            result = await run.runnable.ainvoke(run.input, run.config)
        return list(result["messages"])

    messages = use_models(ask, model="local")
    calls = [call["name"] for message in messages for call in getattr(message, "tool_calls", [])]
    assert calls == ["where_cat_is_hiding", "get_items"]
    place = next(message.text for message in messages if message.type == "tool")
    assert place in messages[-1].text


def test_the_embedded_model_writes_whole_characters(use_models: UseModels) -> None:
    """A tool's model samples, and one byte of an unfinished character ended the run in CI."""
    last_byte_of_an_emoji = "222"

    async def ask(models: Models) -> Any:
        return await models.tool.bind(logit_bias={last_byte_of_an_emoji: 100}).ainvoke("Say hello.")

    assert "\N{REPLACEMENT CHARACTER}" not in use_models(ask, model="local").text


def test_the_embedded_model_is_loaded_once_chosen_or_not(use_models: UseModels) -> None:
    async def serve(models: Models) -> bool:
        specs = choose_model(None, {}), choose_model("local", {})
        first, second = (embedded.serve(spec, models) for spec in specs)
        return first is second

    assert use_models(serve, model="local")


def test_no_connection_to_the_embedded_model_is_used_twice(
    use_models: UseModels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its server closes one now and then at the moment of the next request, which fails."""

    async def ask(models: Models) -> None:
        await models.tool.ainvoke("hi")
        await models.agent.ainvoke("hi")

    with ScriptedServer(lambda _: Reply(["well"])) as server:
        there = SimpleNamespace(address=lambda: server.url, api_key="sk-local")
        monkeypatch.setattr(embedded, "serve", lambda *_: there)
        use_models(ask, model="local")
    assert [request.headers["connection"] for request in server.requests] == ["close"] * 2


def test_ask_without_a_key_answers_and_names_the_embedded_model(tmp_path: Path) -> None:
    """The README's promise: nothing but catagent itself."""
    done = catagent("ask", QUESTION, env=environment(tmp_path), timeout=110)
    events = lines(done.stdout)
    tools = [event["data"]["tool"] for event in events if event["type"] == "action"]
    assert (done.returncode, tools) == (0, ["where_cat_is_hiding", "get_items"])
    assert events[-1]["data"]["output"]
    assert done.stderr.count("\n") == 1
    assert "embedded model" in done.stderr


def test_the_embedded_model_listens_on_loopback_and_wants_its_key(use_models: UseModels) -> None:
    async def look(models: Models) -> tuple[str, int]:
        assert models.tool
        address = embedded.serve(models.tool_spec, models).address()
        async with httpx2.AsyncClient() as stranger:
            response = await stranger.post(f"{address}/chat/completions", json={})
        return address, response.status_code

    address, status = use_models(look, model="local")
    assert address.startswith("http://127.0.0.1:")
    assert status == 401


def test_cancelling_a_call_stops_the_embedded_models_generation(use_models: UseModels) -> None:
    async def cancel(models: Models) -> float:
        model = models.tool.bind(max_tokens=3000, extra_body={"ignore_eos": True})
        task = asyncio.create_task(model.ainvoke("Tell me a very long story."))
        await asyncio.sleep(0.5)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await asyncio.sleep(0.3)
        before = time.process_time()
        await asyncio.sleep(1)
        return time.process_time() - before

    assert use_models(cancel, model="local") < 0.3


def test_a_prompt_too_long_for_the_embedded_model_is_an_error_with_a_hint(
    use_models: UseModels,
) -> None:
    async def ask(models: Models) -> None:
        await models.agent.ainvoke("word " * 9000)

    with pytest.raises(Exception, match="exceeds the available context size") as raised:
        use_models(ask, model="local")
    error = classify(raised.value)
    assert isinstance(error, ModelError)
    assert "too long" in error.message
    assert "--model" in error.hint


def test_the_embedded_model_writes_nothing_to_the_terminal(
    use_models: UseModels, capfd: pytest.CaptureFixture[str]
) -> None:
    use_models(lambda models: models.tool.ainvoke("Tell a joke."), model="local")
    embedded.shut_down()
    assert capfd.readouterr() == ("", "")


def test_another_gguf_is_served_without_the_adapter(use_models: UseModels) -> None:
    folder = importlib.util.find_spec(fetching.PACKAGE)
    assert folder is not None
    assert folder.submodule_search_locations
    path = Path(folder.submodule_search_locations[0]) / weights.FILE
    assert not choose_model(f"local:{path}", {}).is_embedded
    message = use_models(lambda models: models.tool.ainvoke("Say hi."), model=f"local:{path}")
    assert message.content
    assert message.response_metadata["model_name"] == path.stem


def test_a_damaged_gguf_is_an_error_that_names_it(use_models: UseModels, tmp_path: Path) -> None:
    path = tmp_path / "damaged.gguf"
    path.write_bytes(b"GGUF" + bytes(1000))
    with pytest.raises(ModelError, match=r"damaged\.gguf"):
        use_models(lambda models: models.tool.ainvoke("hi"), model=f"local:{path}")


def test_the_embedded_model_computes_on_half_the_cores() -> None:
    assert 1 <= embedded.threads() <= 4
