"""What was measured reads well: on a terminal, in Markdown, as a plot."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest

from benchmarks import report
from benchmarks.measure import Cost
from benchmarks.report import Row, Sheet, Table, draw, ms, plot, sheet_of, write


def table() -> Table:
    costs = {"ours": [Cost(0.25), Cost(0.5)], "base": [Cost(0.5), Cost(1.0)]}
    return Table("Start-up", "bare", [Row.of(costs, "ours", "base", 1.5, ms)])


def test_a_row_of_the_report_has_both_sides_the_ratio_and_the_target() -> None:
    assert table().rows[0].cells == ["ours", "250 / 375", "500 / 750", "0.50 x", "≤ 1.50 x"]


def test_the_table_of_the_report_is_aligned_on_a_terminal() -> None:
    lines = sheet_of(table()).text().splitlines()
    assert lines[1] == "Start-up"
    assert lines[2].index("bare") == lines[3].index("500")


def test_the_report_keeps_what_is_written_by_hand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = tmp_path / "performance.md"
    document.write_text("# By hand\n<!-- measured -->\nold\n<!-- end -->\nbelow\n", "utf-8")
    monkeypatch.setattr(report, "DOCUMENT", document)
    monkeypatch.setattr(report, "PLOT", tmp_path / "performance.svg")
    write([table(), Sheet("Others", ["", "ms"], [["llm", "7"]], note="A note.")], "Today.")
    write([Sheet("Others", ["", "ms"], [["llm", "8"]])], "Tomorrow.")
    draw([table()])
    text = document.read_text("utf-8")
    assert text.startswith("# By hand\n<!-- measured -->\n")
    assert text.endswith("<!-- end -->\nbelow\n")
    assert "| ours | 250 / 375 | 500 / 750 | 0.50 x | ≤ 1.50 x |" in text
    assert "| llm | 8 |" in text
    assert "| llm | 7 |" not in text
    assert "old" not in text


def test_the_plot_of_the_report_has_one_bar_per_row() -> None:
    found = ElementTree.fromstring(plot(table().rows)).iter("{http://www.w3.org/2000/svg}rect")  # noqa: S314
    assert len(list(found)) == 1
