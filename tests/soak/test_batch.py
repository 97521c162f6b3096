"""A batch of any size takes the memory of a small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import measure
from benchmarks.batching import batch
from benchmarks.server import serving

MOST_MB = 150.0
_GROWS_MB = 15.0
FULL = [pytest.mark.full, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("many", [40, pytest.param(10_000, marks=FULL)])
def test_a_batch_takes_as_much_memory_whatever_its_size(
    many: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measure, "TIMEOUT_S", 3600.0)
    with serving(5, direct=True) as url:
        batch(tmp_path, url, 1, "cat")()  # what compiles the bytecode of all has 60 MB more
        cost = batch(tmp_path, url, many, "cat")()
        few = batch(tmp_path, url, min(many, 1_000), "cat")() if many > 1_000 else cost
    assert cost.output.count(b'"status":"success"') == many
    assert cost.rss_mb < MOST_MB
    assert cost.rss_mb < few.rss_mb + _GROWS_MB
