"""How a run ends in the words of the AG-UI protocol: its outcome, and what it waits for."""

from __future__ import annotations

from typing import Any

from catagent.events import types as ev

# The protocol has no word for a pause that any answer may end.
_REASON = "langgraph:interrupt"


def outcome(
    data: ev.RunFinishedData, ids: dict[str, Any], interrupts: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return the last event of a run; `ids` are those of the run and its thread."""
    usage = [_usage(model) for model in data.models]
    if data.status in ("error", "limit"):
        error = data.error or ev.ErrorInfo(kind="agent", type=data.status, message=data.status)
        failed = {"type": "RUN_ERROR", "message": error.message, "code": error.type}
        return {**failed, "usage": usage}
    how: dict[str, Any] = {"type": "cancelled" if data.status == "cancelled" else "success"}
    if data.status == "interrupted":  # for something: the protocol wants one at least
        waits = interrupts or [{"id": ids["runId"], "reason": _REASON}]
        how = {"type": "interrupt", "interrupts": waits}
    return {"type": "RUN_FINISHED", **ids, "result": data.output, "outcome": how, "usage": usage}


def interrupt(data: ev.InterruptData, call_id: str | None) -> dict[str, Any]:
    """Return what a run waits for; `call_id` is the tool call that it happened inside."""
    about = {"value": data.value, "node": data.node, "allowed": data.allowed}
    found = {"id": data.id, "reason": _REASON, "metadata": {"langgraph": about}}
    if isinstance(data.value, str):
        found["message"] = data.value
    return found if call_id is None else {**found, "toolCallId": call_id}


def _usage(used: ev.ModelUsage) -> dict[str, Any]:
    """The counts that are known: the protocol's absent is our null."""
    usage = used.usage or ev.Usage()
    counts = {
        "inputTokens": usage.input_tokens,
        "outputTokens": usage.output_tokens,
        "totalTokens": usage.total_tokens,
        "reasoningTokens": usage.reasoning_tokens,
        "cachedInputTokens": usage.cached_tokens,
    }
    known = {name: number for name, number in counts.items() if number is not None}
    return {"model": used.model, **known}
