"""A graph whose model takes its time: `configurable` has how many `tokens`, and their `pace`."""

import asyncio
from typing import Any

from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, MessagesState, StateGraph


class Counting(BaseChatModel):
    """Says `t0 t1 t2 …`, a token every `pace` seconds."""

    tokens: int = 20
    pace: float = 0.05

    @property
    def _llm_type(self) -> str:
        return "counting"

    def _generate(self, *_: Any, **__: Any) -> ChatResult:
        said = AIMessage("".join(f"t{i} " for i in range(self.tokens)))
        return ChatResult(generations=[ChatGeneration(message=said)])

    async def _astream(self, *_: Any, **__: Any) -> Any:
        for i in range(self.tokens):
            await asyncio.sleep(self.pace)
            yield ChatGenerationChunk(message=AIMessageChunk(content=f"t{i} "))


async def prepare(_: MessagesState) -> Any:
    """What is done before: a server that goes on from a checkpoint does not do it again."""
    return {"messages": [AIMessage("prepared")]}


async def count(state: MessagesState, config: RunnableConfig) -> Any:
    """Ask the model."""
    given = config["configurable"]
    model = Counting(tokens=int(given.get("tokens", 20)), pace=float(given.get("pace", 0.05)))
    return {"messages": [await model.ainvoke(state["messages"])]}


graph: Any = StateGraph(MessagesState)
graph = graph.add_node(prepare).add_node(count)
slow = graph.add_edge(START, "prepare").add_edge("prepare", "count").compile()
