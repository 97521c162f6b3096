"""Agents that wait for a person, with a scripted model and no server: named as `FILE:attribute`."""

import asyncio
import contextlib
import inspect
import operator
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class Mailing(BaseChatModel):
    """Writes a mail and deletes a file, again and again or once, and says what became of both."""

    again: bool = False

    @property
    def _llm_type(self) -> str:
        return "mailing"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        return self

    def _generate(self, messages: Any, *_: Any, **__: Any) -> ChatResult:
        seen = [str(message.content) for message in messages if isinstance(message, ToolMessage)]
        calls = [
            {"name": "send_email", "args": {"to": "bob"}, "id": "c1"},
            {"name": "delete_file", "args": {"path": "/a"}, "id": "c2"},
        ]
        said = AIMessage("; ".join(seen), tool_calls=calls if self.again or not seen else [])
        return ChatResult(generations=[ChatGeneration(message=said)])


def send_email(to: str) -> str:
    """Send an email."""
    return f"sent to {to}"


def delete_file(path: str) -> str:
    """Delete a file."""
    return f"deleted {path}"


# Older releases ask about all calls together.
_HAS_MODES = "interrupt_mode" in inspect.signature(HumanInTheLoopMiddleware).parameters


def _asking(mode: Any, saver: Any = None, *, again: bool = False) -> Any:
    """Its calls want approval, a deletion nothing else."""
    wanted: Any = {"send_email": True, "delete_file": {"allowed_decisions": ["approve", "reject"]}}
    how: Any = {"interrupt_mode": mode} if _HAS_MODES else {}
    asks = HumanInTheLoopMiddleware(interrupt_on=wanted, **how)
    model, tools = Mailing(again=again), [send_email, delete_file]
    return create_agent(model, tools, middleware=[asks], checkpointer=saver)


batched, per_call = _asking("batched"), _asking("per_call")
endless = _asking("batched", again=True)


@contextlib.asynccontextmanager
async def kept() -> Any:
    """The same with a checkpointer of its own, in the current folder."""
    async with AsyncSqliteSaver.from_conn_string("kept.sqlite") as saver:
        yield _asking("batched", saver)


class State(TypedDict):
    """What nodes say."""

    said: Annotated[list[str], operator.add]


def _node(name: str) -> Any:
    def ask(_: State) -> Any:
        return {"said": [f"{name} {interrupt({'question': f'{name}?'})}"]}

    return ask


def _say(_: State) -> Any:
    return {"said": ["said"]}


def _graph(**nodes: Any) -> Any:
    graph = StateGraph(State)
    for name, node in nodes.items():
        graph.add_node(name, node)
        graph.add_edge(START, name)
    return graph


two = _graph(left=_node("left"), right=_node("right")).compile()
nested = _graph(inside=_graph(deep=_node("deep")).compile()).compile()
stopped = _graph(say=_say).compile(interrupt_before=["say"])
_mail, _delete = tool(send_email), tool(delete_file)


def _sync(given: Any) -> Any:
    return _delete.invoke({"path": _mail.invoke({"to": "bob"})})


async def _on_loop(given: Any) -> Any:
    return _sync(given)


async def _at_once(given: Any) -> Any:
    calls = _mail.ainvoke({"to": "bob"}), _delete.ainvoke({"path": "/a"})
    return "; ".join(await asyncio.gather(*calls))


# No graphs: what they run waits in a task, or in a thread; on the event loop it cannot.
piped: Any = (
    RunnableLambda(lambda _: {"to": "bob"}) | _mail | (lambda done: {"path": done}) | _delete
)
threaded, on_loop, at_once = map(RunnableLambda, (_sync, _on_loop, _at_once))
in_chain = RunnableLambda(lambda _: {"said": []}) | _graph(say=_say).compile() | str
chained = RunnableLambda(lambda given: given) | _graph(alone=_node("alone")).compile(
    checkpointer=InMemorySaver()
)
