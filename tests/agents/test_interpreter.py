"""In which Python an agent's file runs: whose is found, how far, and whose is not trusted."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from catagent.agents.interpreter import interpreter_of, project_root
from catagent.errors import UsageError


def environment(folder: Path) -> Path:
    """Make a folder look like a virtual environment, and return its interpreter."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin/python"
    python.symlink_to(sys.executable)
    return python


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an agent three folders deep."""
    (tmp_path / "project/src/deep").mkdir(parents=True)
    (tmp_path / "project/pyproject.toml").write_text("")
    (tmp_path / "project/src/deep/agent.py").write_text("")
    return tmp_path / "project"


def found(project: Path, named: str | None = None, **environ: str) -> Path | None:
    file = project / "src/deep/agent.py"
    return interpreter_of(file, project_root(file), environ, named)


def test_the_nearest_environment_of_the_project_is_taken(project: Path) -> None:
    outer = environment(project / ".venv")
    assert found(project) == outer
    assert found(project) != environment(project / "src/.venv") == found(project)


def test_nothing_above_the_root_of_the_project_is_taken(project: Path) -> None:
    environment(project.parent / ".venv")
    assert found(project) is None


@pytest.mark.parametrize("mark", ["setup.py", "langgraph.json", ".git"])
def test_the_root_is_the_nearest_folder_that_looks_like_one(project: Path, mark: str) -> None:
    environment(project / ".venv")
    (project / "src" / mark).write_text("")
    assert found(project) is None


def test_a_file_of_no_project_has_its_own_folder_alone(project: Path) -> None:
    (project / "pyproject.toml").unlink()
    environment(project / ".venv")
    assert found(project) is None
    assert environment(project / "src/deep/.venv") == found(project)


def test_an_active_environment_comes_first_and_one_that_is_named_before_it(
    project: Path, tmp_path: Path
) -> None:
    environment(project / ".venv")
    active = environment(tmp_path / "active")
    named = environment(tmp_path / "named")
    assert found(project, VIRTUAL_ENV=str(tmp_path / "active")) == active
    for name in (str(named), str(tmp_path / "named")):
        assert found(project, name, VIRTUAL_ENV=str(tmp_path / "active")) == named


def test_an_agent_of_our_own_environment_runs_in_our_process(project: Path) -> None:
    (project / ".venv").symlink_to(sys.prefix)
    assert found(project) is None
    assert found(project, VIRTUAL_ENV=sys.prefix) is None


@pytest.mark.parametrize("open_to_others", [".", "src", "src/.venv", "src/.venv/bin"])
def test_one_that_others_can_write_is_not_used_unless_it_is_named(
    project: Path, open_to_others: str
) -> None:
    python = environment(project / "src/.venv")
    (project / open_to_others).chmod(0o777)
    with pytest.raises(UsageError, match=f"others can write to {project / open_to_others}"):
        found(project)
    assert found(project, str(python)) == python


def test_a_file_that_others_can_write_is_not_used(project: Path) -> None:
    python = environment(project / ".venv")
    python.unlink()
    python.write_text("#!/bin/sh\n")
    python.chmod(0o777)
    with pytest.raises(UsageError, match=f"others can write to {python}"):
        found(project)


@pytest.mark.skipif(os.getuid() != 0, reason="gives files away")
def test_one_of_somebody_else_is_not_used(project: Path) -> None:
    environment(project / ".venv")
    os.chown(project / ".venv", 4711, 4711)
    with pytest.raises(UsageError, match=r"others can write to .*/\.venv"):
        found(project)


@pytest.mark.parametrize(
    ("named", "environ"), [("/nonexistent/python", {}), (None, {"VIRTUAL_ENV": "/nonexistent"})]
)
def test_one_that_is_not_there_is_named(
    project: Path, named: str | None, environ: dict[str, str]
) -> None:
    with pytest.raises(UsageError, match="/nonexistent"):
        found(project, named, **environ)
