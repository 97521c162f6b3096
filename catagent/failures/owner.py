"""Whose error something is: the model's, tool's or node's that raised it."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct


class Owner(Struct, frozen=True):
    """The innermost run that raised an error, as the source knows it, and its name.

    A node is one of a graph's, or whatever else of an agent is neither model nor tool; its name is
    empty where it has none.
    """

    kind: Literal["model", "tool", "node"]
    name: str = ""
