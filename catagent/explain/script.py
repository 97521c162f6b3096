"""A script that is being written, of parts that stand in this folder as texts with gaps."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from string import Template

from msgspec import Struct, field

_PARTS = Path(__file__).parent / "parts"


class Script(Struct):
    """Packages besides those it imports, notes for its head, imports, and what stands below."""

    needs: set[str] = field(default_factory=set)
    notes: list[str] = []
    standard: set[str] = field(default_factory=lambda: {"import asyncio"})
    imports: set[str] = field(default_factory=set)
    blocks: list[str] = []

    def add(self, *names: str, only: str = "", **values: str) -> None:
        """Add these parts as one; of its functions, with `only`, that one and the last alone."""
        lines = "".join((_PARTS / f"{name}.txt").read_text(encoding="utf-8") for name in names)
        head, _, body = lines.rpartition("# ---\n")
        self.imports.update(head.splitlines())
        *functions, last = body.strip().split("\n\n\n")
        body = "\n\n\n".join([*(each for each in functions if f" {only}" in each), last])
        self.blocks.append(Template(body).substitute(values))

    def __str__(self) -> str:
        modules = {line.split()[1].partition(".")[0] for line in self.imports}
        packages = self.needs | {module.replace("_", "-") for module in modules - {"catagent"}}
        said = [f"pip install {' '.join(sorted(packages))}"] if packages else []
        head = ["\n".join(f"# {line}" for line in dict.fromkeys([*said, *self.notes]))]
        # As isort has them: modules first, then names.
        for each in (self.standard, self.imports):
            head.append("\n".join(sorted(each, key=lambda line: (line[0] == "f", line))))
        parts = [_gap(before, block) + block for before, block in pairwise(["", *self.blocks])]
        return "\n\n".join(filter(None, head)) + "".join(parts) + "\n"


def _gap(before: str, block: str) -> str:
    """Two lines between functions and all else, else one."""
    return "\n\n\n" if "def " in before + block else "\n\n"
