"""What is still so in MCP's clients: each test has the name of its row in docs/workarounds.md."""

from __future__ import annotations

import asyncio
import inspect
from typing import Any

import pytest
from langchain_mcp_adapters.tools import load_mcp_tools
from mcp import ClientSession
from mcp.server.fastmcp import Context, FastMCP
from mcp.shared.memory import create_connected_server_and_client_session

from tests.workarounds.conftest import StillNeeded

pytestmark = pytest.mark.versions


def test_reports_of_servers(still_needed: StillNeeded, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server's progress reaches nobody who streams the events of its tool."""
    monkeypatch.setattr(ClientSession, "call_tool", inspect.unwrap(ClientSession.call_tool))
    server = FastMCP("library", log_level="WARNING")

    @server.tool()
    async def read(context: Context[Any, Any, Any]) -> str:
        await context.report_progress(1)
        return "it is read"

    async def kinds() -> set[str]:
        async with create_connected_server_and_client_session(server) as session:
            (tool,) = await load_mcp_tools(session)
            return {event["event"] async for event in tool.astream_events({}, version="v2")}

    found = asyncio.run(kinds())
    assert "on_tool_end" in found
    still_needed("on_custom_event" not in found)
