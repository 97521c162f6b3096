"""Made-up runs, as lists of events: what a source would yield, without LangChain."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

import msgspec
from msgspec import UNSET

from catagent.events import types as ev

QUESTION = "what items are located where the cat is hiding?"
ANSWER = "On the shelf:\n\n- **books**\n- a `vase`\n- a photo"
ROOT = "01990000-0000-7000-8000-000000000000"
PLACE, ITEMS = "call_place", "call_items"
BEGAN = datetime(2026, 11, 22, 12, 0, 0, tzinfo=UTC)


class _Where(TypedDict):
    run_id: str
    name: str
    tool_call_id: str | None
    call: str | None
    parent_ids: list[str]


class _Call(TypedDict):
    tool: str
    tool_call_id: str


def started(
    question: str = QUESTION,
    *,
    agent: str = "cat",
    model: str = "openai:gpt-4o-mini",
    mode: str = "events",
    versions: dict[str, str] | None = None,
    thread_id: str | None = None,
) -> ev.RunStarted:
    """The first event."""
    data = ev.RunStartedData(
        input=question,
        agent=agent,
        model=model,
        mode=mode,
        versions=versions or {},
        thread_id=thread_id,
    )
    return ev.RunStarted(run_id=ROOT, name="cat", data=data)


def finished(
    status: ev.RunStatus = "success",
    exit_code: int = 0,
    *,
    output: str | None = None,
    error: ev.ErrorInfo | None = None,
    tool_calls: int = 2,
    usage: ev.Usage | None = None,
    models: Sequence[ev.ModelUsage] = (),
    ttft_s: float | None = None,
    cost: ev.Cost = UNSET,
) -> ev.RunFinished:
    """The last event."""
    data = ev.RunFinishedData(
        status=status,
        exit_code=exit_code,
        output=output,
        error=error,
        steps=2,
        tool_calls=tool_calls,
        duration_s=3.4,
        ttft_s=ttft_s,
        usage=usage,
        models=list(models),
        cost=cost,
    )
    return ev.RunFinished(run_id=ROOT, name="cat", data=data)


def model(
    run_id: str,
    pieces: Sequence[str],
    *,
    name: str = "model",
    channel: ev.Channel = "text",
    tool_call_id: str | None = None,
    parents: Iterable[str] = (ROOT,),
    usage: ev.Usage | None = None,
    ttft_s: float | None = None,
    duration_s: float | None = None,
) -> list[ev.Event]:
    """One call of a model that streams `pieces`."""
    around = key_of(parents)
    where = _Where(
        run_id=run_id,
        name=name,
        tool_call_id=tool_call_id,
        call=around or tool_call_id,
        parent_ids=list(parents),
    )
    whole = "".join(pieces)
    text, reasoning = (whole, "") if channel == "text" else ("", whole)
    data = ev.LlmFinishedData(
        model="gpt-4o-mini",
        text=text,
        reasoning=reasoning,
        usage=usage,
        ttft_s=ttft_s,
        duration_s=duration_s,
    )
    tokens = [ev.LlmTokenData(channel=channel, delta=piece) for piece in pieces]
    return [
        ev.LlmStarted(**where, data=ev.LlmStartedData(model="gpt-4o-mini")),
        *(ev.LlmToken(**where, data=token) for token in tokens),
        ev.LlmFinished(**where, data=data),
    ]


def key_of(parents: Iterable[str], call_id: str | None = None) -> str | None:
    """The key of the call `call_id` inside these parents, or of the innermost call among them."""
    calls = [parent.removeprefix("run-") for parent in parents if parent.startswith("run-")]
    return ".".join([*calls, *([call_id] if call_id else [])]) or None


def decision(
    run_id: str,
    call_id: str,
    tool: str,
    pieces: Sequence[str],
    *,
    parents: Sequence[str] = (ROOT,),
) -> list[ev.Event]:
    """The agent's model streams the arguments of one tool call."""
    call = key_of(parents, call_id)
    where = _Where(
        run_id=run_id,
        name="agent_llm",
        tool_call_id=None,
        call=key_of(parents),
        parent_ids=list(parents),
    )
    tokens = [ev.LlmTokenData(channel="tool_args", delta=piece, index=0) for piece in pieces]
    if tokens:
        tokens[0].tool, tokens[0].call_id, tokens[0].call = tool, call_id, call or UNSET
    args: Any = "".join(pieces)
    with contextlib.suppress(ValueError):
        args = json.loads(args)
    written = ev.ToolCall(id=call_id, name=tool, args=args, call=call or UNSET)
    data = ev.LlmFinishedData(model="gpt-4o-mini", text="", tool_calls=[written])
    return [
        ev.LlmStarted(**where, data=ev.LlmStartedData(model="gpt-4o-mini")),
        *(ev.LlmToken(**where, data=token) for token in tokens),
        ev.LlmFinished(**where, data=data),
    ]


