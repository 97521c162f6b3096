"""Late imports: a name is imported when something uses it, and nothing can tell the difference."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib import import_module, invalidate_caches
from pathlib import Path
from types import ModuleType
from typing import get_type_hints

import pytest

from catagent.loading import lazy_imports

Write = Callable[[str], ModuleType]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write two modules and import one: `user`, whose imports from `heavy` are late."""
    monkeypatch.setattr(lazy_imports, "MODULES", {"user"})
    monkeypatch.setattr(sys, "meta_path", [lazy_imports._Finder, *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "heavy.py").write_text("class Thing: ...\nvalue = 1\n")
    (tmp_path / "bag").mkdir()
    (tmp_path / "bag" / "__init__.py").touch()
    (tmp_path / "bag" / "heavy.py").write_text("value = 2\n")

    def write(source: str) -> ModuleType:
        (tmp_path / "user.py").write_text(f"from __future__ import annotations\n{source}\n")
        invalidate_caches()
        return import_module("user")

    yield write
    for name in ("user", "heavy", "bag", "bag.heavy"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("statement", "use", "module"),
    [
        ("import heavy", "heavy.value", "heavy"),
        ("import heavy as h", "h.value", "heavy"),
        ("from heavy import value", "value", "heavy"),
        ("from heavy import value as v, Thing", "v", "heavy"),
        ("from bag import heavy", "heavy.value", "bag.heavy"),
        ("from bag.heavy import value", "value", "bag.heavy"),
    ],
)
def test_a_late_import_is_made_by_the_function_that_uses_it(
    write: Write, statement: str, use: str, module: str
) -> None:
    user = write(f"{statement}\ndef get(): return {use}")
    assert module not in sys.modules
    assert user.get() == (2 if module == "bag.heavy" else 1)
    assert module in sys.modules


@pytest.mark.parametrize(
    "source",
    [
        "class Own(Thing): ...",
        "kinds = [Thing]",
        "def get(thing=Thing): ...",
        "class Own:\n    kind = Thing",
        "def get(): return Thing\nget()",
        "assert locals()['Thing']",
    ],
)
def test_what_the_top_level_uses_is_imported_at_once(write: Write, source: str) -> None:
    user = write(f"from heavy import Thing\n{source}")
    assert "heavy" in sys.modules
    assert not any(isinstance(each, lazy_imports._Later) for each in vars(user).values())


@pytest.mark.parametrize(
    "source",
    [
        "import bag.heavy",
        "import bag.heavy as h",
        "from bag.heavy import *",
        "try:\n    from bag.heavy import value\nexcept ImportError: ...",
        "import bag\nif bag:\n    from bag import heavy",
    ],
)
def test_an_import_that_may_be_for_more_than_names_is_made_at_once(
    write: Write, source: str
) -> None:
    write(source)
    assert "bag.heavy" in sys.modules


def test_the_names_of_a_module_that_is_there_are_there_too(write: Write) -> None:
    import_module("heavy")
    assert vars(write("from heavy import value"))["value"] == 1


def test_a_late_name_can_be_deleted(write: Write) -> None:
    user = write("from heavy import Thing, value\nvalue\ndel Thing, value")
    assert not {"Thing", "value"} & {*dir(user)}


def test_a_late_name_is_found_from_outside(write: Write) -> None:
    user = write("from heavy import Thing")
    assert "Thing" in dir(user)
    assert "heavy" not in sys.modules
    assert user.Thing is import_module("heavy").Thing
    with pytest.raises(AttributeError, match="no attribute 'nothing_like_it'"):
        _ = user.nothing_like_it


def test_type_hints_resolve_late_names(write: Write) -> None:
    user = write("from heavy import Thing\ndef get(thing: Thing) -> None: ...")
    assert get_type_hints(user.get)["thing"] is import_module("heavy").Thing


def test_a_late_name_can_be_patched(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    user = write("from heavy import value\ndef get(): return value")
    monkeypatch.setattr(user, "value", 3)
    assert user.get() == 3


def test_an_import_inside_a_function_is_made_there(write: Write) -> None:
    user = write("def get():\n    from heavy import value\n    return value\nfound = get()")
    assert user.found == 1


def test_an_unknown_name_is_a_name_error(write: Write) -> None:
    user = write("from heavy import value\ndef get(): return nothing_like_it")
    with pytest.raises(NameError, match="'nothing_like_it' is not defined"):
        user.get()


def test_a_late_module_that_is_missing_is_an_import_error(write: Write) -> None:
    user = write("from bag import heavy\nfrom heavy import nope\ndef get(): return nope")
    with pytest.raises((ImportError, AttributeError), match="nope"):
        user.get()


def test_models_are_built_when_they_are_used(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lazy_imports, "TYPES", {"user"})
    user = write("from pydantic import BaseModel\nclass Model(BaseModel):\n    number: int")
    assert not user.Model.__pydantic_complete__
    assert user.Model(number="1").number == 1
    assert user.Model.__pydantic_complete__


def test_a_late_name_comes_before_the_builtin_of_that_name(write: Write) -> None:
    user = write("from heavy import value as open\ndef get(): return open")
    assert user.get() == 1


def test_a_star_import_gets_the_late_names_too(write: Write) -> None:
    write("from heavy import Thing, value")
    own: dict[str, object] = {}
    exec("from user import *", own)  # noqa: S102 - not allowed in a function
    assert own["value"] == 1


def test_a_late_call_is_made_by_the_function_that_uses_what_it_returns(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(lazy_imports.CALLS, "user", ("Thing",))
    user = write("from heavy import Thing\nthing = Thing()\ndef get(): return thing")
    assert "heavy" not in sys.modules
    assert type(user.get()) is sys.modules["heavy"].Thing
    assert user.get() is user.thing


@pytest.fixture
def gather(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Write]:
    """Write a package with this `__init__` and one module, `part`, and import it as a lazy one."""
    monkeypatch.setattr(lazy_imports, "PACKAGES", ("gathering",))
    monkeypatch.setattr(sys, "meta_path", [lazy_imports._Finder, *sys.meta_path])
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "gathering").mkdir()
    (tmp_path / "gathering" / "part.py").write_text("class Thing: ...\npart = other = 1\n")

    def gather(source: str) -> ModuleType:
        (tmp_path / "gathering" / "__init__.py").write_text(f"{source}\n")
        invalidate_caches()
        return import_module("gathering")

    yield gather
    for name in ("gathering", "gathering.part"):
        sys.modules.pop(name, None)


def test_a_package_gathers_its_names_when_they_are_asked_for(gather: Write) -> None:
    package = gather("from .part import Thing, other as one\n__all__ = ['Thing', 'one']")
    assert "gathering.part" not in sys.modules
    assert package.one == 1
    assert package.Thing is sys.modules["gathering.part"].Thing
    assert package.part is sys.modules["gathering.part"]


@pytest.mark.parametrize(
    "source",
    [
        "from .part import *",
        "from .part import part",
        "from .part import Thing\nkinds = [Thing]",
        "try:\n    from .part import Thing\nexcept ImportError:\n    Thing = None",
    ],
)
def test_a_package_that_does_more_than_gather_names_does_it_at_once(
    gather: Write, source: str
) -> None:
    package = gather(source)
    assert "gathering.part" in sys.modules
    if "part import part" in source:
        assert package.part == 1


def test_a_late_class_is_made_when_it_is_used(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lazy_imports, "TYPES", {"user"})
    user = write(
        "made = []\n"
        "def note(kind): made.append(kind.__name__); return kind\n"
        "class Base:\n    def __init_subclass__(cls): made.append(cls.__name__)\n"
        "class Late(Base): ...\n"
        "@note\nclass Decorated: ...\n"
        "def local():\n    class Local(Base): ...\n    return Local\n"
    )
    assert user.made == ["Decorated"]
    assert isinstance(user.local(), type)
    assert issubclass(user.Late, user.Base)
    assert user.made == ["Decorated", "Local", "Late"]
