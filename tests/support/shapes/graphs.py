"""Graphs of one's own: fan-outs, subgraphs, handoffs, states of every kind; chains; functions."""

from __future__ import annotations

import asyncio
import operator
from dataclasses import dataclass, field
from typing import Annotated, Any

from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda, RunnableParallel, RunnablePassthrough
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import ToolNode
from langgraph.types import Command, Send
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.support.shapes.agents import agent, count, look, looker
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, ScriptedText, call


class Numbers(TypedDict):
    """A state without messages."""

    found: Annotated[list[int], operator.add]


def doubled(state: Any) -> Any:
    return {"found": [state["number"] * 2]}


def three(_: Any) -> list[Send]:
    return [Send("work", {"number": number}) for number in range(3)]


@shape(at_once=True)
def fan_out() -> Any:
    graph = StateGraph(Numbers).add_node("plan", lambda _: {"found": []}).add_node("work", doubled)
    graph.add_edge(START, "plan").add_conditional_edges("plan", three, ["work"])
    return graph.compile(), {"found": []}


@shape({"1": "look", "2": "look", "3": "look"}, at_once=True)
def fan_out_of_agents() -> Any:
    async def work(state: Any) -> Any:
        await looker().ainvoke({"messages": [("user", str(state["number"]))]})
        return doubled(state)

    graph = StateGraph(Numbers).add_node("work", work)
    return graph.add_conditional_edges(START, three, ["work"]).compile(), {"found": []}


@shape({"1": "look", "2": "look"}, at_once=True)
def nodes_at_once() -> Any:
    graph = StateGraph(MessagesState)
    for name in ("one", "other"):
        graph.add_node(name, looker(name)).add_edge(START, name)
    return graph.compile()


@shape({"1": "look"})
def subgraph() -> Any:
    return StateGraph(MessagesState).add_node("agent", looker()).add_edge(START, "agent").compile()


