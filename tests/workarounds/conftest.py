"""What the tests of work-arounds share: they fail when one is needed no more."""

from __future__ import annotations

import platform
import re
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import pytest
from packaging.version import Version

DOCUMENT = Path(__file__).parents[2] / "docs/workarounds.md"
StillNeeded = Callable[[bool], None]


class Row(NamedTuple):
    """One row of docs/workarounds.md."""

    name: str
    package: str
    seen: str
    places: tuple[str, ...]
    why: str

    @property
    def installed(self) -> str:
        """The version of the package that is here."""
        return platform.python_version() if self.package == "Python" else version(self.package)


def rows() -> dict[str, Row]:
    """The table of docs/workarounds.md, by name."""
    table = re.findall(
        r"^\| `(\w+)` \| (\S+) (\S+) \| (.*?) \| (.*?) \|$", DOCUMENT.read_text(), re.M
    )
    return {
        name: Row(name, package, seen, tuple(re.findall(r"`([\w.]+:[\w.]+)`", places)), why)
        for name, package, seen, places, why in table
    }


@pytest.fixture
def still_needed(request: pytest.FixtureRequest) -> StillNeeded:
    """Fail, naming the work-around and its places, where what it makes up for is mended.

    A version older than that in which it was seen may do without as well.
    """
    row = rows()[request.node.originalname.removeprefix("test_")]

    def check(needed: bool) -> None:
        if needed:
            return
        if Version(row.installed) < Version(row.seen):
            pytest.skip(f"{row.package} {row.installed} is older than {row.seen}")
        pytest.fail(
            f"this work-around can go: {row.name}, in {' and '.join(row.places)}, as soon as no "
            f"{row.package} before {row.installed} is supported"
        )

    return check
