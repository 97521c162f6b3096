"""Matrices of tests: a good part of each in `make test`, all of it in `make test-all`.

What is in the whole alone has the marker `full`. A test that is named runs, whatever its markers.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from typing import Any

import pytest

Label = tuple[str, ...]


def pairwise(names: str, cases: Iterable[Sequence[Any]]) -> pytest.MarkDecorator:
    """Parametrize a test by these cases; any two values that ever meet do so in `make test` too."""
    by_label = {label(case): case for case in cases}
    return _parametrize(names, by_label, set(selection(list(by_label))))


def in_turn(names: str, firsts: Iterable[Any], seconds: Iterable[Any]) -> pytest.MarkDecorator:
    """Parametrize a test by each first with each second; in `make test` each first has one."""
    ones, others = list(firsts), list(seconds)
    kept = {label(pair) for pair in zip(ones, itertools.cycle(others), strict=False)}
    return _parametrize(names, {label(c): c for c in itertools.product(ones, others)}, kept)


def selection(labels: Sequence[Label]) -> list[Label]:
    """Some of these labels, with all pairs of values that are in any of them; the same each time.

    Those that bring the most new pairs are taken first: close to the fewest that can do.
    """
    missing = {pair for case in labels for pair in _pairs(case)}
    most = max((len(_pairs(case)) for case in labels), default=0)
    chosen = []
    for enough in range(most, 0, -1):
        for case in labels:
            new = missing.intersection(_pairs(case))
            if len(new) >= enough:
                chosen.append(case)
                missing -= new
    return chosen


def label(case: Sequence[Any]) -> Label:
    """What each value of a case is called in the name of its test: its `id`, or itself."""
    return tuple(str(getattr(value, "id", value)) for value in case)


def _pairs(case: Label) -> list[tuple[tuple[int, str], ...]]:
    return list(itertools.combinations(enumerate(case), 2))


def _parametrize(
    names: str, cases: dict[Label, Sequence[Any]], kept: set[Label]
) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        names,
        [
            pytest.param(*case, id="-".join(name), marks=() if name in kept else pytest.mark.full)
            for name, case in cases.items()
        ],
    )
