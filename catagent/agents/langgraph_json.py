"""Reads a `langgraph.json`: which agents a project has, and what they need. Imports nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import msgspec

from catagent import variables
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS

NAME = "langgraph.json"


class _Graph(msgspec.Struct):
    path: str


class Project(msgspec.Struct):
    """What is read of a `file`. The rest is a server's: its image, the index of its store."""

    graphs: dict[str, str | _Graph]
    dependencies: list[str] = []
    env: str | dict[str, str] = {}
    file: Path = Path()

    @classmethod
    def read(cls, file: Path) -> Project:
        """Read it. Raises UsageError, with what is wrong, for one that is of no use."""
        try:
            project = msgspec.json.decode(variables.read_text(file), type=cls)
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"{file} cannot be used: {why}") from None
        project.file = file.parent.resolve() / file.name
        return project

    @classmethod
    def of(cls, folder: Path) -> Project | None:
        """That of a folder, None where it has none. Raises UsageError as `read` does."""
        return cls.read(folder / NAME) if (folder / NAME).exists() else None

    @property
    def root(self) -> Path:
        """The folder of the file."""
        return self.file.parent

    def below(self, path: str) -> Path | None:
        """Where a path of the file leads, None for what is not below its folder."""
        with contextlib.suppress(OSError, RuntimeError, ValueError):  # not every text can be a path
            found = (self.root / path).resolve()
            found.exists()
            return found if found.is_relative_to(self.root) else None
        return None

    @property
    def paths(self) -> dict[str, str]:
        """Where each agent stands, "file.py:attribute", by its id."""
        return {k: v if isinstance(v, str) else v.path for k, v in self.graphs.items()}

    @property
    def named(self) -> dict[str, str]:
        """The same by what `--agent` takes: with the file, an id that is read as something else.

        Without what is catagent's own, as in a checkout of it: that is there by its name.
        """
        others = {k for k in self.graphs if k in AGENTS or ":" in k}
        own = {k: v for k, v in self.paths.items() if not v.startswith("catagent.")}
        return {f"./{NAME}:{k}" if k in others else k: v for k, v in own.items()}

    def folders(self) -> Iterator[Path]:
        """Yield the dependencies that are folders, below its own."""
        for path in filter(None, map(self.below, filter(_is_path, self.dependencies))):
            yield from (path / "src", path)

    def variables(self) -> tuple[Mapping[str, str], list[str]]:
        """What its `env` sets, and notices of paths that cannot be used."""
        file = self.env if isinstance(self.env, str) else ""
        named = [*filter(_is_path, self.dependencies), file]
        notices = [f"{p} is left out: not below {self.file}" for p in named if not self.below(p)]
        if not file or not (path := self.below(file)):
            return {} if isinstance(self.env, str) else self.env, notices
        if not path.exists():  # seldom committed, and seldom needed
            return {}, [*notices, f"{NAME} names {file}, which is not there"]
        found, unusable = variables.read_if_usable(path)
        return found, [*notices, *unusable]


def _is_path(dependency: str) -> bool:
    return dependency.startswith((".", "/"))
