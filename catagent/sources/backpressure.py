"""Keeps an agent from running ahead of a reader who takes their time."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Awaitable, Callable
from typing import Any

from langchain_core.callbacks import AsyncCallbackHandler
from langchain_core.runnables.config import RunnableConfig, merge_configs

from catagent.config import Mode
from catagent.sources.base import AgentRun, EventStream, Pulse
from catagent.sources.modes import open_source


def paced(mode: Mode, run: AgentRun, taken: Callable[[], Awaitable[None]]) -> EventStream:
    """The events of `run`, each once the one before it was `taken`; the agent waits as well."""
    brake = _Brake(run.pulse)
    callbacks = merge_configs({"callbacks": [brake]}, run.config)["callbacks"]
    config: RunnableConfig = {**(run.config or {}), "callbacks": callbacks}
    return brake.pace(open_source(mode, dataclasses.replace(run, config=config)), taken)


class _Brake(AsyncCallbackHandler):
    """Holds an agent where it asks a model, gets a token or starts a tool: no queue does.

    What runs in a thread is not held.
    """

    run_inline = True

    def __init__(self, pulse: Pulse) -> None:
        self._pulse = pulse
        self._all_read = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None

    async def pace(self, source: EventStream, taken: Callable[[], Awaitable[None]]) -> EventStream:
        self._loop = asyncio.get_running_loop()
        async with contextlib.aclosing(source):
            self._all_read.set()
            async for event in source:
                self._all_read.clear()
                yield event
                self._pulse.held = True
                await taken()
                self._pulse.held = False
                self._pulse.beat()
                self._all_read.set()

    async def _hold(self, *_: Any, **__: Any) -> None:
        if asyncio.get_running_loop() is not self._loop:
            return
        try:
            await asyncio.sleep(0)  # a model that never waits would not let the source look
            while not self._all_read.is_set():
                await self._all_read.wait()
        except asyncio.CancelledError:
            # Later, where it waits next: LangChain has made the coroutines of the handlers that
            # come after this one, and would drop them.
            if (task := asyncio.current_task()) is not None:
                task.uncancel()
                task.cancel()

    on_chat_model_start = on_llm_start = on_llm_new_token = on_tool_start = _hold
