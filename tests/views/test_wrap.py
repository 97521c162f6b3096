"""Greedy wrapping: no row too wide, nothing lost, no row ever taken back."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from catagent.views.sanitize import clean
from catagent.views.wrap import cells, head, hung, pack, tail, wrap

LINES = st.text(
    st.sampled_from("1ab  .-\t日本🙂e\u0301\u200d\ufe0f\u0300") | st.characters(), max_size=120
).map(lambda text: clean(text).replace("\n", ""))
WIDTHS = st.integers(1, 40)


@given(LINES, WIDTHS)
def test_no_wrapped_row_is_too_wide(line: str, width: int) -> None:
    for row in wrap(line, width):
        assert cells(row) <= width or len(row) == 1


@given(LINES, WIDTHS)
def test_wrapping_loses_nothing_but_spaces(line: str, width: int) -> None:
    assert "".join(wrap(line, width)).replace(" ", "") == line.replace("\t", "").replace(" ", "")


@given(LINES, LINES, WIDTHS)
def test_more_text_changes_the_last_wrapped_row_alone(line: str, more: str, width: int) -> None:
    *final, last = hung(line, width)
    assert hung(line + more, width) == final + hung(last + more, width)


@given(LINES, WIDTHS)
def test_the_end_of_a_text_is_cut_to_the_width(line: str, width: int) -> None:
    assert cells(head(line, width, "…")) <= width
    assert cells(tail(line, width, "…")) <= width


def test_wrapping_keeps_words_whole_where_they_fit() -> None:
    assert wrap("the cat is hiding", 8) == ["the cat", "is", "hiding"]
    assert wrap("incomprehensible", 5) == ["incom", "prehe", "nsibl", "e"]


def test_rows_of_the_item_of_a_list_are_indented_under_its_text() -> None:
    assert wrap("- the cat is hiding", 9) == ["- the cat", "  is", "  hiding"]
    assert wrap("  12. the cat is hiding", 12) == ["  12. the", "      cat is", "      hiding"]
    assert wrap("  12. the cat", 8) == ["  12.", "the cat"]  # most of the row would be empty


def test_a_mark_stays_with_its_letter_and_an_endless_row_of_marks_ends() -> None:
    assert wrap("e\u0301" * 3, 2) == ["e\u0301e\u0301", "e\u0301"]
    rows = wrap("a" + "\u0301" * 100_000, 40)
    assert sum(map(len, rows)) == 100_001
    assert max(map(len, rows)) <= 160


def test_a_megabyte_on_one_line_takes_linear_time() -> None:
    began = time.process_time()
    assert len(wrap("é" * 1_000_000, 80)) == 12_500
    assert len(wrap("word " * 200_000, 80)) > 12_000
    assert time.process_time() - began < 10


def test_packed_facts_stay_in_one_piece() -> None:
    facts = ["done in 3.4 s", "2 tool calls", "31 tokens/s"]
    assert pack(facts, " · ", 30) == ["done in 3.4 s · 2 tool calls", "31 tokens/s"]
    assert pack(facts, " · ", 13) == facts
    assert pack(facts, " · ", None) == [" · ".join(facts)]
