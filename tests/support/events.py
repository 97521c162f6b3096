"""Events of a made-up run, for tests that need some and no agent."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from catagent.events import types as ev

ROOT = "01990000-0000-7000-8000-000000000000"
PLACE, ITEMS = "call_place", "call_items"
BEGAN = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)
_WHERE_MODEL, _ITEMS_MODEL = "where_cat_at", "Get Items LLM"


def stamped(events: list[ev.Event], step_s: float = 0.1) -> list[ev.Event]:
    """The same events, numbered, `step_s` seconds apart."""
    for seq, event in enumerate(events):
        if not isinstance(event, ev.Unknown):
            event.seq = seq
            event.ts = (BEGAN + timedelta(seconds=seq * step_s)).isoformat().replace("+00:00", "Z")
    return events


def cat_run() -> list[ev.Event]:
    """The question of the README: two tools, one after the other, with a model in each."""
    return stamped(
        [
            started(),
            *llm("agent-1", "", tool_calls=[("where_cat_is_hiding", PLACE, "{}")]),
            *tool_call("where_cat_is_hiding", PLACE, {}, "on a shelf", _WHERE_MODEL),
            *llm("agent-2", "", tool_calls=[("get_items", ITEMS, '{"place": "on a shelf"}')]),
            *tool_call(
                "get_items", ITEMS, {"place": "on a shelf"}, "books (old), a lamp", _ITEMS_MODEL
            ),
            *llm("agent-3", "On the shelf: **books** and a lamp."),
            ev.Answer(run_id=ROOT, name="cat", data=ev.AnswerData(output=_ANSWER)),
            finished("success", 0, output=_ANSWER),
        ]
    )


_ANSWER = "On the shelf: **books** and a lamp."


def failed_run() -> list[ev.Event]:
    """A run that a refused key ends before any token."""
    error = ev.ErrorInfo(
        kind="credentials", type="AuthenticationError", message="The key was refused.", hint="-"
    )
    return stamped([started(), finished("error", 4, error=error)])


def started(question: str = "what items are located where the cat is hiding?") -> ev.RunStarted:
    """The first event."""
    data = ev.RunStartedData(
        agent="cat",
        model="openai:gpt-test",
        mode="events",
        input=question,
        versions={"catagent": "0"},
    )
    return ev.RunStarted(run_id=ROOT, name="cat", data=data)


def finished(
    status: ev.RunStatus,
    exit_code: int,
    output: str | None = None,
    error: ev.ErrorInfo | None = None,
) -> ev.RunFinished:
    """The last event."""
    data = ev.RunFinishedData(
        status=status,
        exit_code=exit_code,
        output=output,
        error=error,
        duration_s=2.5,
        steps=2,
        tool_calls=2,
    )
    return ev.RunFinished(run_id=ROOT, name="cat", data=data)


def llm(
    run_id: str,
    text: str,
    *,
    name: str = "ChatOpenAI",
    tags: tuple[str, ...] = ("agent_llm",),
    parents: tuple[str, ...] = (ROOT,),
    inside: str | None = None,
    tool_calls: list[tuple[str, str, str]] | None = None,
) -> list[ev.Event]:
    """A model call that writes `text` word by word, then its tool calls (name, id, arguments)."""

    def make(kind: type[ev.Envelope], data: object) -> ev.Event:
        return kind(  # type: ignore[return-value, call-arg]
            run_id=run_id,
            parent_ids=list(parents),
            name=name,
            tags=list(tags),
            tool_call_id=inside,
            data=data,
        )

    calls = tool_calls or []
    made = [ev.ToolCall(id=ident, name=tool, args=json.loads(args)) for tool, ident, args in calls]
    return [
        make(ev.LlmStarted, ev.LlmStartedData(model="gpt-test")),
        *(make(ev.LlmToken, ev.LlmTokenData(channel="text", delta=d)) for d in words(text)),
        *(
            make(
                ev.LlmToken,
                ev.LlmTokenData(
                    channel="tool_args", delta=args, index=index, tool=tool, call_id=call_id
                ),
            )
            for index, (tool, call_id, args) in enumerate(calls)
        ),
        make(
            ev.LlmFinished,
            ev.LlmFinishedData(
                model="gpt-test",
                text=text,
                tool_calls=made,
                usage=ev.Usage(input_tokens=10, output_tokens=5, total_tokens=15),
                ttft_s=0.05,
                duration_s=0.4,
            ),
        ),
    ]


def tool_call(
    tool: str, call_id: str, tool_input: dict[str, str], output: str, model: str
) -> list[ev.Event]:
    """Action, start, the model inside, end and observation of one tool call."""
    run_id = f"run-{call_id}"
    return [
        ev.Action(
            run_id=ROOT,
            name="cat",
            data=ev.ActionData(tool=tool, tool_input=tool_input, tool_call_id=call_id),
        ),
        ev.ToolStarted(
            run_id=run_id,
            parent_ids=[ROOT],
            name=tool,
            tool_call_id=call_id,
            data=ev.ToolStartedData(tool=tool, tool_input=tool_input, tool_call_id=call_id),
        ),
        *llm(
            f"llm-{call_id}",
            output,
            name=model,
            tags=("get_items",),
            parents=(ROOT, run_id),
            inside=call_id,
        ),
        ev.ToolFinished(
            run_id=run_id,
            parent_ids=[ROOT],
            name=tool,
            tool_call_id=call_id,
            data=ev.ToolFinishedData(
                tool=tool, status="success", output=output, tool_call_id=call_id, duration_s=0.5
            ),
        ),
        ev.Observation(
            run_id=ROOT,
            name="cat",
            data=ev.ObservationData(
                tool=tool, status="success", output=output, tool_call_id=call_id
            ),
        ),
    ]


def words(text: str) -> list[str]:
    """The text in pieces, spaces kept."""
    return [piece for piece in text.replace(" ", "\0 ").split("\0") if piece]
