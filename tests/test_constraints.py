"""constraints.txt: what is pinned can be installed on every Python that catagent is for."""

from __future__ import annotations

import importlib.metadata
import re
import tomllib
from pathlib import Path

from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[1]


def test_all_that_is_pinned_takes_the_lowest_python() -> None:
    """3.11.0 is in `>=3.11`, and Debian 12 has 3.11.2: a pin for 3.11.5 ends `make test` there."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lowest = project["requires-python"].partition(",")[0].removeprefix(">=") + ".0"
    text = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE)
    installed = [each for name, version in pins for each in _installed(name, version)]
    assert len(installed) > 100
    for each in installed:
        wanted = str(each.metadata.json.get("requires_python", ""))
        assert lowest in SpecifierSet(wanted), f"{each.name} takes Python {wanted}"


def _installed(name: str, version: str) -> list[importlib.metadata.Distribution]:
    """What is pinned so, where it is installed: nothing, if it is for another system."""
    found = importlib.metadata.distributions(name=name)
    return [each for each in found if each.version == version]
