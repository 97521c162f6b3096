"""docs/workarounds.md has every use of what is private to somebody else, and nothing besides."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path

import pytest

import catagent
from tests.workarounds.conftest import Row, rows

PACKAGE = Path(catagent.__file__).parent
# Documented, for all their names: those of named tuples and enumerations as well.
PUBLIC = {"os._exit", "sys._getframe", "value._value_"}
# Python's documentation has these of every named tuple.
OF_NAMED_TUPLES = {"_asdict", "_replace"}
# LangChain's documentation says how a chat model implements them.
TO_OVERRIDE = {"_stream", "_astream"}


def places() -> set[str]:
    return {place for row in rows().values() for place in row.places}


def modules() -> list[str]:
    files = (path.relative_to(PACKAGE.parent).with_suffix("") for path in PACKAGE.rglob("*.py"))
    return sorted(".".join(path.parts).removesuffix(".__init__") for path in files)


def is_private(name: str) -> bool:
    return name.startswith("_") and not name.startswith("__")


def defined(tree: ast.AST) -> Iterator[str]:
    """The names that a module makes: functions, classes, variables, attributes of `self`."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name):
                yield name
            case ast.ClassDef(name=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(value=ast.Name(id="self"), attr=name, ctx=ast.Store()):
                yield name


def used(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The private names that a module uses: as it writes them, and the last part alone."""
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(attr=name):
                yield ast.unparse(node), name
            case ast.keyword(arg=str(name)):
                yield f"{name}=", name
            case ast.ImportFrom(module=str(module), names=names):
                yield from ((f"{module}.{alias.name}", alias.name) for alias in names)
                yield from ((module, part) for part in module.split("."))


def overridden(module: str) -> Iterator[tuple[str, str]]:
    """What the classes of a module take over of others' classes: private methods and attributes."""
    for name, kind in inspect.getmembers(importlib.import_module(module), inspect.isclass):
        theirs = [base for base in kind.__mro__[1:] if not base.__module__.startswith("catagent")]
        # `Base[Any]` is made by Pydantic, in the module that says so.
        if kind.__module__ != module or theirs == [object] or "[" in name + kind.__name__:
            continue
        used_there = {used for base in theirs for used in names_used(base)}
        for own in filter(is_private, set(defined(ast.parse(inspect.getsource(kind))))):
            if own in used_there:
                yield name, own


def names_used(kind: type) -> Iterator[str]:
    """What a class has, and the attributes that its own methods read or set."""
    for name, member in vars(kind).items():
        yield name
        if inspect.isfunction(member):
            yield from member.__code__.co_names


@pytest.mark.parametrize("row", rows().values(), ids=lambda row: row.name)
def test_every_place_is_there(row: Row) -> None:
    assert row.places
    for place in row.places:
        module, _, name = place.partition(":")
        found = importlib.import_module(f"catagent.{module}")
        for part in name.split("."):
            found = getattr(found, part)


def test_every_row_has_a_test_and_every_test_a_row() -> None:
    texts = (path.read_text() for path in Path(__file__).parent.glob("test_of_*.py"))
    tests = {name for text in texts for name in defined(ast.parse(text)) if name[:5] == "test_"}
    assert {name.removeprefix("test_") for name in tests} == set(rows())


def test_every_module_of_the_package_is_in_the_table() -> None:
    listed = {place.partition(":")[0] for place in places()}
    there = {path.stem for path in (PACKAGE / "workarounds").glob("*.py")} - {"__init__"}
    assert there == {name.removeprefix("workarounds.") for name in listed if "workarounds" in name}


def test_no_private_name_is_used_anywhere_else() -> None:
    trees = {
        name: ast.parse(inspect.getsource(importlib.import_module(name))) for name in modules()
    }
    ours = {name for tree in trees.values() for name in defined(tree)} | {"_catagent_observer"}
    found = {
        f"{module}: {written}"
        for module, tree in trees.items()
        for node in tree.body
        if f"{module.removeprefix('catagent.')}:{getattr(node, 'name', '')}" not in places()
        for written, name in used(node)
        if is_private(name) and name not in ours | OF_NAMED_TUPLES and written not in PUBLIC
    }
    assert found == set()


def test_nothing_private_is_taken_over_anywhere_else() -> None:
    found = {
        f"{module.removeprefix('catagent.')}:{kind}"
        for module in modules()
        for kind, name in overridden(module)
        if name not in TO_OVERRIDE
    }
    assert found <= places()
