"""The agent that batches are measured with, and a bare loop over it: `… COUNT` asks it so often."""

from __future__ import annotations

import asyncio
import json
import sys

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

CONCURRENCY = 4
agent = create_agent(ChatOpenAI(model="gpt-4.1-mini", stream_usage=True), [])


async def main(count: int) -> None:
    """Ask as many at once as a batch does by itself, and print a line of JSON for each."""
    numbers = iter(range(count))

    async def work() -> None:
        for n in numbers:
            asked = {"messages": [{"role": "user", "content": f"question {n}"}]}
            async for _ in agent.astream(asked, stream_mode="messages"):  # type: ignore[call-overload]
                pass
            print(json.dumps({"n": n}), flush=True)

    await asyncio.gather(*(work() for _ in range(CONCURRENCY)))


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
