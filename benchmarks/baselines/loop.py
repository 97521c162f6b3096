"""A bare loop over one of LangChain's streaming APIs that counts: `python loop.py events`."""

from __future__ import annotations

import asyncio
import sys
import warnings

from benchmarks.baselines.agent import QUESTION, make_agent


async def events() -> int:
    """Tokens, by astream_events."""
    count = 0
    async for event in make_agent().astream_events(QUESTION, version="v2"):
        if event["event"] == "on_chat_model_stream" and event["data"]["chunk"].content:
            count += 1
    return count


async def log() -> int:
    """Tokens, by astream_log."""
    count = 0
    async for patch in make_agent().astream_log(QUESTION):
        for op in patch.ops:
            if op["path"].endswith("/streamed_output_str/-") and op["value"]:
                count += 1
    return count


async def steps() -> int:
    """Chunks, by astream, which reports no tokens."""
    count = 0
    async for _ in make_agent().astream(QUESTION, stream_mode="updates"):
        count += 1
    return count


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    print(asyncio.run({"events": events, "log": log, "steps": steps}[sys.argv[1]]()))
