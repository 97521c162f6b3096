"""What MCP's servers report while their tools run: over a real server, in both interpreters."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import pytest

from catagent.config import load
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.run.request import Request
from catagent.run.turns import kind_of_run
from tests.support.asked import Heard

pytestmark = pytest.mark.versions

SERVER = """
from mcp.server.fastmcp import Context, FastMCP

server = FastMCP("library", log_level="WARNING")

@server.tool()
async def read(book: str, ctx: Context) -> str:
    await ctx.debug("nobody wants to know")
    await ctx.warning(f"{book} is torn")
    await ctx.report_progress(1, 2.5, f"reading {book}")
    await ctx.report_progress(2)
    return f"{book} is read"

server.run()
"""
AGENT = """
import asyncio, contextlib, sys
from langchain_core.runnables import RunnableLambda
from langchain_mcp_adapters.callbacks import Callbacks
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import convert_mcp_tool_to_langchain_tool, load_mcp_tools

SERVER = __file__.replace("agent.py", "server.py")
LIBRARY = {"transport": "stdio", "command": sys.executable, "args": [SERVER]}
taken = []

async def take(*said):
    taken.append(said[0])

@contextlib.asynccontextmanager
async def agent():
    client = MultiServerMCPClient({"library": LIBRARY})
    async with client.session("library") as session:
        await session.call_tool("read", {"book": "a catalogue"})
        listed = (await session.list_tools()).tools[0]
        anew = convert_mcp_tool_to_langchain_tool(None, listed, connection=LIBRARY)
        (held,) = await load_mcp_tools(session)
        (told,) = await load_mcp_tools(session, callbacks=Callbacks(on_progress=take))

        async def read(_):
            calls = zip((anew, held, held, told), ("anew", "one", "two", "told"))
            await asyncio.gather(*(tool.ainvoke({"book": book}) for tool, book in calls))
            return f"{taken}"

        yield RunnableLambda(read)
"""


@pytest.mark.parametrize("python", [None, Path(sys.executable)], ids=["here", "elsewhere"])
def test_progress_of_an_mcp_tool_is_an_event_of_its_call(
    tmp_path: Path, python: Path | None
) -> None:
    """Also of calls at once in a session that a factory holds; a callback of one's own stays."""
    (tmp_path / "server.py").write_text(SERVER)
    (tmp_path / "agent.py").write_text(AGENT)
    model = ModelSpec(provider="openai", name="gpt")
    request = Request(
        agent=f"{tmp_path}/agent.py:agent",
        input="read",
        model=model,
        tool_model=model,
        filters=Filters(),
        python=python,
    )
    sink = Heard()
    loaded = load({}, environ={"HOME": str(tmp_path)})
    end = asyncio.run(kind_of_run(request)(request, loaded, sinks=[sink]).drive())
    assert end.data.output == "[1.0, 2.0]"
    books = {event.run_id: event.data.tool_input["book"] for event in sink.of(ev.ToolStarted)}
    said = [event for event in sink.of(ev.Node) if event.data.kind == "custom"]
    assert sorted((books[event.run_id], event.name, event.data.content) for event in said) == [
        ("anew", "mcp.progress", "1 of 2.5: reading anew"),
        ("anew", "mcp.progress", "2"),
        ("anew", "mcp.warning", "anew is torn"),
        ("one", "mcp.progress", "1 of 2.5: reading one"),
        ("one", "mcp.progress", "2"),
        ("two", "mcp.progress", "1 of 2.5: reading two"),
        ("two", "mcp.progress", "2"),
    ]
