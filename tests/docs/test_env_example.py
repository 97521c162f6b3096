"""`.env.example` documents every variable, with its default, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from catagent import config, settings, variables

TEXT = (Path(__file__).parents[2] / ".env.example").read_text(encoding="utf-8")
NAMES = set(re.findall(r"^# ([A-Z][A-Z_]+)=", TEXT, re.MULTILINE))


def test_env_example_documents_every_setting_and_key() -> None:
    ours = {f"CATAGENT_{name.upper()}" for name in config.Settings.__struct_fields__}
    assert ours | variables.DOTENV_ALLOWED <= NAMES


def test_env_example_lists_last_what_no_dotenv_may_set() -> None:
    below = set(re.findall(r"^# ([A-Z][A-Z_]+)=", TEXT.rpartition("# --- ")[2], re.MULTILINE))
    assert below & variables.DOTENV_ALLOWED == set()
    assert NAMES - below <= variables.DOTENV_ALLOWED


def test_env_example_sets_nothing_as_it_is() -> None:
    assert all(line.startswith("#") for line in TEXT.splitlines() if line)


def test_env_example_says_of_each_setting_what_is_said_of_it_everywhere() -> None:
    said = " ".join(TEXT.replace("\n# ", " ").split())
    for name, description in settings.descriptions().items():
        assert re.search(rf"{re.escape(description)}[^=]* CATAGENT_{name.upper()}=", said), name
