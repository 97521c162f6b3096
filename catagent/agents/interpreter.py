"""Which Python an agent's file runs in: that of its project, where catagent is installed elsewhere.

An interpreter that is found is code of the folder it was found in, started before anything of the
agent is: it is used only where nobody but the person, or root, could have put it there.
"""

import os
import shutil
import stat
import sys
from collections.abc import Mapping
from pathlib import Path

from catagent.errors import UsageError
from catagent.platforms import IS_UNIX

_MARKS = ("pyproject.toml", "setup.py", "langgraph.json", ".git")
_PYTHON = Path("bin/python")
_HINT = "name the interpreter with --python PATH"


def interpreter_of(
    file: Path, root: Path, environ: Mapping[str, str], named: str | None
) -> Path | None:
    """Return the Python for the agent in `file`, None where it is the one that we run in.

    The one that a person `named`, else that of `VIRTUAL_ENV`, else the nearest `.venv` between the
    file and the `root` of its project. Raises UsageError for one that is not there, and for one
    that was found and that others could have written.
    """
    if not IS_UNIX:
        if named is not None:
            hint = "install catagent beside the agent's own packages"
            raise UsageError(f"--python does not work on {sys.platform}", hint)
        return None
    if named is not None:
        return _named(named)
    if active := environ.get("VIRTUAL_ENV"):
        return _checked(Path(active), Path(active))
    for folder in file.parents:
        if os.access(folder / ".venv" / _PYTHON, os.X_OK):
            return _checked(folder / ".venv", root)
        if folder == root:
            break
    return None


def project_root(file: Path) -> Path:
    """The nearest folder of the file that looks like a project's; its own where none does."""
    folders = (folder for folder in file.parents if any((folder / m).exists() for m in _MARKS))
    return next(folders, file.parent)


def _named(name: str) -> Path:
    """The interpreter itself, its environment's folder, or a command on the PATH."""
    # pathlib's fails without such a home, and takes the "./" off which says that it is here.
    path = os.path.expanduser(name)  # noqa: PTH111
    found = shutil.which(Path(path, _PYTHON) if Path(path).is_dir() else path.rstrip("/"))
    if found is None:
        raise UsageError(f"--python {name} is not an interpreter", "give it the path of one")
    return Path(found).absolute()  # a link is not followed: it is what tells an environment


def _checked(environment: Path, root: Path) -> Path | None:
    python = environment / _PYTHON
    if environment.resolve() == Path(sys.prefix).resolve():
        return None
    if not os.access(python, os.X_OK):
        raise UsageError(f"VIRTUAL_ENV is {environment}, and there is no {python}", _HINT)
    # The folders from the root down, the file, and where a link leads to.
    inside = (folder for folder in python.parents if root in folder.parents)
    for path in (root, *inside, python, python.resolve().parent, python.resolve()):
        if not _is_trusted(path):
            raise UsageError(f"{python} is not used: others can write to {path}", _HINT)
    return python


def _is_trusted(path: Path) -> bool:
    """Whether nobody but its owner, who is this user or root, or the user's own group can write."""
    found = path.stat()
    of_others = stat.S_IWOTH | (stat.S_IWGRP if found.st_gid != os.getgid() else 0)
    return found.st_uid in (0, os.getuid()) and not found.st_mode & of_others
