"""docs/faults.md says what the tests hold."""

from __future__ import annotations

import re
from pathlib import Path

from tests.faults.table import tables

ROOT = Path(__file__).parents[2]
DOCUMENT = ROOT / "docs" / "faults.md"
BEGIN, END = "<!-- made by `python -m tests.faults.table` -->", "<!-- end -->"


def test_the_tables_of_faults_md_are_current() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert text.partition(BEGIN)[2].partition(END)[0].strip() == tables()


def test_every_test_named_in_faults_md_exists() -> None:
    named = re.findall(r"`(test_\w+)`", DOCUMENT.read_text(encoding="utf-8"))
    assert named
    tests = (ROOT / "tests" / "faults").glob("test_*.py")
    text = "".join(file.read_text(encoding="utf-8") for file in tests)
    for name in named:
        assert f"def {name}(" in text
