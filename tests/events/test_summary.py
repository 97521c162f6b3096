"""What a run came to: its models and their usage, and the ends that it still owes."""

from __future__ import annotations

import pytest

from catagent.events import summary
from catagent.events import types as ev
from catagent.events.state import RunState, reduce

ERROR = ev.ErrorInfo(kind="agent", type="X", message="x")


def asked(run_id: str, name: str) -> ev.LlmStarted:
    return ev.LlmStarted(run_id=run_id, call="2.1", data=ev.LlmStartedData(model=name))


def answered(run_id: str, name: str, usage: ev.Usage | None = None) -> ev.LlmFinished:
    data = ev.LlmFinishedData(model=name, text="x", usage=usage, duration_s=0.5)
    return ev.LlmFinished(run_id=run_id, data=data)


def state_of(*events: ev.Event) -> RunState:
    state = RunState()
    for event in events:
        reduce(state, event)
    return state


def test_a_model_is_named_as_its_server_names_it() -> None:
    """One that was cut off before its server said anything, as it was asked for."""
    state = state_of(
        *(asked("a", "gpt"), answered("a", "gpt-2025-04-14")),
        *(asked("b", "gpt"), answered("b", "gpt-2025-04-14")),
        asked("c", "gpt"),
    )
    found = [(model.model, model.calls, model.duration_s) for model in summary.models(state, {})]
    assert found == [("gpt-2025-04-14", 2, 1.0), ("gpt", 1, 0.0)]


@pytest.mark.parametrize(
    ("usages", "together"),
    [
        ([None, None], None),
        ([ev.Usage(input_tokens=2), None], ev.Usage(input_tokens=2)),
        (
            [ev.Usage(input_tokens=2, cached_tokens=0), ev.Usage(input_tokens=3, output_tokens=1)],
            ev.Usage(input_tokens=5, output_tokens=1, cached_tokens=0),
        ),
    ],
)
def test_a_count_that_nobody_gave_is_null(
    usages: list[ev.Usage | None], together: ev.Usage | None
) -> None:
    state = state_of(*(answered(str(i), "m", usage) for i, usage in enumerate(usages)))
    (used,) = summary.models(state, {})
    assert used.usage == together
    assert summary.add([used.usage, None]) == together


@pytest.mark.parametrize(("error", "status"), [(ERROR, "error"), (None, "interrupted")])
def test_what_is_closed_at_the_end_keeps_its_call(error: ev.ErrorInfo | None, status: str) -> None:
    tool = ev.ToolStartedData(tool="find", tool_input={}, tool_call_id="0")
    began = ev.ToolStarted(ts="2026-11-26T20:00:00Z", run_id="t", call="2.1", data=tool)
    state = state_of(began, asked("m", "gpt"))
    llm, found = summary.close_open_spans(state, error, "2026-11-26T20:00:04.5Z")
    assert isinstance(llm, ev.LlmFinished)
    assert isinstance(found, ev.ToolFinished)
    assert (llm.call, llm.data.error) == ("2.1", error)
    assert (found.call, found.data.status, found.data.error) == ("2.1", status, error)
    assert found.data.duration_s == 4.5
