"""What a program that runs is found by, besides its number."""

from __future__ import annotations

from pathlib import Path

import pytest

from catagent.events.codec import Program
from catagent.watch.folders import Found


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("python src/sl2.py --fast", ["7", "src/sl2.py", "sl2.py", "sl2", "python"]),
        ("python -u -X dev -m uvicorn app:main", ["uvicorn"]),
        ("/usr/bin/python3 /venv/bin/uvicorn app:main", ["uvicorn", "/venv/bin/uvicorn"]),
        ("python -m package.serving", ["package.serving"]),
    ],
)
def test_a_program_is_called_by_its_file_module_or_command(command: str, names: list[str]) -> None:
    found = Found(Program(pid=7), tuple(command.split()), Path(), "7-1")
    assert [name for name in names if not found.is_called(name)] == []
    assert not found.is_called("sl")