@shape({"1": "look"})
def subgraph_called_in_a_node() -> Any:
    async def node(state: MessagesState) -> Any:
        result = await looker().ainvoke(state)
        return {"messages": result["messages"][-1:]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


def asked(question: Any) -> Any:
    return {"messages": [("user", question)]}


@shape({"1": "look"})
def graph_in_a_chain() -> Any:
    return RunnableLambda(asked) | looker()


@shape({"1": "look"})
def graph_in_the_middle_of_a_chain() -> Any:
    return RunnableLambda(asked) | looker() | (lambda state: state["messages"][-1].text.upper())


@shape({"1": "look"}, answer="where is the cat? INSIDE IT IS ")
def graph_alongside_a_question() -> Any:
    both = RunnableParallel(question=RunnablePassthrough(), found=RunnableLambda(asked) | looker())
    return both | (lambda it: f"{it['question']} {it['found']['messages'][-1].text.upper()}")


@shape()
def chain() -> Any:
    return ChatPromptTemplate.from_template("{question}") | Scripted(replies=["there it is"])


@shape()
def text_completion() -> Any:
    return ChatPromptTemplate.from_template("{question}") | ScriptedText()


@shape()
def text_completion_in_a_graph() -> Any:
    async def node(state: MessagesState) -> Any:
        return {"messages": [("ai", await ScriptedText().ainvoke("where?"))]}

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@tool
async def transfer(tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
    """Hand over to bob."""
    done = ToolMessage("handed over", tool_call_id=tool_call_id, name="transfer")
    return Command(goto="bob", graph=Command.PARENT, update={"messages": [done]})


def bob() -> Any:
    return agent(lambda sent: "bob found it", name="bob")


@shape({"1": "transfer"})
def handoff() -> Any:
    alice = agent([[call("transfer")], "never"], transfer, name="alice")
    graph = StateGraph(MessagesState).add_node("alice", alice, destinations=("bob",))
    return graph.add_node("bob", bob()).add_edge(START, "alice").compile()


def supervised(sent: list[Any]) -> Any:
    """What a supervisor says: ask bob first, answer then."""
    said = any("bob found it" in message.text for message in sent)
    return "there it is" if said else [call("transfer")]


@shape({"1": "transfer"})
def supervisor() -> Any:
    boss = agent(supervised, transfer, name="boss")
    graph = StateGraph(MessagesState).add_node("boss", boss, destinations=("bob", END))
    return graph.add_node("bob", bob()).add_edge(START, "boss").add_edge("bob", "boss").compile()


@shape({"1": "remember"})
def tool_that_returns_a_command() -> Any:
    @tool
    async def remember(tool_call_id: Annotated[str, InjectedToolCallId]) -> Any:
        """Change the state."""
        return Command(update={"messages": [ToolMessage("noted", tool_call_id=tool_call_id)]})

    return agent([[call("remember")], "there it is"], remember)


@shape()
def node_that_returns_a_command() -> Any:
    def one(state: MessagesState) -> Any:
        return Command(goto="two", update={"messages": [AIMessage("one")]})

    def two(state: MessagesState) -> Any:
        return [Command(update={"messages": [AIMessage("two")]})]

    graph = StateGraph(MessagesState).add_node("one", one, destinations=("two",))
    return graph.add_node("two", two).add_edge(START, "one").compile()


class Other(TypedDict):
    """A state with its messages elsewhere."""

    question: str
    history: Annotated[list[Any], add_messages]


@shape({"1": "look"})
def messages_under_another_key() -> Any:
    model = Scripted(replies=[[call("look")], "there it is"]).bind_tools([look])

    async def think(state: Other) -> Any:
        sent = [HumanMessage(state["question"]), *state["history"]]
        return {"history": [await model.ainvoke(sent)]}

    graph = StateGraph(Other).add_node("think", think)
    graph.add_node("tools", ToolNode([look], messages_key="history")).add_edge(START, "think")
    graph.add_conditional_edges("think", more, ["tools", END]).add_edge("tools", "think")
    return graph.compile(), {"question": "where?", "history": []}


def more(state: Any) -> str:
    return "tools" if state["history"][-1].tool_calls else END


class Modelled(BaseModel):
    """A state of pydantic's."""

    question: str = ""
    messages: Annotated[list[Any], add_messages] = []


@dataclass
class Classed:
    """A state that is a dataclass."""

    question: str = ""
    messages: Annotated[list[Any], add_messages] = field(default_factory=list)


def with_state(kind: Any) -> Any:
    """A graph with a state of this kind, whose node returns one, too."""

    async def node(state: Any) -> Any:
        said = await Scripted(replies=lambda _: "there it is").ainvoke(state.messages)
        return kind(question="asked", messages=[said])

    graph = StateGraph(kind).add_node("node", node).add_edge(START, "node").compile()
    return graph, kind(question="?", messages=[HumanMessage("where?")])


@shape()
def pydantic_state() -> Any:
    return with_state(Modelled)


@shape()
def dataclass_state() -> Any:
    return with_state(Classed)


@shape({"1": "look", "2": "count"}, undecided=("1", "2"))
def functional() -> Any:
    @task
    async def find(question: str) -> str:
        return str(await look.ainvoke({"where": question}))

    @entrypoint()
    async def flow(question: str) -> str:
        found = await find(question)
        return found + str(await count.ainvoke({"things": "cats"}))

    return flow, "here"


@shape({"1": "look"})
def functional_with_an_agent() -> Any:
    @task
    async def find(question: str) -> Any:
        result = await looker().ainvoke({"messages": [("user", question)]})
        return result["messages"][-1]

    @entrypoint()
    async def flow(question: str) -> Any:
        return await find(question)

    return flow, "here"


@shape({"1": "look"}, undecided=("1",))
def answer_in_a_key() -> Any:
    class State(MessagesState):
        answer: str

    async def node(state: State) -> Any:
        await asyncio.sleep(0)
        return {"answer": await look.ainvoke({})}

    return StateGraph(State).add_node("node", node).add_edge(START, "node").compile()


@shape(status="error")
def node_that_raises() -> Any:
    def node(state: MessagesState) -> Any:
        raise TimeoutError("query took longer than 5 s")

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()


@shape(status="error")
def node_that_raises_a_group() -> Any:
    async def node(state: MessagesState) -> Any:
        raise ExceptionGroup("both failed", [ValueError("one did"), ValueError("so did another")])

    return StateGraph(MessagesState).add_node("node", node).add_edge(START, "node").compile()
