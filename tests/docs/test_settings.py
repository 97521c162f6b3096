"""docs/settings.md is what is said of the settings; its example is a config.toml that is taken."""

from __future__ import annotations

import json
import re
import runpy
import tomllib
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from catagent import settings
from catagent.config import load

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/settings.md").read_text(encoding="utf-8")


def test_the_settings_page_is_what_is_said_of_the_settings() -> None:
    page = runpy.run_path(str(ROOT / "scripts/settings.py"))["page"]
    assert page() == TEXT, "make reference writes it anew"


def test_the_committed_schema_of_the_config_file_is_current() -> None:
    committed = (ROOT / "docs/schema/catagent.config.schema.json").read_text(encoding="utf-8")
    assert json.loads(committed) == json.loads(settings.schema()), "run: catagent schema --config"


def test_the_config_file_of_the_settings_page_is_taken_and_fits_the_schema(tmp_path: Path) -> None:
    (example,) = re.findall(r"```toml\n(.*?)```", TEXT, re.DOTALL)
    (tmp_path / "config").mkdir()
    (tmp_path / "config/config.toml").write_text(example)
    found = load({}, {"CATAGENT_HOME": str(tmp_path)}).settings
    values = tomllib.loads(example)
    assert {name: getattr(found, name) for name in values} == values
    Draft202012Validator(json.loads(settings.schema())).validate(values)


@pytest.mark.parametrize("text", ["modle = 'x'", "mode = 'evnets'", "fold = -1", "model = 3"])
def test_the_schema_of_the_config_file_refuses_what_is_no_setting(text: str) -> None:
    schema = json.loads(settings.schema())
    Draft202012Validator.check_schema(schema)
    assert not Draft202012Validator(schema).is_valid(tomllib.loads(text))
