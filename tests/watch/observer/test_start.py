"""How a Python starts that has the observer's folder first on its PYTHONPATH."""

from __future__ import annotations

import ast
import os
from pathlib import Path

import pytest

from tests.support.observed import OBSERVER, environment, run_python

MODULES = "import sys; print(sorted(sys.modules))"
ARMED = "import sys; print([type(each).__name__ for each in sys.meta_path].count('_Finder'))"


@pytest.fixture
def records(tmp_path: Path) -> Path:
    folder = tmp_path / "records"
    folder.mkdir(mode=0o700)
    return folder


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """A folder that holds the `sitecustomize` of somebody else, to be written."""
    folder = tmp_path / "other"
    folder.mkdir()
    return folder / "sitecustomize.py"


def run(records: Path, other: Path, code: str) -> tuple[str, str, int]:
    """The same with our folder before the other's, and then without."""
    alone = environment(None, PYTHONPATH=str(other.parent))
    path = os.pathsep.join((str(OBSERVER), str(other.parent)))
    watched = environment(records, PYTHONPATH=path)
    first, second = (run_python("-c", code, environ=each) for each in (watched, alone))
    said = (first.stdout, first.stderr, first.returncode)
    assert said == (second.stdout, second.stderr, second.returncode)
    return said


def test_nothing_but_one_module_is_imported_before_langchain_is(records: Path) -> None:
    watched = run_python("-c", MODULES, environ=environment(records))
    alone = run_python("-c", MODULES, environ=environment(None, PYTHONPATH=""))
    new = set(ast.literal_eval(watched.stdout)) - set(ast.literal_eval(alone.stdout))
    assert new <= {"_catagent_observer", "sitecustomize"}
    assert watched.stderr == ""
    assert [path.name for path in records.iterdir()] == ["armed"]


def test_another_sitecustomize_runs_and_is_the_one_that_is_imported(
    records: Path, other: Path
) -> None:
    other.write_text("import sys\nprint('other', __name__)\nsys.path.append('/added')\n")
    said, _, _ = run(
        records,
        other,
        "import sitecustomize, sys; print(sitecustomize.__file__, sys.path[-1])",
    )
    assert said == f"other sitecustomize\n{other} /added\n"


@pytest.mark.parametrize("fails", ["import no_such_module", "raise ValueError('broken')", "1 +"])
def test_what_another_sitecustomize_raises_is_reported_as_ever(
    fails: str, records: Path, other: Path
) -> None:
    other.write_text(fails)
    _, error, code = run(records, other, "print('ran')")
    assert "Error in sitecustomize" in error
    assert code == 0


def test_a_sitecustomize_that_ends_python_does(records: Path, other: Path) -> None:
    other.write_text("import os\nos._exit(7)")
    assert run(records, other, "print('ran')") == ("", "", 7)


def test_the_observer_is_armed_where_no_other_sitecustomize_is(records: Path) -> None:
    done = run_python("-c", ARMED, environ=environment(records))
    assert (done.stdout, done.stderr) == ("1\n", "")


@pytest.mark.parametrize("flag", ["-I", "-E", "-S"])
def test_a_python_that_ignores_the_environment_runs_as_ever(flag: str, records: Path) -> None:
    done = run_python(flag, "-c", ARMED, environ=environment(records))
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_a_folder_that_others_may_look_into_is_not_recorded_in(tmp_path: Path) -> None:
    open_to_all, linked = tmp_path / "open", tmp_path / "linked"
    open_to_all.mkdir(mode=0o755)
    (tmp_path / "private").mkdir(mode=0o700)
    linked.symlink_to(tmp_path / "private")
    file = tmp_path / "file"
    file.touch(mode=0o700)
    for folder in (open_to_all, linked, file, tmp_path / "missing"):
        done = run_python("-c", ARMED, environ=environment(folder))
        assert (done.stdout, done.stderr) == ("0\n", "")


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_somebody_else_is_not_recorded_in(records: Path) -> None:
    os.chown(records, 1, 1)
    done = run_python("-c", ARMED, environ=environment(records))
    assert (done.stdout, done.stderr) == ("0\n", "")


def test_opentelemetry_finds_the_observer_where_its_own_sitecustomize_comes_first() -> None:
    """Its agent runs the entry points of this group first, and no `sitecustomize` but its own."""
    code = (
        "from importlib.metadata import entry_points\n"
        "found = entry_points(group='opentelemetry_pre_instrument')\n"
        "print([each.load().__module__ for each in found])"
    )
    done = run_python("-c", code, environ=environment(None))
    assert (done.stdout, done.stderr) == ("['_catagent_observer']\n", "")
