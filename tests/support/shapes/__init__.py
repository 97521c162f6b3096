"""Agents of every shape, with scripted models: `base.SHAPES` once the modules are imported."""

from __future__ import annotations

from tests.support.shapes import calls, classic, graphs, models, pauses
from tests.support.shapes.base import SHAPES, Shape

__all__ = ["SHAPES", "Shape", "calls", "classic", "graphs", "models", "pauses"]
