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
# How much of something, and whether that is all of it; None where nothing is known.
_Amount = tuple[float | None, bool]
_Amounts = dict[str, _Amount]


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


def stats(runs: Iterable[RunSummary], by: By | None = None) -> list[Stats]:
    """Return those of all runs, or of each group: days as they came, others by their runs."""
    groups: dict[str | None, list[tuple[str, _Amounts]]] = {}
    for run in runs:
        for key, amounts in _amounts(run, by):
            groups.setdefault(key or None, []).append((run.status, amounts))
    found = [_stats(by, key, those) for key, those in groups.items()]
    return sorted(found, key=lambda each: (by != "day" and -each.runs, each.key or ""))


def _amounts(run: RunSummary, by: By | None) -> Iterator[tuple[str | None, _Amounts]]:
    """What a run adds to each group that it is in, of what it has; to be known is another thing."""
    if by == "model" and run.by_model:
        for used in run.by_model:
            yield used.model, _taken([used]) | {"duration_s": (used.duration_s, True)}
        return
    taken = _taken(run.by_model) if run.by_model or run.status == "unfinished" else {}
    times = {"duration_s": run.duration_s} | ({"ttft_s": run.ttft_s} if taken else {})
    day = f"{began:%Y-%m-%d}" if (began := moment(run.ts)) else ""
    key = {"agent": run.agent, "day": day}.get(by or "")
    yield key, taken | {name: (value, value is not None) for name, value in times.items()}


def _taken(models: list[ev.ModelUsage]) -> _Amounts:
    """Tokens and dollars of models together; without a model nothing is known."""
    found: _Amounts = {}
    for name in ("input_tokens", "output_tokens", "cost"):
        each = [_known(used, name) for used in models]
        some = [amount for amount, _ in each if amount is not None]
        found[name] = sum(some) if some else None, bool(some) and all(whole for _, whole in each)
    return found


def _known(used: ev.ModelUsage, name: str) -> _Amount:
    """What a model took. One that has refused to answer took no tokens."""
    if name == "cost":
        return (None, False) if used.cost is UNSET else (used.cost or 0.0, True)
    count = 0 if used.usage is None and used.uncounted == 0 else getattr(used.usage, name, None)
    return count, count is not None and not used.uncounted


def _stats(by: By | None, key: str | None, those: list[tuple[str, _Amounts]]) -> Stats:
    ended = Counter(status for status, _ in those)
    counts: Any = {"runs": len(those), "failed": sum(ended[status] for status in FAILED)}
    for name in Stats.__struct_fields__[-5:]:
        counts[name] = _figures([has[name] for _, has in those if name in has])
    return Stats(by=by, key=key, statuses=dict(sorted(ended.items())), **counts)


def _figures(amounts: list[_Amount]) -> Figures:
    known = sorted(value for value, whole in amounts if whole and value is not None)
    some = [value for value, _ in amounts if value is not None]
    figures = Figures(known=len(known), of=len(amounts))
    figures.total = round(sum(some), 9) if some else None
    if known:
        middle = known[(len(known) - 1) // 2 : len(known) // 2 + 1]
        figures.median = round(sum(middle) / len(middle), 9)
        figures.p90 = round(known[math.ceil(0.9 * len(known)) - 1], 9)
    return figures
