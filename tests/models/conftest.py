"""What the tests of models share: settings with a home of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from catagent import config
from catagent.models.context import ModelContext
from catagent.models.factory import Models
from catagent.models.spec import choose_model

T = TypeVar("T")
UseModels = Callable[..., Any]


@pytest.fixture
def use_models(tmp_path: Path) -> UseModels:
    """Run an asynchronous function with the models of these settings, and close them after it."""

    def use(
        body: Callable[[Models], Awaitable[T]],
        url: str | None = None,
        *,
        model: str = "openai:scripted",
        retries: int = 0,
        on_retry: Callable[[Any], None] = lambda _: None,
        **environ: str,
    ) -> T:
        server = {"OPENAI_BASE_URL": url} if url else {}
        loaded = config.load(
            {"max_retries": retries}, {"CATAGENT_HOME": str(tmp_path), **server, **environ}
        )
        spec = choose_model(model, loaded.environ)
        context = ModelContext(loaded, on_retry=on_retry)

        async def run() -> T:
            models = Models(spec, spec, context)
            try:
                return await body(models)
            finally:
                await models.aclose()

        return asyncio.run(run())

    return use
