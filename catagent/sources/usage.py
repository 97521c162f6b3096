"""What one answer of a model used, as far as its server said."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from langchain_core.messages import BaseMessage

# Anthropic's, in all or by how long it is kept.
_WRITTEN = ("cache_creation", "ephemeral_")


class Used(NamedTuple):
    """Counts of tokens. Those of the cache are part of the input, as LangChain counts them."""

    input: int = 0
    output: int = 0
    total: int = 0
    cache_read: int = 0
    cache_write: int = 0


def used_by(message: BaseMessage | None, response: Any) -> Used | None:
    """What an answer used, None where nobody said; nothing where it is from LangChain's cache.

    `message` is a chat model's. A text-completion model has none: its LLMResult says it.
    """
    given = getattr(message, "usage_metadata", None)
    if message is None:
        given = (response.llm_output or {}).get("token_usage")
    if not isinstance(given, dict):
        return None
    if given.get("total_cost") == 0:
        return Used()
    inputs, outputs = _first(given, "input", "prompt"), _first(given, "output", "completion")
    total = given.get("total_tokens")
    details = given.get("input_token_details")
    cached = details if isinstance(details, dict) else {}
    used = Used(
        _count(inputs),
        _count(outputs),
        _count(total) or _count(inputs) + _count(outputs),
        _count(cached.get("cache_read")),
        sum(_count(n) for name, n in cached.items() if name.startswith(_WRITTEN)),
    )
    return used if used.total else None


def _first(given: dict[str, Any], *names: str) -> Any:
    return next(filter(None, (given.get(f"{name}_tokens") for name in names)), None)


def _count(value: Any) -> int:
    return value if isinstance(value, int) and value > 0 else 0
