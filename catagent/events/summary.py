"""What a run came to, read off its state: usage, times, steps, and the spans still open."""

from collections.abc import Iterable, Iterator, Mapping

from msgspec import UNSET
from msgspec.structs import replace

from catagent.events import types as ev
from catagent.events.state import LlmRun, RunState, ToolRun
from catagent.events.timestamps import epoch


def decided(state: RunState) -> list[ToolRun]:
    """The tool calls that the agent decided on: not those of tools and agents inside its tools."""
    calls = (call for key, call in state.tools.items() if ev.outer_call(key) is None)
    return [call for call in calls if call.decided_by is not None]


def has_failed(*ends: ev.ToolFinishedData | ev.ObservationData | None) -> bool:
    """Whether a call of a tool that ended like this went wrong, other than by being cancelled."""
    bad = (end for end in ends if end is not None and end.status == "error")
    errors = (end.error if isinstance(end, ev.ToolFinishedData) else None for end in bad)
    # By the user, or by its agent.
    return any(e is None or not (e.kind == "user" or e.type == "Cancelled") for e in errors)


def steps(state: RunState) -> int:
    """How often the agent decided on tool calls: several at once are one step."""
    return len({call.decided_by for call in decided(state)})


def models(state: RunState, costs: Mapping[str, float | None]) -> list[ev.ModelUsage]:
    """Calls, seconds, tokens and dollars by model, as its server or else its caller names it.

    `costs` are those of model runs; what is not in there is unknown.
    """
    found: dict[str, ev.ModelUsage] = {}
    for run_id, run in state.llms.items():
        entry = found.setdefault(run.model, ev.ModelUsage(model=run.model, cost=None, uncounted=0))
        entry.calls += 1
        # Who refuses to answer charges nothing.
        is_refused = run.finished is not None and run.finished.error is not None and not run.tokens
        entry.cost = add_costs([entry.cost, costs.get(run_id, None if is_refused else UNSET)])
        is_counted = is_refused or bool(run.finished and run.finished.usage)
        entry.uncounted = (entry.uncounted or 0) + (not is_counted)
        if run.finished is not None:
            entry.duration_s = round(entry.duration_s + (run.finished.duration_s or 0.0), 6)
            entry.usage = add([entry.usage, run.finished.usage])
    return list(found.values())


def add(usages: Iterable[ev.Usage | None]) -> ev.Usage | None:
    """The usage of several together, or None where nobody said."""
    known = [usage for usage in usages if usage is not None]
    counts: dict[str, int] = {}
    for name in ev.Usage.__struct_fields__:
        given = [count for usage in known if (count := getattr(usage, name)) is not None]
        counts |= {name: sum(given)} if given else {}
    return ev.Usage(**counts) if known else None


def unsaid(usage: ev.Usage | None, pieces: int) -> int:
    """How many pieces were seen of an answer for which nobody said how many tokens it has."""
    return 0 if usage is not None and usage.output_tokens else pieces


def add_costs(costs: Iterable[ev.Cost]) -> ev.Cost:
    """What several cost together: unknown where one is, null where nobody charges for any."""
    known = [cost for cost in costs if cost is not None]
    charged = [cost for cost in known if cost is not UNSET]
    if len(charged) < len(known):
        return UNSET
    return round(sum(charged), 9) if charged else None


def add_up(end: ev.RunFinishedData, state: RunState, costs: Mapping[str, float | None]) -> None:
    """Put into the end of a run what it came to: its answer, its steps, what its models used."""
    end.output = state.answer.output if state.answer else None
    end.steps, end.tool_calls = steps(state), len(decided(state))
    end.models = models(state, costs)
    end.usage = add(used.usage for used in end.models)
    end.cost = add_costs(used.cost for used in end.models)


def together(before: ev.RunFinishedData | None, end: ev.RunFinishedData) -> ev.RunFinishedData:
    """The end of a run that went on with one that waited: what both came to."""
    if before is None:
        return end
    return replace(
        end,
        duration_s=before.duration_s + end.duration_s,
        tool_calls=before.tool_calls + end.tool_calls,
        usage=add([before.usage, end.usage]),
        models=before.models + end.models,
        cost=add_costs([before.cost, end.cost]),
    )


def close_open_spans(state: RunState, error: ev.ErrorInfo | None, ts: str) -> Iterator[ev.Event]:
    """The ends that a run still owes at `ts`, innermost first; without an error, all wait."""
    status: ev.ToolStatus = "interrupted" if error is None else "error"
    for run in reversed(state.order):
        match run:
            case LlmRun(began=began, finished=None):
                said = ev.LlmFinishedData(model=run.model, text="".join(run.text), error=error)
                said.reasoning, said.named_blocks = "".join(run.reasoning), run.blocks
                said.duration_s = _between(began.ts, ts)
                yield ev.LlmFinished(data=said, **ev.about(began))
            case ToolRun(began=ev.ToolStarted(data=data) as began, finished=None):
                done = ev.ToolFinishedData(tool=run.tool, status=status, output="", error=error)
                done.tool_call_id = data.tool_call_id
                done.duration_s = _between(began.ts, ts)
                yield ev.ToolFinished(data=done, **ev.about(began))


def _between(began: str, ended: str) -> float | None:
    """Seconds from one `ts` to another; none are negative, whatever the clock did."""
    first, last = epoch(began), epoch(ended)
    return None if first is None or last is None else round(max(0.0, last - first), 6)
