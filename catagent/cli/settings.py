"""Reads the settings for a command, and warns of what was left out of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from catagent import config
from catagent.cli.stderr import say


def load_settings(flags: Mapping[str, Any]) -> config.Loaded:
    """Read every layer, as `config.load` does; its notices go to stderr."""
    loaded = config.load(flags)
    for notice in loaded.notices:
        say(f"catagent: warning: {notice}")
    return loaded
