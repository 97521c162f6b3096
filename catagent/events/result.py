"""What a question of a batch came to: a line of JSON that stands alone."""

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from catagent.events.types import Cost, ErrorInfo, RunStatus, Usage

Id = str | int | float | UnsetType | None


class Result(Struct, kw_only=True, tag_field="type", tag="result"):
    """What one question of a batch came to: `n` is the number of its line in the input.

    `id` is the question's own, absent where it has none, and `input` a text or the agent's own
    input. `attempts` is how often it was asked, 0 where the line is no question; `run_id` is its
    last run, empty where there was none. Seconds, usage and cost are those of all attempts.
    """

    v: int = 1
    n: int
    id: Id = UNSET
    input: Any = None
    status: RunStatus
    output: str | None = None
    run_id: str = ""
    attempts: int = 0
    duration_s: float = 0.0
    usage: Usage | None = None
    cost: Cost = UNSET
    error: ErrorInfo | None = None
