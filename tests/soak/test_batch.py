"""A batch of any size takes the memory of a small one."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from benchmarks.batching import batch
from benchmarks.server import serving

MOST_MB = 150.0
_GROWS_MB = 15.0
FULL = [pytest.mark.full, pytest.mark.timeout(3600)]


@pytest.mark.parametrize("many", [40, pytest.param(10_000, marks=FULL)])
def test_a_batch_takes_as_much_memory_whatever_its_size(many: int, tmp_path: Path) -> None:
    with serving(5, direct=True) as url:
        cost = batch(tmp_path, url, many, "cat")()
        few = batch(tmp_path, url, min(many, 1_000), "cat")() if many > 1_000 else cost
    assert cost.output.count(b'"status":"success"') == many
    # The kernel counts the peak of a process from that of the one which starts it on.
    ours_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert cost.rss_mb < max(MOST_MB, ours_mb + 1)
    assert cost.rss_mb < few.rss_mb + _GROWS_MB
