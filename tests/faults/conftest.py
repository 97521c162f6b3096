"""One warm process for the runs of a file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.warm import Warm


@pytest.fixture(scope="module")
def warm() -> Iterator[Warm]:
    with Warm() as process:
        yield process
