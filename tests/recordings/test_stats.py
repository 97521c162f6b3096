"""What kept runs came to together, of made recordings: every sum is checked by hand."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.recordings.history import History
from catagent.recordings.stats import Figures, Stats, stats
from tests.support.runs import finished, started


def used(model: str, tokens: tuple[int, int] | None, cost: ev.Cost, **more: int) -> ev.ModelUsage:
    usage = ev.Usage(input_tokens=tokens[0], output_tokens=tokens[1]) if tokens else None
    return ev.ModelUsage(model=model, duration_s=1.5, usage=usage, cost=cost, **more)


def keep(history: History, ts: str, agent: str, *end: ev.RunFinished) -> Path:
    """Keep a run that began then, and ended so."""
    began = started(agent=agent)
    began.ts = ts
    path = history.place_for(f"{history.prune():04}")
    path.write_bytes(encode(began) + b"".join(map(encode, end)))
    return path


def ended(
    status: ev.RunStatus, seconds: float, cost: ev.Cost, *models: ev.ModelUsage, ttft: float = 0.5
) -> ev.RunFinished:
    end = finished(status, models=models, cost=cost, ttft_s=ttft if models else None)
    end.data.duration_s = seconds
    return end


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Seven runs, of two agents on two days, as of a person who lives in Tokyo."""
    kept = History(folder=tmp_path / "state" / "runs")
    big, small, local = used("big", (1000, 100), 0.02), used("small", (10, 1), 0.001), "local"
    keep(kept, "2026-11-20T08:00:00Z", "cat", ended("success", 2.0, 0.021, big, small))
    keep(kept, "2026-11-20T09:00:00Z", "cat", ended("success", 4.0, 0.02, big, ttft=0.7))
    # 00:30 of the next day in Tokyo. It was stopped in its second call: what that took is unknown.
    cut = used("big", (500, 50), UNSET, uncounted=1)
    keep(kept, "2026-11-20T15:30:00Z", "cat", ended("cancelled", 1.0, UNSET, cut))
    # On this machine: nobody charges. The server has refused the other before it took a token.
    keep(
        kept, "2026-11-21T01:00:00Z", "cat", ended("success", 3.0, None, used(local, (7, 3), None))
    )
    refused = used("small", None, None, uncounted=0)
    keep(kept, "2026-11-21T02:00:00Z", "mine", ended("error", 10.0, None, refused))
    keep(kept, "2026-11-21T03:00:00Z", "mine", ended("success", 0.5, None))  # asked no model
    keep(kept, "2026-11-21T04:00:00Z", "mine")  # killed
    return kept


def by_key(found: list[Stats]) -> dict[str | None, Stats]:
    return {each.key: each for each in found}


def test_stats_of_all_runs_say_of_how_many_each_sum_is_known(history: History) -> None:
    (found,) = stats(history.runs())
    assert (found.runs, found.failed) == (7, 1)
    assert found.statuses == {"cancelled": 1, "error": 1, "success": 4, "unfinished": 1}
    # 1,010 + 1,000 + 500 + 7 + 0; known are 0, 7, 1,000, 1,010. One asked no model.
    assert found.input_tokens == Figures(known=4, of=6, total=2517, median=503.5, p90=1010)
    assert found.output_tokens == Figures(known=4, of=6, total=254, median=51.5, p90=101)
    # 0.021 + 0.02 + 0 + 0.
    assert found.cost == Figures(known=4, of=6, total=0.041, median=0.01, p90=0.021)
    # 2 + 4 + 1 + 3 + 10 + 0.5, in order 0.5, 1, 2, 3, 4, 10.
    assert found.duration_s == Figures(known=6, of=7, total=20.5, median=2.5, p90=10.0)
    # 0.5, 0.7, 0.5, 0.5, 0.5.
    assert found.ttft_s == Figures(known=5, of=6, total=2.7, median=0.5, p90=0.7)


def test_stats_by_model_count_a_run_in_each_that_it_asked(history: History) -> None:
    found = by_key(stats(history.runs(), "model"))
    assert {key: each.runs for key, each in found.items()} == {
        "big": 3, "small": 2, None: 2, "local": 1,
    }  # fmt: skip
    big, small, local, none = (found[key] for key in ("big", "small", "local", None))
    assert big.input_tokens == Figures(known=2, of=3, total=2500, median=1000, p90=1000)
    assert big.cost == Figures(known=2, of=3, total=0.04, median=0.02, p90=0.02)
    assert big.duration_s == Figures(known=3, of=3, total=4.5, median=1.5, p90=1.5)
    assert (big.failed, small.failed) == (0, 1)
    assert small.output_tokens == Figures(known=2, of=2, total=1, median=0.5, p90=1)
    assert local.cost == Figures(known=1, of=1, total=0, median=0, p90=0)
    # One that asked none has no tokens; of the killed one nothing is known, and that is no zero.
    assert none.input_tokens == none.cost == Figures(known=0, of=1)


def test_stats_by_agent_and_by_local_day(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    by_agent = by_key(stats(history.runs(), "agent"))
    assert {key: (each.runs, each.failed) for key, each in by_agent.items()} == {
        "cat": (4, 0),
        "mine": (3, 1),
    }
    assert by_agent["cat"].duration_s == Figures(known=4, of=4, total=10, median=2.5, p90=4.0)
    with monkeypatch.context() as here:
        here.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        days = stats(history.runs(), "day")
    time.tzset()
    assert [(day.key, day.runs) for day in days] == [("2026-11-20", 2), ("2026-11-21", 5)]
    assert days[0].cost.total == 0.041


def test_stats_of_recordings_from_before_and_of_damage_know_what_there_is(
    history: History,
) -> None:
    """Older ones do not say `uncounted`: there, tokens that nobody gave are unknown."""
    before = ended("error", 1.0, UNSET, used("old", None, UNSET), used("old2", (5, 5), 0.001))
    keep(history, "yesterday", "mine", before)
    os.truncate(keep(history, "2026-11-21T04:00:00Z", "mine", before), 20)
    keep(history, "2026-11-21T04:00:00Z", "mine").write_bytes(b"\xff\x00\n" * 9)
    found = by_key(stats(history.runs(), "model"))
    assert found["old"].input_tokens == found["old"].cost == Figures(known=0, of=1)
    assert found["old2"].input_tokens.total == 5
    assert found[None].runs == 4
    days = stats(history.runs(), "day")
    assert (days[0].key, days[0].runs) == (None, 3)
    assert days[0].input_tokens == Figures(known=0, of=3, total=5)
    assert stats([], "day") == stats([]) == []
