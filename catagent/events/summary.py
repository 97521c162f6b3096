"""What a run came to, read off its state: usage, times, steps, and the spans still open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import epoch


def decided(state: RunState) -> list[ToolRun]:
    """The tool calls that the agent decided on: not those of tools and agents inside its tools."""
    calls = (run for run in state.order if isinstance(run, ToolRun))
    return [call for call in calls if call.decided_by is not None and not call.nested]


def steps(state: RunState) -> int:
    """How often the agent decided on tool calls: several at once are one step."""
    return len({call.decided_by for call in decided(state)})


def models(state: RunState) -> list[ev.ModelUsage]:
    """Calls, seconds and tokens by model, in order of first use.

    A model is named as its server names it, or as it was asked for where that did not say.
    """
    found: dict[str, ev.ModelUsage] = {}
    for run in state.llms.values():
        entry = found.setdefault(run.model, ev.ModelUsage(model=run.model))
        entry.calls += 1
        if run.finished is not None:
            entry.duration_s = round(entry.duration_s + (run.finished.duration_s or 0.0), 6)
            entry.usage = add(entry.usage, run.finished.usage)
    return list(found.values())


def total(used: list[ev.ModelUsage]) -> ev.Usage | None:
    """The usage of all models together, or None where no server said."""
    result: ev.Usage | None = None
    for entry in used:
        result = add(result, entry.usage)
    return result


def add(a: ev.Usage | None, b: ev.Usage | None) -> ev.Usage | None:
    """The usage of two together, or None where nobody said."""
    if a is None or b is None:
        return a or b
    names = ev.Usage.__struct_fields__
    return ev.Usage(**{name: _sum(getattr(a, name), getattr(b, name)) for name in names})


def _sum(*counts: int | None) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def finished(
    state: RunState,
    status: ev.RunStatus,
    exit_code: int,
    error: ev.ErrorInfo | None,
    *,
    final_state: Any,
    duration_s: float,
    ttft_s: float | None,
) -> ev.RunFinishedData:
    """The account of the whole run; `final_state` is the agent's, both times are in seconds."""
    used = models(state)
    return ev.RunFinishedData(
        status=status,
        exit_code=int(exit_code),
        output=state.answer.output if state.answer else None,
        state=final_state,
        error=error,
        steps=steps(state),
        tool_calls=len(decided(state)),
        duration_s=round(duration_s, 6),
        ttft_s=None if ttft_s is None else round(ttft_s, 6),
        usage=total(used),
        models=used,
    )


def close_open_spans(state: RunState, error: ev.ErrorInfo | None) -> Iterator[ev.Event]:
    """The finished events that a broken-off run still owes, innermost first.

    Without an error it waits for a person, and so does what is open.
    """
    for run in reversed(state.order):
        if isinstance(run, LlmRun):
            if run.finished is None:
                yield _close_llm(run, error, state.last_ts)
        elif run.started and run.finished is None:
            yield _close_tool(run, error, state.last_ts)


def _close_llm(run: LlmRun, error: ev.ErrorInfo | None, now: str) -> ev.LlmFinished:
    return ev.LlmFinished(
        run_id=run.run_id,
        parent_ids=run.parent_ids,
        name=run.name,
        tags=run.tags,
        tool_call_id=run.tool_call_id,
        call=run.call,
        data=ev.LlmFinishedData(
            model=run.model,
            text="".join(run.text),
            reasoning="".join(run.reasoning),
            named_blocks=run.blocks,
            duration_s=_between(run.started_ts, now),
            error=error,
        ),
    )


def _close_tool(run: ToolRun, error: ev.ErrorInfo | None, now: str) -> ev.ToolFinished:
    return ev.ToolFinished(
        run_id=run.run_id,
        parent_ids=run.parent_ids,
        name=run.tool,
        tags=run.tags,
        tool_call_id=run.tool_call_id,
        call=run.call,
        data=ev.ToolFinishedData(
            tool=run.tool,
            tool_call_id=run.tool_call_id,
            status="interrupted" if error is None else "error",
            output="",
            duration_s=_between(run.started_ts, now),
            error=error,
        ),
    )


def _between(began: str, ended: str) -> float | None:
    """Seconds from one `ts` to another; none are negative, whatever the clock did."""
    first, last = epoch(began), epoch(ended)
    return None if first is None or last is None else round(max(0.0, last - first), 6)
