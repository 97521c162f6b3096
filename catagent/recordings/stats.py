"""What kept runs came to together: how they ended, and their tokens, cost and times."""

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Literal

from msgspec import UNSET, Struct

from catagent.events import types as ev
from catagent.events.timestamps import moment
from catagent.recordings.history import FAILED, RunSummary

By = Literal["model", "agent", "day"]
# How much, and whether that is all of it; None where nothing is known.
_Amount = tuple[float | None, bool]
_UNKNOWN: _Amount = (None, False)


class Figures(Struct, kw_only=True):
    """A measure over runs: it is known of `known` runs among the `of` that have it.

    `total` is what is known of all, so a lower bound where `known` is less than `of`; `median` and
    `p90`, which nine in ten do not exceed, are of those known. Null where nothing is.
    """

    known: int
    of: int
    total: float | None = None
    median: float | None = None
    p90: float | None = None


class Stats(Struct, kw_only=True, tag_field="type", tag="stats"):
    """What runs came to together, as `catagent runs --stats` says it: all, or those of one `key`.

    `key` is the model, agent or local day that they are grouped `by`, null where it is not known.
    A run counts for each model that it asked, with what that took and cost: then `duration_s` are
    the seconds of its calls. Tokens, cost and `ttft_s` are those of runs that asked a model.
    """

    v: int = 1
    by: By | None
    key: str | None
    runs: int
    failed: int
    statuses: dict[str, int]
    input_tokens: Figures
    output_tokens: Figures
    cost: Figures
    duration_s: Figures
    ttft_s: Figures


class _Share(Struct):
    """What a run adds to a group: the amounts by the measure's name, those that it has."""

    status: str
    amounts: dict[str, _Amount]


def stats(runs: Iterable[RunSummary], by: By | None = None) -> list[Stats]:
    """Return those of all runs, or of each group: days as they came, others by their runs."""
    groups: dict[str | None, list[_Share]] = {}
    for run in runs:
        for key, share in _shares(run, by):
            groups.setdefault(key, []).append(share)
    found = [_stats(by, key, shares) for key, shares in groups.items()]
    if by == "day":
        return sorted(found, key=lambda each: each.key or "")
    return sorted(found, key=lambda each: (-each.runs, each.key or ""))


def _shares(run: RunSummary, by: By | None) -> Iterator[tuple[str | None, _Share]]:
    if by == "model" and run.by_model:
        for used in run.by_model:
            spent = _spent([used], used.cost) | {"duration_s": (used.duration_s, True)}
            yield used.model or None, _Share(run.status, spent)
        return
    began = moment(run.ts) if by == "day" else None
    key = {"agent": run.agent, "day": began and f"{began:%Y-%m-%d}"}.get(by or "")
    amounts = {"duration_s": _amount(run.duration_s)}
    if run.by_model or run.status == "unfinished":
        amounts |= _spent(run.by_model, run.cost) | {"ttft_s": _amount(run.ttft_s)}
    yield key or None, _Share(run.status, amounts)


def _spent(models: list[ev.ModelUsage], cost: ev.Cost) -> dict[str, _Amount]:
    """Tokens and dollars; nothing is known without a model."""
    counts = {name: _tokens(models, name) for name in ("input_tokens", "output_tokens")}
    dollars = _UNKNOWN if cost is UNSET else _amount(cost or 0.0)
    return counts | {"cost": dollars}


def _tokens(models: list[ev.ModelUsage], name: str) -> _Amount:
    counts = [_counted(used, name) for used in models]
    known = [count for count, _ in counts if count is not None]
    return sum(known) if known else None, bool(known) and all(whole for _, whole in counts)


def _counted(used: ev.ModelUsage, name: str) -> _Amount:
    """The tokens of a model. One that has refused to answer took none."""
    count = 0 if used.usage is None and used.uncounted == 0 else getattr(used.usage, name, None)
    return count, count is not None and not used.uncounted


def _amount(value: float | None) -> _Amount:
    return value, value is not None


def _stats(by: By | None, key: str | None, shares: list[_Share]) -> Stats:
    statuses = Counter(share.status for share in shares)
    figures: Any = {name: _figures(shares, name) for name in Stats.__struct_fields__[-5:]}
    return Stats(
        by=by,
        key=key,
        runs=len(shares),
        failed=sum(statuses[status] for status in FAILED),
        statuses=dict(sorted(statuses.items())),
        **figures,
    )


def _figures(shares: list[_Share], name: str) -> Figures:
    amounts = [share.amounts[name] for share in shares if name in share.amounts]
    known = sorted(value for value, whole in amounts if whole and value is not None)
    some = [value for value, _ in amounts if value is not None]
    figures = Figures(known=len(known), of=len(amounts))
    figures.total = round(sum(some), 9) if some else None
    if known:
        middle = known[(len(known) - 1) // 2 : len(known) // 2 + 1]
        figures.median = round(sum(middle) / len(middle), 9)
        figures.p90 = round(known[math.ceil(0.9 * len(known)) - 1], 9)
    return figures
