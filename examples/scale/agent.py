"""The agent that both instances serve: two steps, each of a model that says a letter every 50 ms.

It needs no key and waits instead of computing, so that what is measured is the servers. Put your
own graph in its place: `aegra.json` names it.
"""

from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langgraph.graph import START, MessagesState, StateGraph

LETTER_SECONDS = 0.05


async def _say(text: str) -> dict[str, list[AIMessage]]:
    """What a node adds: `text`, streamed letter by letter as a model's tokens."""
    model = FakeListChatModel(responses=[text], sleep=LETTER_SECONDS)
    return {"messages": [await model.ainvoke("")]}


async def look(state: MessagesState) -> dict[str, list[AIMessage]]:
    """The first step, about 2 s: its checkpoint is what another instance goes on from."""
    return await _say("Looking in every box and under every bed.")


async def answer(state: MessagesState) -> dict[str, list[AIMessage]]:
    """The second step, about 2 s: an answer that names its question."""
    question = next(m for m in reversed(state["messages"]) if m.type == "human")
    return await _say(f"An answer to: {question.text}")


graph = (
    StateGraph(MessagesState)
    .add_node(look)
    .add_node(answer)
    .add_edge(START, "look")
    .add_edge("look", "answer")
    .compile(name="agent")
)
