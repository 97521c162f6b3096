"""What runs begin with and come to, as their callbacks have it: made of what servers write."""

from typing import Any

from catagent.remote.objects import Json, restored
from catagent.sources.span import LLM_KINDS
from catagent.sources.standins import thing


def begun(what: str, given: Any) -> Any:
    """What a run of this kind begins with."""
    match what, given:
        case "chat_model", {"messages": [[*messages], *_]}:
            return restored(messages)
        case "llm", {"prompts": [*prompts]}:
            return list(map(str, prompts))
        case "retriever", {"query": query}:
            return query
    return [] if what in LLM_KINDS else restored(given)


def streamed(kind: str, chunk: Any) -> Any:
    """A part of what it comes to."""
    return _generation(chunk) if kind == "llm" else restored(chunk)


def ended(kind: str, output: Any, agent: Any) -> Any:
    """What it came to. `create_agent` puts the name of its `agent` on its model's very message."""
    match kind, output:
        case "llm", {"generations": [[generation, *_], *_]}:
            return _generation(generation)
        case "llm", _:
            return None
        case "chat_model", {"name": str(name)} if name == agent:
            return restored({**output, "name": None})
        case "chain", [{"node": _, "args": _}, *_] if all(map(_is_send, output)):
            return [_send(each) for each in output]
    return restored(output)


def calls_in(given: Any) -> list[Json]:
    """The tool calls that a node begins with: its own, or those of its state's last message."""
    match given:
        case {"__type": "tool_call_with_context", "tool_call": call}:
            return calls_in([call])
        case {"messages": [*_, {"type": "ai", "tool_calls": [*calls]}]}:
            return list(filter(_is_call, calls))
        case [*calls]:
            return list(filter(_is_call, calls))
    return []


def _is_call(told: Any) -> bool:
    match told:
        case {"type": "tool_call", "name": str(), "id": str(), "args": _}:
            return True
    return False


def _is_send(told: Any) -> bool:
    return isinstance(told, dict) and told.keys() == {"node", "args"}


def _send(told: Json) -> Any:
    return thing("langgraph.types.Send", {"node": told["node"], "arg": restored(told["args"])})


def _generation(told: Any) -> Any:
    found = told if isinstance(told, dict) else {}
    fields = {"text": str(found.get("text") or ""), "generation_info": found.get("generation_info")}
    return thing("langchain_core.outputs.GenerationChunk", fields)
