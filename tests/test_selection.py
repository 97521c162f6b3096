"""What `make test` takes of a matrix (tests/support/matrix.py)."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from tests.faults.test_matrix import CASES
from tests.support.matrix import label, selection

LABELS = st.tuples(st.sampled_from("abc"), st.sampled_from("de"), st.sampled_from("fghi"))


def pairs(labels: list[tuple[str, ...]]) -> set[object]:
    return {pair for case in labels for pair in itertools.combinations(enumerate(case), 2)}


@given(st.lists(LABELS, unique=True))
def test_any_two_values_that_meet_in_a_matrix_meet_in_its_selection(
    labels: list[tuple[str, ...]],
) -> None:
    chosen = selection(labels)
    assert set(chosen) <= set(labels)
    assert pairs(chosen) == pairs(labels)


def test_a_selection_of_the_fault_matrix_is_a_small_part_of_it() -> None:
    assert len(selection([label(case) for case in CASES])) < len(CASES) / 4
