"""The cat agent as LangChain's how-to has it: an AgentExecutor over an OpenAI tools agent."""

from __future__ import annotations

from langchain_core.prompts import ChatPromptTemplate, MessagesPlaceholder
from langchain_core.runnables import RunnableConfig

from catagent.agents import cat_prompts
from catagent.agents.base import AgentRequest
from catagent.agents.cat_tools import make_tools
from catagent.errors import UsageError
from catagent.sources.base import AgentRun

try:
    from langchain_classic.agents import AgentExecutor, create_openai_tools_agent
except ImportError as error:
    raise UsageError(
        "the agent cat-classic needs the package langchain-classic",
        'pip install "catagent[classic]"',
    ) from error

PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", cat_prompts.AGENT_SYSTEM),
        MessagesPlaceholder("chat_history", optional=True),
        ("human", "{input}"),
        MessagesPlaceholder("agent_scratchpad"),
    ]
)


def build(request: AgentRequest) -> AgentRun:
    """Make the agent ready to answer the question."""
    tools = make_tools(request.models.tool)
    agent = create_openai_tools_agent(request.models.agent, tools, PROMPT)
    config: RunnableConfig = {"run_name": "cat-classic", **(request.config or {})}
    return AgentRun(
        runnable=AgentExecutor(agent=agent, tools=tools, max_iterations=request.max_steps + 1),
        input={"input": request.question},
        shape="executor",
        config=config,
        max_steps=request.max_steps,
        raw=request.raw,
    )
