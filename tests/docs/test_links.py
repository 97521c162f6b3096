"""Every link of the documents leads somewhere: to a file, and to a heading that is in it."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *DOCS.glob("**/*.md")])
LINK = re.compile(r"\]\(<?([^)\s>]+)>?(?: \"[^\"]*\")?\)")
FENCE = re.compile(r"^( *)(```+).*?^\1\2", re.DOTALL | re.MULTILINE)


def prose(path: Path) -> str:
    """A document without its blocks of code, in which nothing is a link or a heading."""
    return FENCE.sub("", path.read_text(encoding="utf-8"))


def links(path: Path) -> list[str]:
    return LINK.findall(re.sub(r"`[^`\n]+`", "", prose(path)))


@functools.cache
def anchors(path: Path) -> frozenset[str]:
    """Those of its headings, as GitHub makes them."""
    return frozenset(_slugs(re.findall(r"^#+ (.+)$", prose(path), re.MULTILINE)))


def _slugs(headings: list[str]) -> Iterator[str]:
    seen: Counter[str] = Counter()
    for heading in headings:
        shown = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
        slug = re.sub(r"[^\w\- ]", "", shown).replace(" ", "-")
        yield f"{slug}-{seen[slug]}" if seen[slug] else slug
        seen[slug] += 1


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(path: Path) -> None:
    for link in links(path):
        if re.match(r"https?://", link):
            continue
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.is_relative_to(ROOT), link
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("path", sorted(DOCS.glob("**/*.md")), ids=lambda path: path.name)
def test_no_link_of_the_site_leads_out_of_it(path: Path) -> None:
    inside = [link for link in links(path) if not re.match(r"https?://", link)]
    assert [link for link in inside if link.startswith("../")] == []


def test_links_are_found() -> None:
    """A pattern that finds none would pass."""
    assert len(links(ROOT / "README.md")) > 20
    assert "ten-lines-of-jq" in anchors(DOCS / "events.md")
