"""An agent in a file: by its path, with its neighbours, its package, and no one else's name."""

from __future__ import annotations

import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from catagent.agents.code import Code
from catagent.errors import UsageError


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is not the current one, with a module, a package and what both import."""
    (tmp_path / "alone_for_test.py").write_text(
        "import near_for_test\nagent = near_for_test.name\n"
    )
    (tmp_path / "near_for_test.py").write_text("name = 'the neighbour'\n")
    package = tmp_path / "package_for_test" / "inner"
    package.mkdir(parents=True)
    (package.parent / "__init__.py").write_text("")
    (package / "__init__.py").write_text("")
    (package / "agent.py").write_text(
        "from near_for_test import name\nfrom ..tools import tool\nagent = name, tool, __name__\n"
    )
    (package.parent / "tools.py").write_text("tool = 'from the package'\n")
    monkeypatch.setattr(sys, "meta_path", list(sys.meta_path))
    for name in [name for name in sys.modules if "_for_test" in name]:
        monkeypatch.delitem(sys.modules, name)
    return tmp_path


def loaded(path: Path, attribute: str = "agent") -> object:
    code = Code.named(f"{path}:{attribute}")
    assert code is not None
    return code.load()


def test_a_file_imports_its_neighbours_wherever_we_are(folder: Path) -> None:
    assert loaded(folder / "alone_for_test.py") == "the neighbour"


def test_a_file_of_a_package_is_imported_as_its_module(folder: Path) -> None:
    found = loaded(folder / "package_for_test/inner/agent.py")
    assert found == ("the neighbour", "from the package", "package_for_test.inner.agent")


@pytest.mark.parametrize("name", ["queue", "this"])
def test_a_file_does_not_take_the_name_of_a_module_that_there_is(folder: Path, name: str) -> None:
    """Whether it was imported already, or is later."""
    (folder / f"{name}.py").write_text("agent = 'mine'\n")
    known = sys.modules.get(name)
    assert loaded(folder / f"{name}.py") == "mine"
    assert sys.modules.get(name) is known


def test_a_file_that_failed_is_imported_again(folder: Path) -> None:
    (folder / "first_for_test.py").write_text("import second_for_test\nagent = 1\n")
    second = folder / "second_for_test.py"
    second.write_text("from first_for_test import agent")
    with pytest.raises(ImportError, match="most likely due to a circular import"):
        loaded(folder / "first_for_test.py")
    second.write_text("")
    assert loaded(folder / "first_for_test.py") == 1


def test_a_file_may_have_dots_in_its_name(folder: Path) -> None:
    (folder / "agent.v2_for_test.py").write_text("agent = 2\n")
    assert loaded(folder / "agent.v2_for_test.py") == 2


def test_what_others_import_is_not_looked_for_next_to_a_file(folder: Path) -> None:
    (folder / "stranger_for_test.py").write_text("raise SystemExit('it ran')\n")
    loaded(folder / "alone_for_test.py")
    with pytest.raises(ModuleNotFoundError):
        import stranger_for_test  # type: ignore[import-not-found]  # noqa: F401


@pytest.mark.parametrize(
    ("text", "message", "hint"),
    [
        ("", "has no attribute 'agent'", "there is: "),
        ("agnt = 1", "has no attribute 'agent'", "did you mean agnt?"),
        (
            "import no_such_package_at_all",
            f"No module named 'no_such_package_at_all' in {sys.executable}",
            "install it there",
        ),
        (
            "from langchain_core.messages import HumanMesage",
            f"langchain_core {version('langchain-core')} in {sys.executable} does not have it",
            "there is: HumanMessage",
        ),
        (
            "import langchain.chains",
            f"No module named 'langchain.chains': langchain {version('langchain')} in ",
            "what LangChain 1 left out is in langchain_classic",
        ),
        ("from near_for_test import nme", "'near_for_test': it is not in /", "there is: name"),
        (
            "import tools_for_test",
            f"No module named 'tools_for_test' in {sys.executable}",
            "there is /",
        ),
        ("def f(:", "broken_for_test.py, line 1: ", "mend it for Python 3."),
        ("\0", "broken_for_test.py, line 1: source code string", "mend it for Python 3."),
    ],
)
def test_a_file_of_no_use_is_explained(folder: Path, text: str, message: str, hint: str) -> None:
    (folder / "broken_for_test.py").write_text(text)
    (folder / "away").mkdir()
    (folder / "away/tools_for_test.py").write_text("")
    with pytest.raises(UsageError) as raised:
        loaded(folder / "broken_for_test.py")
    assert message in raised.value.message
    assert raised.value.hint.startswith(hint)


@pytest.mark.parametrize("name", ["~no_such_user/a.py:b", "~no_such_user/a.json:b", "a\0.py:b"])
def test_what_no_file_can_be_called_is_a_usage_error(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be looked for: "):
        Code.named(name)


def test_more_dots_than_folders_fail_as_in_python(folder: Path) -> None:
    (folder / "high_for_test.py").write_text(f"from {'.' * 50}high import agent\n")
    with pytest.raises(ImportError, match="beyond top-level package"):
        loaded(folder / "high_for_test.py")


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no file .*/none\.py"):
        Code.named(f"{tmp_path}/none.py:agent")


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("LIMIT = 3\n_model = 1\nfirst = '\\d'\ngraph: object = first\n", "graph, or first"),
        ("a = b = c = d = 1\ngraph = a\na = 2", "a, or graph, or d"),
        ("graph = 1\nlater: int\nfor each in []: ...", "graph"),
        ("def graph(): ...", "attribute"),
        ("graph = (", "attribute"),
        ("graph = " + "(" * 5000, "attribute"),
    ],
)
def test_of_a_file_alone_what_it_assigns_is_named(text: str, hint: str, tmp_path: Path) -> None:
    file = tmp_path / "app.py"
    file.write_text(f"{text}\nraise SystemExit")
    with pytest.raises(UsageError, match="names a file and no agent in it") as raised:
        Code.named(str(file))
    assert raised.value.hint == ", or ".join(f"{file}:{each}" for each in hint.split(", or "))
