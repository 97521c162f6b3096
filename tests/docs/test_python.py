"""The examples of docs/python.md are run, as they stand there, and print what stands below them."""

from __future__ import annotations

import ast
import re
import runpy
import subprocess
import sys
from inspect import signature
from pathlib import Path

import pytest

import catagent
from tests.support.notebook import run_cells

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n# (.*?)\n(.*?)```(?:\n\n```text\n(.*?)```)?", TEXT, re.DOTALL)
FILES = {name: code for name, code, _ in BLOCKS if name.endswith(".py")}
SCRIPTS = [(name, output) for name, _, output in BLOCKS if output]
CELLS = [code for name, code, _ in BLOCKS if name == "in a notebook"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """All files of the document, in one folder."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    return tmp_path


def test_the_document_has_examples() -> None:
    assert len(SCRIPTS) > 4
    assert len(CELLS) > 1
    assert len(BLOCKS) == TEXT.count("```python")


def test_every_script_prints_what_stands_below_it(folder: Path) -> None:
    """In order: a later one reads what an earlier one recorded."""
    for name, output in SCRIPTS:
        done = subprocess.run(
            [sys.executable, "-W", "error", name],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert (name, done.stdout, done.stderr) == (name, output, "")


def test_the_cells_of_a_notebook_work(folder: Path) -> None:
    printed = run_cells(folder, CELLS)
    assert "The cat is there." in printed[0]
    assert printed[1] == "The cat is there.\n"


def test_every_option_of_stream_is_in_the_table_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ?`?([^|`]*?)`? ?\|", TEXT.partition("## Every")[0], re.M)
    options = {
        name: parameter.default if parameter.default != () else None
        for name, parameter in signature(catagent.stream).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert [name for name, _ in rows] == list(options)
    for name, default in rows:
        assert (ast.literal_eval(default) if default else None) == (options[name]), name


def test_every_public_name_is_on_the_page_as_it_says_itself() -> None:
    tables = runpy.run_path(str(ROOT / "scripts" / "names.py"))["with_tables"]
    assert tables(TEXT) == TEXT, "make reference writes it anew"
    for name in set(catagent.__all__) - {"__version__"}:
        assert re.search(rf"`(catagent\.)?{name}\b", TEXT), name
