"""Reads what an agent is given alongside a question: JSON, of a file too, and pairs of words."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from catagent.errors import UsageError


def read_json(option: str, text: str) -> Any:
    """The value of an option that is JSON, or @ and the name of a file of it.

    Raises UsageError for what is not JSON, and for null, which is nothing.
    """
    hint = f"""write it as JSON, {option} '{{"key": "value"}}', or name a file: {option} @FILE"""
    if text.startswith("@"):
        try:
            text = Path(text[1:]).expanduser().read_text(encoding="utf-8-sig")
        except (OSError, RuntimeError, ValueError) as error:  # not every text can be a path
            why = getattr(error, "strerror", None) or error
            raise UsageError(f"cannot read {text[1:]}: {why}", hint) from None
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it is nested too deep"
        raise UsageError(f"{option} is not JSON: {why}", hint) from None
    if found is None:
        raise UsageError(f"{option} is null", hint)
    return found


def read_object(option: str, text: str | None) -> dict[str, Any] | None:
    """The value of an option that is a JSON object, None for none. Raises UsageError."""
    if text is None:
        return None
    found = read_json(option, text)
    if not isinstance(found, dict):
        raise UsageError(f"{option} is not a JSON object", f"""{option} '{{"key": "value"}}'""")
    return found


def pairs(words: Iterable[str], what: str, example: str) -> dict[str, str]:
    """What `name=value` says, of each word. Raises UsageError for a word that is no such pair."""
    found = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not name:
            raise UsageError(f"{word!r} is not {what}", f"write it as name=value: {example}")
        found[name] = value
    return found
