"""Writes the tables of docs/python.md anew, of what the public names say of themselves."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import catagent
from catagent.events import types as ev

PAGE = Path(__file__).parents[1] / "docs" / "python.md"
BEGIN, END = "<!-- made by `make reference` -->\n", "<!-- end -->\n"


def with_tables(page: str) -> str:
    """The page, with the tables as they are to be."""
    before, _, rest = page.partition(BEGIN)
    tables = "\n".join(_tables())
    return f"{before}{BEGIN}\n{tables}\n\n{END}{rest.partition(END)[2]}"


def _tables() -> Iterator[str]:
    classes = {name: getattr(catagent, name) for name in catagent.__all__}
    classes = {name: each for name, each in classes.items() if isinstance(each, type)}
    events = {name: each for name, each in classes.items() if each in ev.KnownEvent.__args__}
    errors = {name: each for name, each in classes.items() if issubclass(each, Exception)}
    yield "| event | its `type` | when |\n|---|---|---|"
    for name, each in events.items():
        kind = str(each.__struct_config__.tag)
        yield f"| `{name}` | [`{kind}`](events.md#{kind.replace('.', '')}) | {_first(each)} |"
    yield "\n| error | exit code of the command line | what |\n|---|---|---|"
    for name, each in errors.items():
        yield f"| `{name}` | {int(each.exit_code)} | {_first(each)} |"
    yield "\n| other class | what |\n|---|---|"
    others = classes.keys() - events.keys() - errors.keys()
    yield from (f"| `{name}` | {_first(classes[name])} |" for name in sorted(others))


def _first(each: Any) -> str:
    """The first sentence of its docstring, as a cell."""
    return " ".join(str(each.__doc__).partition("\n\n")[0].split()).replace("|", "&#124;")


if __name__ == "__main__":
    PAGE.write_text(with_tables(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
