"""Synthetic runs, as lists of events: what a source would yield, without LangChain."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from catagent.events import types as ev

QUESTION = "what items are located where the cat is hiding?"


def started(question: str = QUESTION, **data: Any) -> ev.RunStarted:
    """The first event."""
    facts = {"agent": "cat", "model": "openai:gpt-4o-mini", "mode": "events", **data}
    return ev.RunStarted(run_id="root", name="cat", data=ev.RunStartedData(input=question, **facts))


def finished(**data: Any) -> ev.RunFinished:
    """The last event."""
    facts = {"status": "success", "exit_code": 0, "duration_s": 3.4, "steps": 2}
    facts |= {"tool_calls": 2, **data}
    return ev.RunFinished(run_id="root", name="cat", data=ev.RunFinishedData(**facts))


def model(
    run_id: str,
    pieces: Sequence[str],
    *,
    name: str = "model",
    channel: ev.Channel = "text",
    tool_call_id: str | None = None,
    parents: Iterable[str] = ("root",),
    **data: Any,
) -> Iterator[ev.Event]:
    """One call of a model that streams `pieces`."""
    where: dict[str, Any] = {
        "run_id": run_id,
        "name": name,
        "tool_call_id": tool_call_id,
        "parent_ids": list(parents),
    }
    yield ev.LlmStarted(**where, data=ev.LlmStartedData(model="gpt-4o-mini"))
    for piece in pieces:
        yield ev.LlmToken(**where, data=ev.LlmTokenData(channel=channel, delta=piece))
    whole = "".join(pieces)
    text, reasoning = (whole, "") if channel == "text" else ("", whole)
    yield ev.LlmFinished(
        **where,
        data=ev.LlmFinishedData(model="gpt-4o-mini", text=text, reasoning=reasoning, **data),
    )


def decision(run_id: str, call_id: str, tool: str, pieces: Sequence[str]) -> Iterator[ev.Event]:
    """The agent's model streams the arguments of one tool call."""
    where: dict[str, Any] = {"run_id": run_id, "name": "agent_llm", "parent_ids": ["root"]}
    yield ev.LlmStarted(**where, data=ev.LlmStartedData(model="gpt-4o-mini"))
    first: dict[str, Any] = {"tool": tool, "call_id": call_id}
    for piece in pieces:
        data = ev.LlmTokenData(channel="tool_args", delta=piece, index=0, **first)
        yield ev.LlmToken(**where, data=data)
        first = {}
    yield ev.LlmFinished(**where, data=ev.LlmFinishedData(model="gpt-4o-mini", text=""))


def tool(
    call_id: str,
    name: str,
    tool_input: Any,
    pieces: Sequence[str],
    *,
    output: str | None = None,
    parents: Iterable[str] = ("root",),
    inside: Iterable[ev.Event] | None = None,
    model_name: str = "tool model",
) -> Iterator[ev.Event]:
    """One tool call whose model streams `pieces`; `inside` stands in for that model."""
    parents = list(parents)
    run_id = f"run-{call_id}"
    told = "".join(pieces) if output is None else output
    outer: dict[str, Any] = {"parent_ids": parents, "name": name, "tool_call_id": call_id}
    here: dict[str, Any] = {"run_id": run_id, **outer}
    call: dict[str, Any] = {"tool": name, "tool_call_id": call_id}
    yield ev.Action(
        run_id="root",
        name=name,
        parent_ids=parents,
        data=ev.ActionData(tool_input=tool_input, **call),
    )
    yield ev.ToolStarted(**here, data=ev.ToolStartedData(tool_input=tool_input, **call))
    yield from (
        model(
            f"llm-{call_id}",
            pieces,
            name=model_name,
            tool_call_id=call_id,
            parents=[*parents, run_id],
        )
        if inside is None
        else inside
    )
    yield ev.ToolFinished(
        **here, data=ev.ToolFinishedData(status="success", output=told, duration_s=1.2, **call)
    )
    yield ev.Observation(
        run_id=run_id,
        **outer,
        data=ev.ObservationData(status="success", output=told, **call),
    )


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


def cat_run(tokens: int = 12) -> Iterator[ev.Event]:
    """The how-to's run: where is the cat, what is there, and the answer."""
    yield started()
    yield from decision("agent-1", "call_1", "where_cat_is_hiding", ["{", "}"])
    yield from tool(
        "call_1", "where_cat_is_hiding", {}, ["on ", "a ", "shelf"], model_name="where_cat_at"
    )
    yield from decision("agent-2", "call_2", "get_items", ['{"pl', 'ace": "on a', ' shelf"}'])
    items = words("item", tokens)
    yield from tool(
        "call_2", "get_items", {"place": "on a shelf"}, items, model_name="Get Items LLM"
    )
    answer = ["On the shelf:\n\n", "- **books**\n", "- a `vase`\n", "- a photo\n"]
    yield from model("agent-3", answer, name="agent_llm")
    yield ev.Answer(run_id="root", name="cat", data=ev.AnswerData(output="".join(answer)))
    yield finished()
