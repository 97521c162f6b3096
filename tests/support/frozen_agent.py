"""An agent with a model of its own, made as it is imported, and tools that return all there is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import uuid4

from langchain.agents import AgentState, create_agent
from langchain_core.language_models import BaseChatModel, FakeListLLM
from langchain_core.messages import AIMessageChunk, ToolMessage
from langchain_core.outputs import ChatGenerationChunk, ChatResult
from langchain_core.tools import InjectedToolCallId, ToolException, tool
from langchain_openai import ChatOpenAI
from langgraph.types import Command, interrupt
from pydantic import BaseModel

model = ChatOpenAI(model="gpt-4o-mini")
ran: list[str] = []


class Thinker(BaseChatModel):
    """A model of another provider's, which thinks, and says so in blocks."""

    @property
    def _llm_type(self) -> str:
        return "thinker"

    def _stream(self, *_: Any, **__: Any) -> Iterator[ChatGenerationChunk]:
        blocks: list[dict[str, Any]] = [
            *({"type": "thinking", "thinking": text, "index": 0} for text in ("It ", "meows")),
            {"type": "thinking", "signature": "s1gned", "index": 0},
            *({"type": "text", "text": text, "index": 1} for text in ("a ", "cat")),
        ]
        for block in blocks:
            yield ChatGenerationChunk(message=AIMessageChunk(content=[block]))
        end = {"stop_reason": "end_turn"}
        yield ChatGenerationChunk(message=AIMessageChunk(content="", response_metadata=end))

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        ran.append("thinker")
        raise NotImplementedError


class Notes(AgentState[Any]):
    """What was noted."""

    notes: list[str]


class Cat(BaseModel):
    """A cat."""

    name: str


@tool
def look(place: str) -> str:
    """Look at a place."""
    ran.append(f"look {place}")
    return f"{place} at {datetime.now(UTC).isoformat()}"


@tool(response_format="content_and_artifact")
def weigh(kilos: int) -> tuple[str, dict[str, int]]:
    """Weigh a cat."""
    ran.append("weigh")
    return f"{kilos} kg", {"kilos": kilos}


@tool
def note(text: str, tool_call_id: Annotated[str, InjectedToolCallId]) -> Command[Any]:
    """Note something."""
    ran.append("note")
    said = ToolMessage(f"noted {text}", tool_call_id=tool_call_id)
    return Command(update={"notes": [text], "messages": [said]})


@tool
async def measure(what: str) -> list[dict[str, str]]:
    """Measure something."""
    ran.append("measure")
    return [{"what": what}]


@tool
def ask(question: str) -> str:
    """Ask a person."""
    ran.append("ask")
    raise ToolException("nobody is there")


ask.handle_tool_error = True


@tool
def name_it(sound: str) -> str:
    """Find a name."""
    ran.append("name_it")
    said = "".join(chunk.text for chunk in Thinker().stream(f"What says {sound}?"))
    found = model.with_structured_output(Cat).invoke(f"A name for {said}, {uuid4()}?")
    return f"{said}: {found}"


@tool
def drop(vase: str) -> str:
    """Drop a vase."""
    ran.append("drop")
    raise ValueError(f"the {vase} vase broke")


@tool
def confirm(what: str) -> str:
    """Ask whether to go on."""
    ran.append("confirm")
    return str(interrupt({"confirm": what}))


TOOLS = [look, weigh, note, measure, ask, name_it, drop, confirm]


def agent() -> Any:
    """The agent, which is told the time."""
    prompt = f"It is {datetime.now(UTC).isoformat()}."
    return create_agent(model, TOOLS, system_prompt=prompt, state_schema=Notes)


completing = FakeListLLM(responses=["a cat"])
