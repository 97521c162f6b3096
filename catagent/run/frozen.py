"""What a run that was recorded answers, in the place of models and tools of the same run again."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from typing import Any

import msgspec
from msgspec import UNSET

from catagent.agents.driver.frozen import answering
from catagent.agents.driver.recorded import args_text, message_text, tools_text
from catagent.config import offline
from catagent.events import types as ev
from catagent.events.codec import encodable_data
from catagent.events.prompts import Prompts
from catagent.models.spec import ModelSpec, named
from catagent.redact import MASK

_ANSWER = ("model", "text", "message", "usage", "finish_reason", "error")


def frozen_of(events: Iterable[ev.Event], run_tools: Sequence[str] = ()) -> dict[str, Any]:
    """The plain data that `agents.driver.recorded` is made of, of the events of one run.

    `run_tools` are the names of tools that run all the same, "all" for every one.
    """
    calls = _Calls()
    for event in events:
        calls.take(event)
    return {**calls.placed(), "texts": [*calls.texts], "runs": [*run_tools], "mask": MASK}


def models_of(events: Sequence[ev.Event]) -> tuple[ModelSpec, ModelSpec]:
    """The model and the tool model of a run, by the names that it has for them, never to be asked.

    An agent of one's own may have been given ours, under the name that it asked first.
    """
    run = next(event.data for event in events if isinstance(event, ev.RunStarted))
    asked = (f"openai:{event.data.model}" for event in events if isinstance(event, ev.LlmStarted))
    agent = run.model or next(asked, None)
    return named(agent), named(run.tool_model or agent)


@contextlib.contextmanager
def answered(
    frozen: dict[str, Any], on_retry: Callable[[ev.RetryData], object] = lambda _: None
) -> Iterator[None]:
    """Meanwhile the models and tools in this process answer what `frozen_of` made, without keys.

    Raises at its end what the agent asked for that was not recorded. Imports LangChain.
    """
    with offline(), answering(frozen, lambda data: on_retry(msgspec.convert(data, ev.RetryData))):
        yield


class _Calls:
    """The calls of models and tools of a run, by the ids of their runs; give it every event."""

    def __init__(self) -> None:
        self.texts: dict[str, int] = {}
        self._prompts = Prompts()
        self._models: dict[str, dict[str, Any]] = {}
        self._tools: dict[str, dict[str, Any]] = {}
        self._inputs: dict[str | None, Any] = {}
        self._nodes: dict[str, str] = {}

    def take(self, event: ev.Event) -> None:
        self._prompts.take(event)
        match event:
            case ev.LlmStarted() | ev.LlmToken() | ev.LlmFinished() | ev.Retry():
                self._take_model(event)
            case ev.Action(data=data):
                self._inputs[event.call] = data.tool_input
            case ev.Update(data=data):
                self._nodes[event.run_id] = data.node
            case ev.ToolStarted(data=data):
                self._called(event, data.tool_input)
            case ev.Interrupt(data=data) if tool := self._tools.get(event.run_id):
                tool["asks"].append(data.value)
            case ev.ToolFinished():
                self._ended(event)
            case ev.Observation() if event.run_id not in self._tools:  # of the mode `steps`
                self._called(event, self._inputs.get(event.call))
                self._ended(event)

    def _take_model(self, event: ev.LlmEvent | ev.Retry) -> None:
        if isinstance(event, ev.LlmStarted):
            self._models[event.run_id] = self._asked(event, event.data)
        elif (model := self._models.get(event.run_id)) is None:
            return
        elif isinstance(event, ev.LlmFinished):
            model |= {name: encodable_data(getattr(event.data, name)) for name in _ANSWER}
        else:
            kind = "retries" if isinstance(event, ev.Retry) else "tokens"
            model[kind].append(encodable_data(event.data))

    def _asked(self, event: ev.LlmStarted, data: ev.LlmStartedData) -> dict[str, Any]:
        tools = tools_text(_name(tool) for tool in self._prompts.tools(data))
        asked = [tools, *map(_text, self._prompts.messages(data))]
        item = self._item(event, data.model, asked) | dict.fromkeys(_ANSWER)
        return item | {"kind": data.run_type, "model": data.model, "tokens": [], "retries": []}

    def _called(self, event: ev.ToolStarted | ev.Observation, given: Any) -> None:
        item = self._item(event, event.data.tool, [event.data.tool, args_text(given)])
        item |= {"call_id": event.data.tool_call_id, "asks": []}
        self._tools[event.run_id] = item | {"status": "", "output": "", "error": None}

    def _ended(self, event: ev.ToolFinished | ev.Observation) -> None:
        tool, data = self._tools.get(event.run_id, {}), event.data
        tool |= {"status": data.status, "output": data.output}
        tool["error"] = encodable_data(getattr(data, "error", None))
        if data.content is not UNSET:
            tool["content"] = data.content

    def _item(self, event: ev.KnownEvent, name: str, asked: list[str]) -> dict[str, Any]:
        numbers = [self.texts.setdefault(text, len(self.texts)) for text in asked]
        return {"id": event.run_id, "name": name, "asked": numbers, "around": event.parent_ids}

    def placed(self) -> dict[str, list[dict[str, Any]]]:
        """All of them, each with the tool call that it is in; whether a model was asked in it."""
        items = {**self._models, **self._tools}
        around = {key: item.pop("around") for key, item in items.items()}
        holding = {outer for key in self._models for outer in around[key]}
        for key, item in items.items():
            owner, node = (_innermost(around[key], of) for of in (self._tools, self._nodes))
            near = [item["call_id"]] if "call_id" in item else [self._nodes.get(node), item["name"]]
            item |= {"where": [owner, *near], "holds": key in holding}
        return {"models": [*self._models.values()], "tools": [*self._tools.values()]}


def _innermost(around: Sequence[str], of: Container[str]) -> str:
    return next((each for each in reversed(around) if each in of), "")


def _name(tool: ev.Tool | ev.Ref) -> str:
    return tool.ref if isinstance(tool, ev.Ref) else tool.name


def _text(message: ev.Message | ev.Ref) -> str:
    if isinstance(message, ev.Ref):  # a filter, or `tail`, left out what it refers to
        return f"message {message.ref}"
    content: Any = message.content if message.blocks is UNSET else message.blocks
    return message_text(message.type, content, ((c.name, c.args) for c in message.tool_calls))