def tool(
    call_id: str,
    name: str,
    tool_input: Any,
    pieces: Sequence[str],
    *,
    output: str | None = None,
    parents: Sequence[str] = (ROOT,),
    inside: Iterable[ev.Event] | None = None,
    model_name: str = "tool model",
) -> list[ev.Event]:
    """One tool call whose model streams `pieces`; `inside` stands in for that model."""
    run_id = f"run-{call_id}"
    observed = "".join(pieces) if output is None else output
    key = key_of(parents, call_id)
    where = _Where(
        run_id=run_id, name=name, tool_call_id=call_id, call=key, parent_ids=list(parents)
    )
    call = _Call(tool=name, tool_call_id=call_id)
    action = ev.ActionData(tool_input=tool_input, **call)
    ended = ev.ToolFinishedData(status="success", output=observed, duration_s=1.2, **call)
    observation = ev.ObservationData(status="success", output=observed, **call)
    if inside is None:
        llm, within = f"llm-{call_id}", [*parents, run_id]
        inside = model(llm, pieces, name=model_name, tool_call_id=call_id, parents=within)
    return [
        ev.Action(run_id=parents[-1], name=name, call=key, parent_ids=list(parents), data=action),
        ev.ToolStarted(**where, data=ev.ToolStartedData(tool_input=tool_input, **call)),
        *inside,
        ev.ToolFinished(**where, data=ended),
        ev.Observation(**where, data=observation),
    ]


def interleaved(*runs: Iterable[ev.Event]) -> Iterator[ev.Event]:
    """Several calls at once: one event of each in turn."""
    waiting = [iter(run) for run in runs]
    while waiting:
        for run in list(waiting):
            event = next(run, None)
            if event is None:
                waiting.remove(run)
            else:
                yield event


def words(prefix: str, number: int) -> list[str]:
    """`number` tokens that occur once, each with the space after it."""
    return [f"{prefix}{index} " for index in range(number)]


def cat_run(items: Sequence[str] = ("books (old), ", "a lamp")) -> list[ev.Event]:
    """The README's run: where is the cat, what `items` are there, and the answer."""
    place = {"place": "on a shelf"}
    answer = ANSWER.splitlines(keepends=True)
    events = [
        started(versions={"catagent": "0"}),
        *decision("agent-1", PLACE, "where_cat_is_hiding", ["{", "}"]),
        *tool(PLACE, "where_cat_is_hiding", {}, ["on ", "a ", "shelf"], model_name="where_cat_at"),
        *decision("agent-2", ITEMS, "get_items", ['{"pl', 'ace": "on a', ' shelf"}']),
        *tool(ITEMS, "get_items", place, items, model_name="Get Items LLM"),
        *model("agent-3", answer, name="agent_llm"),
        ev.Answer(run_id=ROOT, name="cat", data=ev.AnswerData(output=ANSWER)),
        finished(output=ANSWER),
    ]
    return stamped(measured(events))


APPROVAL: Any = {
    "action_requests": [
        {
            "name": "send_email",
            "args": {"to": "ann@example.com", "body": "The cat is on the shelf.\nBring fish."},
            "description": "Mail leaves the house.",
        }
    ],
    "review_configs": [{"action_name": "send_email", "allowed_decisions": ["approve", "reject"]}],
}


NAMED = ['[web_search {"query": "cats"}]', "[image image/png, 2 bytes]"]


