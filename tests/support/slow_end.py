"""Agents that leave behind what ends slowly or never: `--agent tests.support.slow_end:fails`.

The program is still to end by itself, with the words of its atexit handlers.
"""

from __future__ import annotations

import asyncio
import atexit
import sys
import threading
import time
from collections.abc import AsyncGenerator
from typing import Any

from langchain_core.runnables import RunnableLambda

AT_EXIT = "the atexit handler ran"
# Well below what the clinging task leaves of the budget, on a busy machine too.
CLEAN_UP_S = 0.05

_kept: list[Any] = []


async def _clings() -> None:
    while True:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            continue


async def _closes_slowly() -> AsyncGenerator[int, None]:
    try:
        while True:
            yield 1
    finally:
        await asyncio.sleep(CLEAN_UP_S)
        sys.stderr.write("the generator was closed\n")


def _say_so_at_exit() -> None:
    atexit.register(lambda: sys.stderr.write(f"{AT_EXIT}\n"))


async def _leave_behind() -> None:
    _say_so_at_exit()
    _kept.append(asyncio.create_task(_clings()))
    _kept.append(_closes_slowly())
    await anext(_kept[-1])


async def _fail(_: str) -> str:
    await _leave_behind()
    raise ValueError("boom")


async def _answer(question: str) -> str:
    await _leave_behind()
    return question


def _hang() -> None:
    time.sleep(3600)


async def _answer_with_a_thread(question: str) -> str:
    _say_so_at_exit()
    threading.Thread(target=_hang, name="hangs").start()
    return question


fails: RunnableLambda[str, str] = RunnableLambda(_fail)
answers: RunnableLambda[str, str] = RunnableLambda(_answer)
hangs: RunnableLambda[str, str] = RunnableLambda(_answer_with_a_thread)
