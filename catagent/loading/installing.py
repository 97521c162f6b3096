"""The command that installs packages beside catagent, for the way it was installed itself."""

import importlib.util
import sys
from pathlib import Path
from shlex import quote


def install(*packages: object) -> str:
    """Return the command: of pip, pipx or uv, or for those who let these run it, once.

    A package is its name, or what it is required as.
    """
    home, names = (
        Path(sys.prefix),
        [quote(str(each).partition(";")[0].strip()) for each in packages],
    )
    beside, more = " ".join(names), " ".join(f"--with {name}" for name in names)
    if (home / "pipx_metadata.json").is_file():
        kept = home.parent.name == "venvs"
        return f"pipx inject {home.name} {beside}" if kept else f"pipx run {more} …"
    if importlib.util.find_spec("pip"):
        return f"{quote(sys.executable)} -m pip install {beside}"
    if home.parent.name.startswith("archive-"):  # in uv's cache
        return f"uvx {more} …"
    return f"uv pip install --python {quote(sys.executable)} {beside}"
