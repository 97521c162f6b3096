"""Who may touch what: the rooms of docs/architecture.md, held by walking the imports."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "catagent"
# Runs in other people's programs, and is no module of ours.
OBSERVER = PACKAGE / "watch/observer"
FILES = sorted(path for path in PACKAGE.rglob("*.py") if OBSERVER not in path.parents)
DOCUMENT = (PACKAGE.parent / "docs/architecture.md").read_text(encoding="utf-8")
LANGCHAIN = ("langchain", "langchain_core", "langchain_openai", "langchain_classic", "langgraph")
MOST_MODULES_AT_THE_ROOT = 9


def imported(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in the file, but for annotations alone."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    unused = {id(node) for block in _annotations(tree) for node in ast.walk(block)}
    for node in ast.walk(tree):
        if id(node) in unused:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            package = ".".join(path.relative_to(PACKAGE.parent).parts[: -node.level])
            module = f"{package}.{node.module}" if node.level else node.module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def _annotations(tree: ast.Module) -> Iterator[ast.If]:
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            yield node


def rows() -> dict[str, int]:
    """Every room of docs/architecture.md, and the number of its row."""
    found: dict[str, int] = {}
    for row, rooms in re.findall(r"^\| (\d+) \| (.*?) \|", DOCUMENT, re.MULTILINE):
        found |= dict.fromkeys(re.findall(r"`(\w+)(?:\.py|/)`", rooms), int(row))
    return found


def room(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def neighbours(path: Path) -> set[str]:
    """The other rooms that a file imports from."""
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("catagent.")}
    return ours & rows().keys() - {room(path)}


def offenders(top_levels: tuple[str, ...], allowed: set[str]) -> list[str]:
    """Files outside the allowed rooms that import one of these packages."""
    return [
        str(path.relative_to(PACKAGE))
        for path in FILES
        if path.relative_to(PACKAGE).parts[0] not in allowed
        and any(name.split(".")[0] in top_levels for name in imported(path))
    ]


def test_every_room_is_in_the_table() -> None:
    rooms = {room(path) for path in FILES} - {"__init__", "__main__"}
    assert set(rows()) == rooms


def test_the_root_holds_few_modules_and_otherwise_packages() -> None:
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__", "__main__"}
    assert len(modules) <= MOST_MODULES_AT_THE_ROOT


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_from_the_rows_above_it_alone(path: Path) -> None:
    """Not from its own row either: between rooms every import goes down."""
    table = rows()
    mine = table.get(room(path), max(table.values()) + 1)
    assert [name for name in sorted(neighbours(path)) if table[name] >= mine] == []


def test_no_two_modules_import_each_other() -> None:
    """Inside a room as well, and over however many steps."""
    modules = {_module(path): path for path in FILES}
    graph = {
        name: {found for target in imported(path) if (found := _known(target, modules)) != name}
        for name, path in modules.items()
    }
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(map(str, error.args[1])))


def _module(path: Path) -> str:
    parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _known(target: str, modules: dict[str, Path]) -> str:
    """The module that an import leads to: "package.module.name" may name what is inside it."""
    return next((name for name in (target, target.rpartition(".")[0]) if name in modules), "")


def test_langchain_stays_in_its_rooms() -> None:
    assert offenders(LANGCHAIN, {"agents", "models", "sources", "workarounds"}) == []


def test_the_observer_imports_the_standard_library_and_what_its_hook_is_of() -> None:
    """It has no dependency of ours, and nothing of ours: whatever a program pins works."""
    allowed = sys.stdlib_module_names | {"langchain_core", "_catagent_observer", "sitecustomize"}
    for path in OBSERVER.rglob("*.py"):
        assert {name.split(".")[0] for name in imported(path)} <= allowed


def test_the_observer_imports_sys_and_os_alone_before_langchain_is_imported() -> None:
    for path in (OBSERVER / "sitecustomize.py", OBSERVER / "_catagent_observer/__init__.py"):
        top = ast.parse(path.read_text(encoding="utf-8")).body
        names = {alias.name for node in top if isinstance(node, ast.Import) for alias in node.names}
        assert names == {"os", "sys"}
        assert not any(isinstance(node, ast.ImportFrom) for node in top)


def test_rich_stays_in_its_rooms() -> None:
    assert offenders(("rich",), {"exports", "inspect"}) == ["cli/batch_progress.py"]


def test_textual_stays_in_its_room() -> None:
    """Its import costs nobody who does not inspect."""
    assert offenders(("textual",), {"inspect"}) == []


def test_a_workaround_imports_the_one_package_that_it_is_about() -> None:
    """Whoever needs one gets nothing else with it that is heavy."""
    for path in (PACKAGE / "workarounds").glob("*.py"):
        tops = {name.split(".")[0] for name in imported(path)}
        assert len(tops - sys.stdlib_module_names) <= 1


def test_typer_stays_at_the_command_line() -> None:
    """A caller from Python, or one of several runs at once, has no command line."""
    assert offenders(("typer", "click"), {"cli"}) == []


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
    [("types.py", set()), ("state.py", {"events"}), ("filters.py", {"events"})],
)
def test_the_contract_depends_on_nothing(name: str, allowed: set[str]) -> None:
    """Events import no other module; the state and the filters import the events alone."""
    assert neighbours(PACKAGE / "events" / name) == set()
    ours = {module for module in imported(PACKAGE / "events" / name) if "catagent" in module}
    assert {module.split(".")[1] for module in ours} == allowed


RECORDING = str(Path(__file__).parent / "fixtures/v1/events.jsonl")


@pytest.mark.parametrize(
    "arguments",
    [
        *(["--version"], ["--help"], ["ask", "--help"], ["schema"], ["replay", "--help"]),
        *(["watch", "--help"], ["agents"], ["inspect", "--help"], ["show", RECORDING], ["runs"]),
    ],
)
def test_light_commands_import_nothing_heavy(arguments: list[str]) -> None:
    """LangChain costs seconds, which a command that runs no agent must not pay."""
    assert heavy_imports(arguments) <= set()


def test_a_replay_needs_an_event_loop_and_nothing_else() -> None:
    assert heavy_imports(["replay", RECORDING, "--speed", "0", "-o", "plain"]) <= {"asyncio"}


@pytest.mark.parametrize("arguments", [["watch"], ["watch", "-q", "--", "true"]])
def test_a_viewer_of_other_programs_needs_no_more(arguments: list[str]) -> None:
    assert heavy_imports(arguments) <= {"asyncio"}


def heavy_imports(arguments: list[str]) -> set[str]:
    """Which of the heavy packages a command has imported at its end."""
    code = (
        "import sys\n"
        f"sys.argv = ['catagent', *{arguments!r}]\n"
        "from catagent.cli.process import _run\n"
        "_run(sys.argv[1:])\n"
        "heavy = [m for m in ('langchain_core', 'langgraph', 'openai', 'asyncio', 'pydantic', "
        "'rich', 'textual', 'catagent.inspect')"
        " if m in sys.modules]\n"
        "print(heavy, file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    return set(ast.literal_eval(done.stderr.strip().splitlines()[-1]))
