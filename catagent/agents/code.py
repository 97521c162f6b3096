"""What a person's `--agent` names: code, in a module or a file."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catagent.agents.driver.kinds import UnusableError
from catagent.agents.driver.load import load
from catagent.errors import UsageError
from catagent.loading import current_folder, registry


class Code(NamedTuple):
    """The attribute of a module that is imported in `folder`, or of the file that was named."""

    module: str
    attribute: str
    folder: Path
    file: Path | None = None

    @classmethod
    def named(cls, name: str) -> Code | None:
        """What "module:attribute" or "path/to/file.py:attribute" names, None for any other name.

        Raises UsageError for a file that is not there.
        """
        module, _, attribute = name.rpartition(":")
        if not (module and attribute):
            return None
        if not module.endswith(".py"):
            return cls(module, attribute, Path.cwd())
        file = Path(module).expanduser().resolve()
        if not file.is_file():
            raise UsageError(f"there is no file {file}", "write it as path/to/file.py:attribute")
        parts, folder = [file.stem], file.parent
        while (folder / "__init__.py").exists():
            parts.insert(0, folder.name)
            folder = folder.parent
        return cls(".".join(parts), attribute, folder, file)

    def load(self) -> Any:
        """Import it here. Its folder is looked in last, for what it imports itself as well.

        Raises UsageError for what is not there.
        """
        for name in (self.module, f"{self.module}_"):  # the second where the first is taken
            current_folder.serve(name, self.folder)
        with explained():
            return load(self.module, str(self.file) if self.file else None, self.attribute)


def find(name: str, table: Mapping[str, str], what: str) -> Any:
    """The object that `name` stands for: in a table of ours, or as a person's code.

    Raises UsageError, with what is there to choose from, for what is not there.
    """
    if name in table:
        return registry.load(table[name])
    if (code := Code.named(name)) is None:
        raise UsageError(f"no {what} called {name!r}", registry.suggest(name, table, what))
    return code.load()


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Inside, what the driver says of an agent that is of no use is a UsageError."""
    try:
        yield
    except UnusableError as error:
        raise UsageError(*error.args) from error.__cause__
