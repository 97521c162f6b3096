"""The defaults that documents quote are those of `Settings`, as those of --help are."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from catagent import config

ROOT = Path(__file__).parents[2]
DEFAULTS = config.Settings()
# An option, and a number after it in the same clause: `--max-steps` (25), `--timeout`, 60 s.
QUOTED = re.compile(r"`--([a-z-]+)`[^`|;:]{0,24}?\b(\d+)\b")


@pytest.mark.parametrize(
    ("document", "options"),
    [
        ("docs/exit-codes.md", {"max-steps", "idle-timeout"}),
        ("docs/faults.md", {"max-retries", "idle-timeout"}),
    ],
)
def test_a_document_quotes_defaults_as_they_are(document: str, options: set[str]) -> None:
    quoted = QUOTED.findall((ROOT / document).read_text(encoding="utf-8"))
    assert {option for option, _ in quoted} == options
    for option, number in quoted:
        assert float(number) == getattr(DEFAULTS, option.replace("-", "_")), option


def test_the_guide_names_the_mode_that_is_the_default() -> None:
    text = (ROOT / "docs/filters.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \(default\)", text, re.MULTILINE) == [DEFAULTS.mode]


def test_env_example_gives_every_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Uncommented, it changes nothing but the models, which have no default of their own."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    given = {
        name: value
        for name, value in re.findall(r"^# CATAGENT_([A-Z_]+)=(\S+)", text, re.MULTILINE)
        if getattr(DEFAULTS, name.lower(), None) is not None
    }
    environ = {f"CATAGENT_{name}": value for name, value in given.items()}
    assert config.load({}, environ | {"CATAGENT_HOME": str(tmp_path)}).settings == DEFAULTS
    assert len(given) == sum(value is not None for value in msgspec.structs.astuple(DEFAULTS))
