"""What to run, as the command line asks for it."""

from __future__ import annotations

from msgspec import Struct

from catagent.filters import Filters
from catagent.models.choice import ModelSpec


class Request(Struct, kw_only=True, frozen=True):
    """What to run: a question for an agent, or a `tool` with its arguments on its own."""

    question: str
    model: ModelSpec
    tool_model: ModelSpec
    filters: Filters
    raw: bool = False
    tool: str | None = None
    tool_input: dict[str, str] = {}
