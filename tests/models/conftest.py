"""What the tests of models share: settings with a home of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

from catagent.models.factory import Models
from tests.support.models import opened_models
from tests.support.replies import Reply
from tests.support.server import ScriptedServer

T = TypeVar("T")
UseModels = Callable[..., Any]
AnswerTo = Callable[..., Any]


@pytest.fixture
def use_models(tmp_path: Path) -> UseModels:
    """Run an asynchronous function with the models of these settings, and close them after it."""

    def use(
        body: Callable[[Models], Awaitable[T]],
        url: str = "",
        key: str = "",
        **settings: Any,
    ) -> T:
        environ = {"OPENAI_BASE_URL": url, "OPENAI_API_KEY": key}

        async def run() -> T:
            async with opened_models(tmp_path, environ, **settings) as models:
                return await body(models)

        return asyncio.run(run())

    return use


async def _ask(models: Models) -> Any:
    return await models.tool.ainvoke("hi")


@pytest.fixture(scope="module")
def answer_to(tmp_path_factory: pytest.TempPathFactory) -> Iterator[AnswerTo]:
    """What a model makes of a reply; with `call`, what that function makes of the models.

    One server, one loop and one connection for all of a module's tests: they are many.
    """
    home, replies = tmp_path_factory.mktemp("home"), list[Reply]()
    with ScriptedServer(lambda _: replies[-1]) as server, asyncio.Runner() as runner:
        opened = opened_models(home, {"OPENAI_BASE_URL": server.url})
        models = runner.run(opened.__aenter__())

        def answer(reply: Reply, call: Callable[[Models], Coroutine[Any, Any, T]] = _ask) -> T:
            replies.append(reply)
            return runner.run(call(models))

        yield answer
        runner.run(opened.__aexit__(None, None, None))