def named_run(*, streamed: bool = True) -> list[ev.Event]:
    """A model that writes text, a search of its server's, text, and an image."""
    said: list[tuple[ev.Channel, str]] = [
        ("reasoning", "hm"),
        ("text", "Let me "),
        ("text", "see."),
        ("block", NAMED[0]),
        ("text", "They sleep."),
        ("block", NAMED[1]),
    ]
    where = _Where(run_id="m", name="model", tool_call_id=None, call=None, parent_ids=[ROOT])
    tokens = [
        ev.LlmToken(data=ev.LlmTokenData(channel=channel, delta=text), **where)
        for channel, text in said
    ]
    message = ev.Message(type="ai", id="1", content="", blocks=[{}])
    message.content = f"Let me see.\n{NAMED[0]}\nThey sleep.\n{NAMED[1]}"
    data = ev.LlmFinishedData(model="m", text="Let me see.They sleep.", reasoning="hm")
    data.message, data.named_blocks = message, list(NAMED)
    output = f"Let me see.They sleep.\n{NAMED[1]}"
    return [
        started("where?"),
        ev.LlmStarted(data=ev.LlmStartedData(model="m"), **where),
        *(tokens if streamed else []),
        ev.LlmFinished(data=data, **where),
        ev.Answer(run_id="m", parent_ids=[ROOT], data=ev.AnswerData(output=output)),
        finished(output=output),
    ]


def artifact_run(artifact: Any) -> list[ev.Event]:
    """A tool that returns more than what its agent observes."""
    events = tool("c", "find", {}, [], output="", inside=[])
    (seen,) = (event for event in events if isinstance(event, ev.Observation))
    seen.data.messages = [ev.Message(type="tool", content="", artifact=artifact)]
    return [started("q"), *events, finished(output="a")]


def paused_run() -> list[ev.Event]:
    """A run that waits: a nested call has asked one question, the agent's middleware another."""
    outer, inner = _Call(tool="expert", tool_call_id="o"), _Call(tool="look", tool_call_id="i")
    within = [ROOT, "run-o"]
    asked, *look = tool("i", "look", {"where": "shelf"}, ["I need ", "a lamp."], parents=within)
    stopped = ev.ToolFinishedData(status="interrupted", output="", duration_s=0.4, **inner)
    ends = ev.ToolFinishedData(status="interrupted", output="", duration_s=0.5, **outer)
    lamp = ev.InterruptData(id="int-1", value="May I turn on the lamp?", node="tools")
    allowed = {"send_email": ["approve", "reject"]}
    mail = ev.InterruptData(id="int-2", value=APPROVAL, node="approve", allowed=allowed)
    approved = tool("m", "send_email", APPROVAL["action_requests"][0]["args"], [])
    expert = tool("o", "expert", {"about": "cats"}, [])
    events = [
        started(),
        *decision("agent-1", "m", "send_email", ["{", "}"]),
        approved[0],
        *expert[:2],
        asked,
        *look[:-2],
        ev.Interrupt(run_id="run-i", parent_ids=within, call="o.i", data=lamp),
        ev.ToolFinished(run_id="run-i", parent_ids=within, call="o.i", data=stopped),
        ev.ToolFinished(run_id="run-o", parent_ids=[ROOT], call="o", data=ends),
        ev.Interrupt(run_id=ROOT, data=mail),
        finished("interrupted", 5),
    ]
    return stamped(events)


def of_run(run: str, events: Iterable[ev.Event]) -> list[ev.Event]:
    """The same events, as those of another run: with the same keys, in calls of its own."""
    moved: list[ev.Event] = []
    for event in events:
        assert not isinstance(event, ev.Unknown)
        own = run if event.run_id in ("", ROOT) else f"{run}-{event.run_id}"
        parents = [run, *(f"{run}-{parent}" for parent in event.parent_ids[1:])]
        above = parents if own != run else []
        moved.append(msgspec.structs.replace(event, run_id=own, parent_ids=above))
    return moved


def failed_run() -> list[ev.Event]:
    """A run that a refused key ends before any token."""
    error = ev.ErrorInfo(
        kind="credentials", type="AuthenticationError", message="The key was refused.", hint="-"
    )
    return stamped([started(), finished("error", 4, error=error)])


def stamped(events: list[ev.Event], step_s: float = 0.1) -> list[ev.Event]:
    """The same events, numbered, `step_s` seconds apart."""
    for seq, event in enumerate(events):
        if not isinstance(event, ev.Unknown):
            event.seq = seq
            event.ts = (BEGAN + timedelta(seconds=seq * step_s)).isoformat().replace("+00:00", "Z")
    return events


def measured(events: list[ev.Event]) -> list[ev.Event]:
    """The same events, with what each model call took: as many tokens as were streamed."""
    tokens = Counter(event.run_id for event in events if isinstance(event, ev.LlmToken))
    for event in events:
        if isinstance(event, ev.LlmFinished):
            out = tokens[event.run_id]
            event.data.usage = ev.Usage(input_tokens=10, output_tokens=out, total_tokens=10 + out)
            event.data.ttft_s, event.data.duration_s = 0.05, 0.4
    return events
