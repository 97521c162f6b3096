"""What a person's `--agent` names: code, in a module or a file."""

from __future__ import annotations

import contextlib
import re
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from catagent.agents.driver.kinds import UnusableError
from catagent.agents.driver.load import load
from catagent.agents.interpreter import project_root
from catagent.agents.langgraph_json import Project
from catagent.errors import UsageError, did_you_mean
from catagent.loading import current_folder, registry

_JAVASCRIPT = re.compile(r"\.[cm]?[jt]sx?")
_RELATIVE = re.compile(r"^\s*from\s+(\.+)[\w.]*\s+import\b", re.MULTILINE)
_OWN = "; or your own as path/to/file.py:attribute or package.module:attribute"
_MOST = 3
_WRITE = "write it as path/to/file.py:attribute"


class Code(NamedTuple):
    """The attribute of a module, or of the file that was named; `root` is its project's folder.

    `folders` are those that it is imported from. `project` says so, and more, where it has the
    agent by an id.
    """

    module: str
    attribute: str
    root: Path
    folders: list[Path]
    file: Path | None = None
    project: Project | None = None

    @classmethod
    def named(cls, name: str) -> Code | None:
        """What `--agent` names; None for an agent of ours, or of nobody.

        That is "file.py:attribute", "langgraph.json:ID", "module:attribute", or the ID of an agent
        in the langgraph.json of the current folder. Raises UsageError for a file that is not there
        or of no use, and for the address of a server.
        """
        if name.startswith(("http://", "https://")):
            said = "what is on a server cannot be run here"  # and the address may hold a password
            raise UsageError(said, "catagent ask --agent URL asks an agent there")
        try:
            return cls._named(name)
        except (OSError, RuntimeError, ValueError) as error:  # not every text can be a path
            raise UsageError(f"the agent cannot be looked for: {error}", _WRITE) from None

    @classmethod
    def _named(cls, name: str) -> Code | None:
        where, _, attribute = name.rpartition(":")
        path, is_project, graph = name.partition(".json:")
        if is_project and not where.endswith(".py"):
            return cls._of(Project.read(Path(f"{path}.json").expanduser()), graph)
        if where and attribute:
            return cls._at(Path(where).expanduser(), attribute)
        project = Project.of(Path())
        if project and name in project.graphs:
            return cls._of(project, name)
        if name.endswith(".py"):
            hint = ", or ".join(f"{name}:{each}" for each in _candidates(Path(name).expanduser()))
            raise UsageError(f"{name} names a file and no agent in it", hint)
        return None

    @classmethod
    def _of(cls, project: Project, graph: str) -> Code:
        """The agent that a project has by this id."""
        if (entry := project.paths.get(graph)) is None:
            hint = did_you_mean(graph, project.graphs)
            raise UsageError(f"{project.file} has no graph called {graph!r}", hint)
        where, _, attribute = entry.rpartition(":")
        if not (where and attribute and project.below(where)):
            hint = "it is to be path/to/file.py:attribute, with a path below its folder"
            raise UsageError(f"{graph} of {project.file} is {entry!r}", hint)
        return cls._at(Path(where), attribute, project.root)._replace(project=project)

    @classmethod
    def _at(cls, where: Path, attribute: str, root: Path | None = None) -> Code:
        """Of a module, or of a file and the package that it lies in, or imports from with dots."""
        if _JAVASCRIPT.fullmatch(where.suffix):
            raise UsageError(f"{where} is JavaScript, and agents are to be in Python", _WRITE)
        if where.suffix != ".py" and where.name == str(where):
            root = root or Path.cwd()
            return cls(str(where), attribute, root, [*_folders(root)])
        file = (root or Path.cwd()).joinpath(where).resolve()
        if not file.is_file():
            raise UsageError(f"there is no file {file}", _WRITE)
        dots = _RELATIVE.findall(file.read_text(encoding="utf-8", errors="replace"))
        parts, folder = [file.stem.replace(".", "_")], file.parent
        levels = max(map(len, dots), default=0)
        while folder.name and ((folder / "__init__.py").exists() or len(parts) <= levels):
            parts.insert(0, folder.name)
            folder = folder.parent
        root = root or project_root(file)
        return cls(".".join(parts), attribute, root, [folder, *_folders(root)], file)

    def load(self) -> Any:
        """Import it here. Its folders are looked in last, for what it imports itself as well.

        Raises UsageError for what is not there.
        """
        for name in (self.module, f"{self.module}_"):  # the second where the first is taken
            current_folder.serve(name, self.folders)
        with explained():
            file = str(self.file) if self.file else None
            return load(self.module, file, self.attribute, [*map(str, self.folders)])


def _candidates(file: Path) -> list[str]:
    """What a file assigns at its top and may be an agent, the last ones first; it is not run."""
    import ast  # for a mistake alone

    found, unread = list[str](), (OSError, SyntaxError, ValueError, RecursionError, MemoryError)
    with contextlib.suppress(*unread), warnings.catch_warnings(action="ignore"):
        for line in ast.parse(file.read_bytes() if file.is_file() else b"").body:
            if isinstance(line, ast.Assign | ast.AnnAssign) and line.value is not None:
                targets = line.targets if isinstance(line, ast.Assign) else [line.target]
                names = (each.id for each in targets if isinstance(each, ast.Name))
                found += [each for each in names if not (each.isupper() or each.startswith("_"))]
    return [*dict.fromkeys(reversed(found))][:_MOST] or ["attribute"]


def _folders(root: Path) -> Iterator[Path]:
    """Yield what else the code of a project imports from."""
    yield from (root / "src", root)
    with contextlib.suppress(UsageError):  # a file that nobody named need not be of use
        if project := Project.of(root):
            yield from project.folders()


def find(name: str, table: Mapping[str, str], what: str) -> Any:
    """The object that `name` stands for: in a table of ours, or as a person's code.

    Raises UsageError, with what is there to choose from, for what is not there.
    """
    if name in table:
        return registry.load(table[name])
    if (":" in name or what == "agent") and (code := Code.named(name)) is not None:
        return code.load()
    raise unknown(name, table, what)


def unknown(name: str, table: Mapping[str, str], what: str = "agent") -> UsageError:
    """The error for a name that stands for nothing, with what is there to choose from."""
    project = Project.of(Path()) if what == "agent" else None
    known = [*table, *(project.graphs if project else ())]
    hint = did_you_mean(name, known) + _OWN * (what == "agent")
    return UsageError(f"no {what} called {name!r}", hint)


@contextlib.contextmanager
def explained() -> Iterator[None]:
    """Inside, what the driver says of an agent that is of no use is a UsageError."""
    try:
        yield
    except UnusableError as error:
        raise UsageError(*error.args) from error.__cause__
