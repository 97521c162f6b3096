"""Reads a `langgraph.json`: which agents a project has, and what they need. Imports nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import msgspec

from catagent import variables
from catagent.errors import UsageError

NAME = "langgraph.json"


class _Graph(msgspec.Struct):
    path: str


class _Content(msgspec.Struct):
    """What is read of the file. The rest is a server's: its image, the index of its store."""

    graphs: dict[str, str | _Graph]
    dependencies: list[str] = []
    env: str | dict[str, str] = {}


class Project(NamedTuple):
    """What a `file` says: `graphs` maps the id of each agent to "file.py:attribute".

    `dependencies` are those that are folders, `env` is the path of a file or the variables.
    """

    file: Path
    graphs: Mapping[str, str]
    dependencies: list[str]
    env: str | dict[str, str]

    @classmethod
    def read(cls, file: Path) -> Project:
        """Read it. Raises UsageError, with what is wrong, for one that is of no use."""
        try:
            content = msgspec.json.decode(variables.read_text(file), type=_Content)
        except (OSError, ValueError, RecursionError) as error:
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"{file} cannot be used: {why}") from None
        graphs = {k: v.path if isinstance(v, _Graph) else v for k, v in content.graphs.items()}
        folders = [each for each in content.dependencies if each.startswith((".", "/"))]
        return cls(file.absolute(), graphs, folders, content.env)

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
        found = (self.root / path).resolve()
        return found if found.is_relative_to(self.root.resolve()) else None

    def folders(self) -> Iterator[Path]:
        """Yield the dependencies that are below its folder."""
        for path in filter(None, map(self.below, self.dependencies)):
            yield from (path / "src", path)

    def variables(self) -> tuple[Mapping[str, str], list[str]]:
        """What its `env` sets, and notices of what the file names and cannot be used."""
        outside = [each for each in self.dependencies if self.below(each) is None]
        notices = [f"{each} is left out: it is not below {self.file}" for each in outside]
        if not isinstance(self.env, str):
            return self.env, notices
        if (path := self.below(self.env)) is None:
            return {}, [*notices, f"{self.env} is left out: it is not below {self.file}"]
        if not path.exists():
            return {}, [*notices, f"{NAME} names {self.env}, which is not there"]
        found, unusable = variables.read_if_usable(path)
        return found, [*notices, *unusable]
