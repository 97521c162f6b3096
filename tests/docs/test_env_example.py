"""`.env.example` documents every variable, with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from catagent import config

TEXT = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
NAMES = set(re.findall(r"^# ([A-Z][A-Z_]+)=", TEXT, re.MULTILINE))


def test_every_setting_and_every_key_is_documented() -> None:
    settings = {f"CATAGENT_{name.upper()}" for name in config.Settings.__struct_fields__}
    assert settings | config.DOTENV_ALLOWED <= NAMES


def test_what_is_below_the_last_heading_cannot_be_set_in_a_file() -> None:
    below = set(re.findall(r"^# ([A-Z][A-Z_]+)=", TEXT.rpartition("# --- ")[2], re.MULTILINE))
    assert below & config.DOTENV_ALLOWED == set()
    assert NAMES - below <= config.DOTENV_ALLOWED


def test_as_it_is_it_sets_nothing() -> None:
    assert all(line.startswith("#") for line in TEXT.splitlines() if line)
