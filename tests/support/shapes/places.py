"""Agents that are no graph themselves, and graphs in every place where LangChain lets them be."""

from __future__ import annotations

from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import TodoListMiddleware
from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever
from langchain_core.runnables import RunnableBranch, RunnableLambda, RunnableParallel
from langchain_core.tools import tool
from langgraph.config import get_store
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedStore
from langgraph.store.base import BaseStore
from langgraph.store.memory import InMemoryStore

from tests.support.shapes.agents import looker
from tests.support.shapes.base import shape
from tests.support.shapes.scripted import Scripted, call

ASKED: Any = RunnableLambda(lambda question: {"messages": [("user", question)]})
FOUND = '[{"id":null,"metadata":{"page":1},"page_content":"on a shelf","type":"Document"}]'
LAST = RunnableLambda(lambda state: state["messages"][-1].text)


class Shelf(BaseRetriever):
    """Finds the same document each time."""

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        return [Document("on a shelf", metadata={"page": 1})]


@shape(answer=FOUND)
def retriever() -> Any:
    return Shelf()


@shape(answer="on a shelf")
def retriever_in_a_chain() -> Any:
    return Shelf() | RunnableLambda(lambda found: found[0].page_content)


@shape({"1": "look"})
def builder_of_a_graph() -> Any:
    return StateGraph(MessagesState).add_node("agent", looker()).add_edge(START, "agent")


@shape({"1": "look", "2": "look"}, at_once=True, answer="yes, yes")
def graphs_in_parallel() -> Any:
    both = RunnableParallel(one=looker("one") | LAST, other=looker("other") | LAST)
    return ASKED | both | RunnableLambda(lambda found: ", ".join(["yes" for _ in found]))


@shape({"1": "look"})
def graph_in_a_branch() -> Any:
    return ASKED | RunnableBranch((lambda state: bool(state), looker()), looker("other")) | LAST


@shape({"1": "look"})
def graph_in_a_function() -> Any:
    async def ask(question: str) -> str:
        result = await looker().ainvoke({"messages": [("user", question)]})
        return str(result["messages"][-1].text)

    return RunnableLambda(ask)


@shape({"1": "look"})
def graph_to_fall_back_on() -> Any:
    def fail(_: Any) -> Any:
        raise ValueError("not this one")

    return (ASKED | RunnableLambda(fail)).with_fallbacks([ASKED | looker() | LAST])


@shape({"1": "look", "2": "look"}, at_once=True)
def graph_for_each_of_several() -> Any:
    return RunnableLambda(lambda question: [question, question]) | (ASKED | looker() | LAST).map()


@shape({"1": "keep", "2": "recall"}, outputs={"2": "on a shelf"})
def tools_with_a_store() -> Any:
    @tool
    def keep(place: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
        """Keep a place."""
        store.put(("places",), "cat", {"place": place})
        return "kept"

    @tool
    def recall() -> str:
        """Recall it."""
        found = get_store().get(("places",), "cat")
        return found.value["place"] if found else "nothing"

    model = Scripted(replies=[[call("keep", place="on a shelf")], [call("recall")], "there"])
    return create_agent(model, [keep, recall], store=InMemoryStore())


@shape(answer="on a shelf")
def store_of_a_graph_in_a_chain() -> Any:
    def node(state: MessagesState) -> Any:
        get_store().put(("places",), "cat", {"place": "on a shelf"})
        found = get_store().get(("places",), "cat")
        return {"messages": [("ai", found.value["place"] if found else "nothing")]}

    graph = StateGraph(MessagesState).add_node("node", node).add_edge(START, "node")
    return ASKED | graph.compile(store=InMemoryStore()) | LAST


@shape({"1": "write_todos", "2": "task", "2.1": "look"})
def deep_agent() -> Any:
    """As `deepagents` has it: it plans, and leaves the work to an agent with a name."""

    @tool
    async def task(description: str, subagent_type: str) -> str:
        """Leave it to another agent."""
        asked = {"messages": [("user", description)]}
        return str((await looker(subagent_type).ainvoke(asked))["messages"][-1].text)

    todos = [{"content": "look", "status": "in_progress"}]
    replies = [
        [call("write_todos", todos=todos)],
        [call("task", description="look", subagent_type="scout")],
        "it is there",
    ]
    return create_agent(Scripted(replies=replies), [task], middleware=[TodoListMiddleware()])
