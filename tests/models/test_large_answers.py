"""Large pieces and large events: eight times as much takes no more than linear time."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

import catagent.sources.driven  # noqa: F401 - every run has it
from catagent.failures.classify import Owner, classify
from catagent.models.factory import Models
from tests.models.conftest import UseModels
from tests.support.replies import DONE, streaming
from tests.support.server import ScriptedServer

SMALL, LARGE = 1 << 19, 1 << 22


def event(found: Any) -> bytes:
    return b"data: " + json.dumps(found).encode() + b"\n\n"


def delta(finish_reason: str | None = None, **fields: Any) -> bytes:
    return event(
        {"id": "c", "choices": [{"index": 0, "delta": fields, "finish_reason": finish_reason}]}
    )


def piece(arguments: str, **fields: Any) -> bytes:
    return delta(tool_calls=[{"index": 0, "function": {"arguments": arguments}, **fields}])


END = delta("stop") + DONE
BODIES: dict[str, Callable[[int], bytes]] = {
    "text": lambda size: delta(content="x y " * (size // 4)) + END,
    "a line": lambda size: delta(content="x" * size) + END,
    "arguments": lambda size: piece(json.dumps({"a": "x " * (size // 2)}), id="1") + END,
    "pieces of arguments": lambda size: (
        piece('{"a": "', id="1") + piece("x " * (size // 16)) * 8 + piece('"}') + END
    ),
    "broken arguments": lambda size: piece("{x: " + "y " * (size // 2), id="1") + END,
    "an error": lambda size: event({"error": {"message": "x y " * (size // 4)}}),
    "another field": lambda size: event({"junk": "x y " * (size // 4)}) + END,
    "no chunk": lambda size: event(["x y " * (size // 4)]),
    "no line's end": lambda size: b"x" * size,
    "comments": lambda size: b": wait\n" * (size // 7) + END,
    "lines of one event": lambda size: (
        b"data: \n" * (size // 7) + b'data: {"choices":[]}\n\n' + END
    ),
    "small events": lambda size: delta(content="x ") * (size // 1024) + END,
}


@pytest.mark.parametrize("form", BODIES)
def test_what_is_large_takes_linear_time(use_models: UseModels, form: str) -> None:
    def cost(size: int) -> float:
        async def ask(models: Models) -> float:
            gc.freeze()  # else it looks through all that the tests before have left
            began = time.process_time()
            try:
                async for _ in models.tool.astream("hi"):
                    pass
            except Exception as error:
                classify(error, Owner("model"))
            took = time.process_time() - began
            gc.unfreeze()
            return took

        with ScriptedServer(lambda _: streaming(body)) as server:
            body = BODIES[form](size)
            return float(use_models(ask, server.url))

    small = min(cost(SMALL), cost(SMALL))
    assert cost(LARGE) < 24 * small + 0.1
