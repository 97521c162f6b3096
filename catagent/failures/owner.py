"""Whose error something is: the model's, tool's or node's that raised it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Owner(Struct, frozen=True):
    """The innermost run that raised an error. What is neither model nor tool is a node."""

    kind: Literal["model", "tool", "node"]
    name: str = ""
