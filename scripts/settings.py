"""Prints docs/settings.md, made of what is said of each setting in catagent/settings.py."""

import sys
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

from catagent.settings import Settings, descriptions
from catagent.variables import DOTENV_ALLOWED, PREFIX

_TOP = """\
# Settings

What you choose once, where it is written, and what takes precedence: written by `make reference`.

A setting is an option (`--max-steps 5`), an environment variable (`CATAGENT_MAX_STEPS=5`), a line
of a `.env` in the current folder, or a key of `config.toml`: the first of these that has it counts.
The file is in your config folder: `~/.config/catagent/` on Linux,
`~/Library/Application Support/catagent/` on macOS, or `$CATAGENT_HOME/config/`.

```toml
#:schema ./catagent.config.schema.json
model = "openai:gpt-4.1"
mode = "steps"
max_cost = 0.5
```

The first line is for an editor that completes and checks TOML by a JSON Schema: `catagent schema
--config` prints it, and [schema/catagent.config.schema.json](schema/catagent.config.schema.json) is
the same. A key that there is not, or a value of no use, is an error that names file, key and
what it may be. `catagent doctor --settings` says of each setting what it is now, and where that is
from ([Doctor](doctor.md)).

| key of config.toml | variable | what it may be | default | in a `.env` | what it is |
|---|---|---|---|---|---|
"""
_BELOW = """
A `.env` may be a stranger's, so it sets only what can do no harm ([Security](security.md)).
`NO_COLOR`, `FORCE_COLOR` and `COLUMNS` count as with other programs, and so do `SSL_CERT_FILE`,
`HTTPS_PROXY` and `NO_PROXY`. `CATAGENT_HOME` is one folder for settings, history and cache.
"""
_KINDS = {int: "whole number", float: "number", bool: "true, false", str: "text"}


def page() -> str:
    """All of it, as Markdown."""
    rows = (f"| {' | '.join(row)} |\n" for row in _rows())
    return "".join([_TOP, *rows, _BELOW])


def _rows() -> Iterator[tuple[str, ...]]:
    hints, defaults = get_type_hints(Settings), Settings()
    for name, description in descriptions().items():
        variable, default = PREFIX + name.upper(), getattr(defaults, name)
        yield (
            f"`{name}`",
            f"`{variable}`",
            _values(hints[name]),
            "" if default is None else f"`{_written(default)}`",
            "yes" if variable in DOTENV_ALLOWED else "",
            description.replace("|", "\\|"),
        )


def _values(kind: Any) -> str:
    words = [each for each in get_args(kind) if isinstance(each, str)]
    return ", ".join(f"`{word}`" for word in words) or _KINDS.get(kind, "text")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.stdout.write(page())
