"""Who may touch what: the rooms of docs/architecture.md, held by walking the imports."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "catagent"
FILES = sorted(PACKAGE.rglob("*.py"))
LANGCHAIN = ("langchain", "langchain_core", "langchain_openai", "langchain_classic", "langgraph")


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def offenders(top_levels: tuple[str, ...], allowed: set[str]) -> list[str]:
    """Files outside the allowed rooms that import one of these packages."""
    return [
        str(path.relative_to(PACKAGE))
        for path in FILES
        if path.relative_to(PACKAGE).parts[0] not in allowed
        and any(name.split(".")[0] in top_levels for name in imported(path))
    ]


def under_type_checking(path: Path) -> set[str]:
    """Modules that a file imports for annotations alone."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for inner in ast.walk(node):
                if isinstance(inner, ast.ImportFrom) and inner.module:
                    found.add(inner.module)
    return found


def test_langchain_stays_in_its_rooms() -> None:
    assert offenders(LANGCHAIN, {"agents", "tools", "models", "sources"}) == []


def test_rich_stays_in_its_rooms() -> None:
    assert offenders(("rich",), {"cli", "views", "sinks", "exports"}) == []


def test_the_environment_is_read_in_one_place() -> None:
    """All else gets what it needs handed in, so that a test can hand in something else."""
    readers = {
        path.name
        for path in FILES
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in {"environ", "getenv"}
        if isinstance(node.value, ast.Name) and node.value.id == "os"
    }
    assert readers == {"config.py"}


@pytest.mark.parametrize(
    ("name", "allowed"),
    [("events.py", set()), ("state.py", {"catagent"}), ("filters.py", {"catagent"})],
)
def test_the_contract_depends_on_nothing(name: str, allowed: set[str]) -> None:
    """Events know nobody; the state and the filters know the events alone."""
    ours = {module for module in imported(PACKAGE / name) if module.startswith("catagent")}
    assert ours <= allowed


@pytest.mark.parametrize(
    "arguments", [["--version"], ["--help"], ["ask", "--help"], ["schema"], ["replay", "--help"]]
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """LangChain costs seconds: whoever does not run an agent must not pay them."""
    code = (
        "import sys\n"
        f"sys.argv = ['catagent', *{arguments!r}]\n"
        "from catagent.__main__ import _run\n"
        "_run(sys.argv[1:])\n"
        "heavy = [m for m in ('langchain_core', 'langgraph', 'openai', 'asyncio', 'pydantic')"
        " if m in sys.modules]\n"
        "print(heavy, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr.strip().splitlines()[-1] == "[]"
