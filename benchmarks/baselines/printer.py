"""What one writes first: an agent whose tokens are printed as they come."""

from __future__ import annotations

import asyncio

from benchmarks.baselines.agent import QUESTION, make_agent


async def main() -> None:
    """Print the text of every token."""
    async for event in make_agent().astream_events(QUESTION, version="v2"):
        if event["event"] == "on_chat_model_stream":
            print(event["data"]["chunk"].content, end="", flush=True)


if __name__ == "__main__":
    asyncio.run(main())
