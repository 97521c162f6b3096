"""Names to objects: from the tables, and from whatever a person names."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from catagent.agents.code import find
from catagent.errors import UsageError
from catagent.loading import registry


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with one module in it."""
    (tmp_path / "mine_for_test.py").write_text("class Box:\n    agent = 42\n")
    (tmp_path / "helped_for_test.py").write_text(
        "import helper_for_test\n\ndef late():\n    import importlib\n\n"
        "    return importlib.import_module('late_for_test')\n"
    )
    (tmp_path / "helper_for_test.py").write_text("agent = 43\n")
    (tmp_path / "late_for_test.py").write_text("agent = 44\n")
    (tmp_path / "spaced_for_test").mkdir()
    (tmp_path / "spaced_for_test" / "inner.py").write_text(
        "from helper_for_test import agent\nfrom . import other\n"
    )
    (tmp_path / "spaced_for_test" / "other.py").write_text("")
    (tmp_path / "stranger_for_test.py").write_text("raise SystemExit('a stranger ran')\n")
    (tmp_path / "needy_for_test.py").write_text("import no_such_package_at_all\n")
    (tmp_path / "needy_for_test_agent.py").write_text("import needy_for\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in [name for name in sys.modules if "_for_test" in name]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


@pytest.mark.parametrize(
    "table",
    [registry.AGENTS, registry.TOOLS, registry.PROVIDERS],
    ids=["agents", "tools", "models"],
)
def test_every_row_of_the_registry_can_be_loaded(table: dict[str, str]) -> None:
    assert all(callable(registry.load(path)) for path in table.values())


@pytest.mark.usefixtures("folder")
def test_an_agent_in_the_current_folder_is_found() -> None:
    assert find("mine_for_test:Box.agent", registry.AGENTS, "agent") == 42


@pytest.mark.usefixtures("folder")
def test_a_module_of_the_current_folder_may_import_its_neighbours() -> None:
    """When loaded and later, by statement and by function, from a package and from next to one."""
    late = find("helped_for_test:late", registry.AGENTS, "agent")
    assert late().agent == 44
    assert find("spaced_for_test.inner:agent", registry.AGENTS, "agent") == 43


def test_an_installed_package_imports_nothing_from_the_current_folder(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many packages try imports that may fail, and the folder may be a stranger's."""
    (folder / "site").mkdir()
    (folder / "site" / "installed_for_test.py").write_text(
        "import importlib.util\n\nfound = importlib.util.find_spec('stranger_for_test')\n\n"
        "try:\n    import stranger_for_test\nexcept ModuleNotFoundError:\n    pass\n"
    )
    (folder / "using_for_test.py").write_text("from installed_for_test import found\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(folder / "site")])
    assert find("using_for_test:found", registry.AGENTS, "agent") is None
    assert "stranger_for_test" not in sys.modules


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("name", "message", "hint"),
    [
        ("cta", "no agent called 'cta'", "did you mean cat?"),
        ("nowhere_for_test:agent", "No module named 'nowhere_for_test' in", "in its folder"),
        ("mine_for_test:Bx", "mine_for_test has no attribute 'Bx'", "there is: Box"),
        ("mine_for_test:", "no agent called 'mine_for_test:'", "package.module:attribute"),
        ("needy_for_test:agent", "No module named 'no_such_package_at_all' in", "install it"),
        ("needy_for_test_agent:agent", "No module named 'needy_for' in", ""),
        ("nowhere_for_test.deep:agent", "No module named 'nowhere_for_test.deep' in", ""),
    ],
)
def test_a_missing_agent_module_is_a_usage_error_with_a_hint(
    name: str, message: str, hint: str
) -> None:
    with pytest.raises(UsageError) as raised:
        find(name, registry.AGENTS, "agent")
    assert message in raised.value.message
    assert hint in raised.value.hint


@pytest.mark.usefixtures("folder")
def test_a_bare_agent_name_imports_nothing() -> None:
    with pytest.raises(UsageError):
        find("needy_for_test", registry.AGENTS, "agent")
    assert "needy_for_test" not in sys.modules
