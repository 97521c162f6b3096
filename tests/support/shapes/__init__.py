"""Agents of every shape, with scripted models: `base.SHAPES` once the modules are imported."""

from __future__ import annotations

from tests.support.shapes import (
    calls,
    changes,
    classic,
    dicts,
    equal_ids,
    graphs,
    models,
    pauses,
    places,
)
from tests.support.shapes.base import SHAPES, Shape

__all__ = [
    "SHAPES",
    "Shape",
    "calls",
    "changes",
    "classic",
    "dicts",
    "equal_ids",
    "graphs",
    "models",
    "pauses",
    "places",
]
