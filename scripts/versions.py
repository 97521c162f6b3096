"""The tests marked `versions` on the lowest, the pinned and the newest dependencies.

All three on the Python that runs this, the pinned ones on every other supported Python on the
PATH, and on those that are named. Prints what was tried; the exit code is 1 if anything failed.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
SETS = ("lowest", "constraints", "newest")
SUPPORTED = tuple(f"3.{minor}" for minor in range(11, 15))
# Old releases beside new ones of what they use: that they warn is nothing that we could mend.
LENIENT = ("-W", "ignore::DeprecationWarning")


class Trial(NamedTuple):
    """One environment: which dependencies, and which Python."""

    dependencies: str
    python: str
    executable: str

    @property
    def folder(self) -> Path:
        """Where the environment is made, anew each time."""
        return ROOT / "build/versions" / f"{self.dependencies}-{self.python}"


def main() -> int:
    """Try everything that was asked for and is at hand."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=SETS, default=SETS)
    parser.add_argument("--pythons", nargs="*", default=[], help="interpreters not on the PATH")
    given = parser.parse_args()
    others = pythons(given.pythons)
    trials = [Trial(one, _version(sys.executable), sys.executable) for one in given.only]
    if "constraints" in given.only:
        trials += [Trial("constraints", *other) for other in others.items()]
    passed = {trial: attempt(trial) for trial in trials}
    print(table(passed))
    at_hand = {".".join(trial.python.split(".")[:2]) for trial in trials}
    print(f"not tried: Python {', '.join(sorted(set(SUPPORTED) - at_hand)) or 'none'}")
    return 0 if all(passed.values()) else 1


def pythons(named: list[str]) -> dict[str, str]:
    """The supported Pythons beside the one that runs, one of a minor version: version to path."""
    found = {}
    seen = {_version(sys.executable).rpartition(".")[0]}
    for candidate in [*named, *(f"python{minor}" for minor in SUPPORTED)]:
        version = _version(candidate)
        minor = version.rpartition(".")[0]
        if minor in SUPPORTED and minor not in seen:
            seen.add(minor)
            found[version] = str(shutil.which(candidate))
    return found


def _version(python: str) -> str:
    """What an interpreter says that it is, `3.11.7`; empty where it does not run."""
    code = "import platform; print(platform.python_version())"
    try:
        done = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout.strip()


def attempt(trial: Trial) -> bool:
    """Make the environment and run the tests in it. Returns whether they passed."""
    print(f"== {trial.dependencies} dependencies, Python {trial.python}", flush=True)
    shutil.rmtree(trial.folder, ignore_errors=True)
    settings = {"VENV": str(trial.folder), "PYTHON": trial.executable}
    settings["VERSIONS"] = trial.dependencies
    setup = ["sh", str(ROOT / "scripts/setup.sh")]
    tests = [str(trial.folder / "bin/python"), "-m", "pytest", "-q"]
    tests += ["-m", "versions and not full"]
    tests += ["--numprocesses", "auto", "--maxprocesses", "8"]
    tests += LENIENT if trial.dependencies == "lowest" else ()
    return all(
        subprocess.run(command, cwd=ROOT, env=os.environ | settings, check=False).returncode == 0
        for command in (setup, [*setup, "dev"], tests)
    )


def table(passed: dict[Trial, bool]) -> str:
    """The version of each direct dependency, a column for each trial, and how it went."""
    columns = [{"": trial.dependencies, "Python": trial.python} for trial in passed]
    for column, trial in zip(columns, passed, strict=True):
        column |= _installed(trial) | {"tests": "passed" if passed[trial] else "FAILED"}
    rows = ([name, *(column[name] for column in columns)] for name in columns[0])
    return "\n".join("".join(cell.ljust(29) for cell in row).rstrip() for row in rows)


def _installed(trial: Trial) -> dict[str, str]:
    """The direct dependencies and extras of pyproject.toml, as they are in an environment."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = sum(project["optional-dependencies"].values(), project["dependencies"])
    packages = [str(folder) for folder in trial.folder.glob("lib/python*/site-packages")]
    found = {
        one.name.lower().replace("_", "-"): one.version for one in distributions(path=packages)
    }
    return {name: found.get(name, "-") for name in (re.split(r"[<>=]", one)[0] for one in wanted)}


if __name__ == "__main__":
    sys.exit(main())
