"""The command that installs a package beside catagent, for each way that catagent is installed."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from catagent.loading.installing import install


@pytest.mark.parametrize(
    ("folder", "has_pip", "command"),
    [
        ("project/.venv", True, "{python} -m pip install 'a>=1' b"),
        ("uv/tools/catagent", False, "uv pip install --python {python} 'a>=1' b"),
        (".cache/uv/archive-v0/6pK5", False, "uvx --with 'a>=1' --with b …"),
        ("pipx/venvs/catagent", False, "pipx inject catagent 'a>=1' b"),
        ("pipx/.cache/f5bd03", False, "pipx run --with 'a>=1' --with b …"),
    ],
)
def test_what_is_missing_is_installed_with_what_installed_catagent(
    folder: str, has_pip: bool, command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = tmp_path / folder
    prefix.mkdir(parents=True)
    if "pipx" in folder:
        (prefix / "pipx_metadata.json").touch()
    monkeypatch.setattr(sys, "prefix", str(prefix))
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: has_pip or None)
    wanted = install("a>=1; extra == 'local'", "b")
    assert wanted == command.format(python=sys.executable)
