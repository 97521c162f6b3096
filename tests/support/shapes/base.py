"""The shapes that agents have: each a function that makes one anew, with what is to be seen of it.

Their models are scripted, so all three modes have the same to report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from catagent.events import types as ev

QUESTION = "where is the cat?"


@dataclass(frozen=True, slots=True)
class Shape:
    """An agent, and what its run comes to.

    `calls` are the tools by the key of their call: no agent decided on those that are `undecided`
    (code calls them), those that are `unrun` never ran, those that come `again` are decided on
    twice, with other arguments the second time. `outputs` are what agents observe, by the key, of
    calls that `failed` too. `attempts` counts runs of tools where they are not one for each call.
    `answer` is the run's output, where a shape is about that. `customs` is the number of custom
    events, `pauses` that of interrupts. What happens `at_once` has no order.
    """

    name: str
    make: Callable[[], Any]
    calls: dict[str, str] = field(default_factory=dict)
    undecided: frozenset[str] = frozenset()
    unrun: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    outputs: dict[str, str] = field(default_factory=dict)
    failed: frozenset[str] = frozenset()
    attempts: int | None = None
    customs: int = 0
    pauses: int = 0
    status: ev.RunStatus = "success"
    answer: str | None = None
    input: Any = QUESTION
    at_once: bool = False


SHAPES: list[Shape] = []


def shape(
    calls: dict[str, str] | None = None,
    *,
    undecided: Iterable[str] = (),
    unrun: Iterable[str] = (),
    again: Iterable[str] = (),
    failed: Iterable[str] = (),
    **expected: Any,
) -> Callable[[Callable[[], Any]], Callable[[], Any]]:
    """Register a function that makes an agent; `expected` are fields of Shape."""

    def register(make: Callable[[], Any]) -> Callable[[], Any]:
        name = make.__name__.replace("_", " ")
        named = {"undecided": undecided, "unrun": unrun, "again": again, "failed": failed}
        keys: Any = {what: frozenset(those) for what, those in named.items()}
        SHAPES.append(Shape(name, make, calls or {}, **keys, **expected))
        return make

    return register
