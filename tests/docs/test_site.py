"""The site that `make docs` makes: strict, whole, and nothing in it comes from another host."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CONFIG = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
PAGES = sorted(path.relative_to(ROOT / "docs") for path in (ROOT / "docs").glob("**/*.md"))
# Minutes each, and programs that a bare machine has not.
UNTRIED = {"performance.md"}
# What a browser loads by itself: links are for the reader to follow.
LOADED = re.compile(
    r"<(?:script|img|iframe|source)[^>]* src=\"?([^\" >]+)|<link[^>]* href=\"?([^\" >]+)"
)


def listed(nav: Any) -> list[str]:
    """The pages of the navigation, in order."""
    if isinstance(nav, str):
        return [nav]
    return [
        page for each in (nav.values() if isinstance(nav, dict) else nav) for page in listed(each)
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(ROOT / "zensical.toml", folder)
    shutil.copytree(ROOT / "docs", folder / "docs")
    command = [sys.executable, "-m", "zensical", "build", "--strict"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Warning" not in done.stdout + done.stderr
    return folder / "site"


def test_every_page_of_the_site_is_in_its_navigation() -> None:
    assert sorted(listed(CONFIG["nav"])) == sorted(map(str, PAGES))


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_page_begins_with_what_it_is_for(page: Path) -> None:
    """A heading, and below it a paragraph: no list, table, picture, code or further heading."""
    lines = (ROOT / "docs" / page).read_text(encoding="utf-8").splitlines()
    heading, _, first, *_ = [line for line in lines if not line.startswith("<!--")]
    assert heading.startswith("# ")
    assert re.match(r"[A-Z`*]", first), first


def test_every_page_with_commands_has_a_test_that_reads_it() -> None:
    """What is to be typed, of pages that are written by hand, is typed by a test."""
    tests = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").glob("**/test_*.py")]
    typed = [page for page in PAGES if "```sh" in (ROOT / "docs" / page).read_text("utf-8")]
    assert len(typed) > 10
    for page in typed:
        assert page.name in UNTRIED or any(str(page) in text for text in tests), page


def test_the_site_loads_nothing_from_other_hosts(site: Path) -> None:
    pages = list(site.glob("**/*.html"))
    assert len(pages) > len(PAGES)
    for page in pages:
        for found in LOADED.findall(page.read_text(encoding="utf-8")):
            address = "".join(found).partition("?")[0]
            assert not re.match(r"(https?:)?//", address), (page.name, address)
            assert page.name == "404.html" or (page.parent / address).exists(), (page.name, address)


def test_the_site_can_be_searched(site: Path) -> None:
    index = json.loads((site / "search.json").read_text(encoding="utf-8"))
    assert any("astream_events" in str(item) for item in index["items"])
