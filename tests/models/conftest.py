"""What the tests of models share: settings with a home of their own."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest

from catagent.models.factory import Models
from tests.support.models import opened_models

T = TypeVar("T")
UseModels = Callable[..., Any]


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
