"""An interpreter for agents that is not the one that the tests run in."""

import sysconfig
import venv
from pathlib import Path


def twin(folder: Path) -> Path:
    """The interpreter of a new environment in `.venv` there, which has the packages of this one."""
    venv.create(folder / ".venv", symlinks=True)
    packages = next((folder / ".venv/lib").glob("*/site-packages"))
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return folder / ".venv/bin/python"
