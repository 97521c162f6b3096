"""Asks the cat agent in every way at once: tasks, threads, and a process that is forked.

Its tools ask models of their own, streamed. With an argument, it is killed in the middle.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import threading
from typing import Any

from langchain.agents import create_agent
from langchain_openai import ChatOpenAI

from tests.support.agents import QUESTION, sync_tools

model = ChatOpenAI(model="scripted", stream_usage=True, max_retries=0)
agent: Any = create_agent(model, sync_tools(model), name="cat")
asked = {"messages": [("user", QUESTION)]}


def ask() -> None:
    for message, _ in agent.stream(asked, stream_mode="messages"):
        if len(sys.argv) > 1 and "t2" in message.text:
            os.kill(os.getpid(), signal.SIGKILL)


async def main() -> None:
    async def ask_in_a_task() -> None:
        async for _ in agent.astream(asked, stream_mode="messages"):
            pass

    await asyncio.gather(*(ask_in_a_task() for _ in range(3)))


if __name__ == "__main__":
    ask()
    asyncio.run(main())
    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    child = os.fork()
    if child == 0:
        ask()
        os._exit(0)
    os.waitpid(child, 0)
