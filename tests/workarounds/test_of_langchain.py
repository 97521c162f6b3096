"""What is still so in LangChain: each test has the name of its row in docs/workarounds.md."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import subprocess
import sys
import tomllib
import warnings
import weakref
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypedDict
from uuid import UUID, uuid4

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.callbacks import (
    AsyncCallbackHandler,
    AsyncCallbackManager,
    BaseCallbackHandler,
    BaseCallbackManager,
    CallbackManager,
)
from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.outputs import ChatGenerationChunk
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langchain_core.tracers.log_stream import LogStreamCallbackHandler
from langchain_core.utils.json import parse_partial_json
from langchain_openai import ChatOpenAI
from langgraph.config import get_stream_writer
from langgraph.errors import InvalidUpdateError
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from pydantic import SecretStr

from tests.agents.test_nested import outer as nested_graphs
from tests.workarounds.conftest import StillNeeded

pytestmark = pytest.mark.versions

PROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_inline_handlers(still_needed: StillNeeded) -> None:
    class InLine(BaseCallbackHandler):
        run_inline = True

    class Asynchronous(AsyncCallbackHandler):
        heard = False

        async def on_llm_start(self, *args: Any, **kwargs: Any) -> None:
            self.heard = True

    asynchronous = Asynchronous()
    manager = AsyncCallbackManager([InLine(), asynchronous])
    asyncio.run(manager.on_llm_start({}, ["hi"]))
    still_needed(not asynchronous.heard)


def test_order_of_handlers(still_needed: StillNeeded) -> None:
    class Handler(BaseCallbackHandler):
        def __init__(self, number: int) -> None:
            self.number = number

        def __hash__(self) -> int:
            return self.number

    merged = BaseCallbackManager([Handler(2), Handler(1)]).merge(BaseCallbackManager([]))
    still_needed([handler.number for handler in merged.handlers] != [2, 1])  # type: ignore[attr-defined]


def test_logged_errors(still_needed: StillNeeded, caplog: pytest.LogCaptureFixture) -> None:
    class Raising(BaseCallbackHandler):
        raise_error = True

        def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            raise ValueError("ours")

    with caplog.at_level(logging.WARNING), pytest.raises(ValueError, match="ours"):
        CallbackManager([Raising()]).on_chain_start({}, {})
    still_needed([record.args[:1] for record in caplog.records] == [("Raising",)])  # type: ignore[index]


def test_waiting_handlers(still_needed: StillNeeded, caplog: pytest.LogCaptureFixture) -> None:
    class Raising(AsyncCallbackHandler):
        raise_error = True

        async def on_chain_start(self, *args: Any, **kwargs: Any) -> None:
            raise ValueError("ours")

    CallbackManager([Raising()]).on_chain_start({}, {})
    still_needed("ours" in caplog.text)


def test_unawaited_handlers(still_needed: StillNeeded) -> None:
    class Raising(BaseCallbackHandler):
        raise_error = run_inline = True

        def on_chat_model_start(self, *args: Any, **kwargs: Any) -> None:
            raise ValueError("ours")

    async def begins() -> None:
        manager = AsyncCallbackManager([Raising(), AsyncCallbackHandler()])
        with pytest.raises(ValueError, match="ours"):
            await manager.on_chat_model_start({}, [[]])

    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        asyncio.run(begins())
        gc.collect()
    still_needed(any("never awaited" in str(each.message) for each in warned))


def test_cancelled_calls(still_needed: StillNeeded) -> None:
    """That a chat model, and a tool, is cancelled reaches no callback."""
    ends: list[str] = []

    class Handler(BaseCallbackHandler):
        run_inline = True

        def on_llm_error(self, *_: Any, **__: Any) -> None:
            ends.append("model")

        def on_tool_error(self, *_: Any, **__: Any) -> None:
            ends.append("tool")

    class Slow(GenericFakeChatModel):
        async def _agenerate(self, *_: Any, **__: Any) -> Any:
            await asyncio.sleep(60)

    @tool
    async def slow() -> None:
        """Wait."""
        await asyncio.sleep(60)

    async def cancel(runnable: Any, given: Any) -> None:
        task = asyncio.create_task(runnable.ainvoke(given, {"callbacks": [Handler()]}))
        await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.wait([task])

    asyncio.run(cancel(Slow(messages=iter(())), "q"))
    asyncio.run(cancel(slow, {}))
    still_needed(set(ends) != {"model", "tool"})


def logged(name: str) -> tuple[LogStreamCallbackHandler, UUID]:
    """LangChain's own handler, and a model of this name in a run that it was told of."""
    handler, root, model = LogStreamCallbackHandler(auto_close=False), uuid4(), uuid4()
    handler.on_chain_start({}, {}, run_id=root, name="root")
    handler.on_llm_start({}, ["hi"], run_id=model, parent_run_id=root, name=name)
    return handler, model


def test_log_paths(still_needed: StillNeeded) -> None:
    async def paths() -> list[str]:
        handler, _ = logged("a/b")
        await handler.send_stream.aclose()
        return [operation["path"] async for patch in handler for operation in patch.ops]

    still_needed("/logs/a/b" in asyncio.run(paths()))


def test_tokens_in_runs(still_needed: StillNeeded) -> None:
    async def kept() -> int:
        handler, model = logged("model")
        for _ in range(9):
            handler.on_llm_new_token("x", run_id=model)
        return len(handler.run_map[str(model)].events)

    still_needed(asyncio.run(kept()) >= 9)


@pytest.mark.filterwarnings("ignore:.*astream_log")
def test_log_after_closing(still_needed: StillNeeded) -> None:
    async def goes_on() -> bool:
        began, closed = asyncio.Event(), asyncio.Event()
        went_on: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

        async def work(_: Any) -> None:
            began.set()
            try:
                await closed.wait()
            finally:
                went_on.set_result(closed.is_set())

        stream: Any = RunnableLambda(work).astream_log("hi")
        await anext(stream)
        await began.wait()
        closing = asyncio.create_task(stream.aclose())
        for _ in range(99):
            await asyncio.sleep(0)
        closed.set()
        await closing
        return await went_on

    still_needed(asyncio.run(goes_on()))


def test_kept_chunks(still_needed: StillNeeded) -> None:
    kept: list[bool] = []

    class Model(GenericFakeChatModel):
        async def _astream(self, *args: Any, **kwargs: Any) -> AsyncIterator[ChatGenerationChunk]:
            first = ChatGenerationChunk(message=AIMessageChunk(content="a"))
            yield first
            reference = weakref.ref(first)
            del first
            yield ChatGenerationChunk(message=AIMessageChunk(content="b"))
            kept.append(reference() is not None)

    async def read() -> None:
        async for _ in Model(messages=iter([])).astream("hi"):
            pass

    asyncio.run(read())
    still_needed(kept == [True])


def test_recorded_answers(still_needed: StillNeeded) -> None:
    class Cache(InMemoryCache):
        asked = 0

        def lookup(self, prompt: str, llm_string: str) -> Any:
            self.asked += 1
            return super().lookup(prompt, llm_string)

    model = GenericFakeChatModel(messages=iter(["a", "b"]), cache=(cache := Cache()))
    model.invoke("hi")
    assert cache.asked == 1
    assert [*model.stream("hi")]
    still_needed(cache.asked == 1)


def _read(delta: dict[str, Any]) -> AIMessageChunk:
    """What ChatOpenAI makes of a delta."""
    chunk = {"choices": [{"index": 0, "delta": {"role": "assistant", "content": "", **delta}}]}
    model = ChatOpenAI(model="m", api_key=SecretStr("none"))
    found = model._convert_chunk_to_generation_chunk(chunk, AIMessageChunk, None)
    assert found is not None
    assert isinstance(found.message, AIMessageChunk)
    return found.message


def test_reasoning(still_needed: StillNeeded) -> None:
    message = _read({"reasoning_content": "hm", "refusal": "no"})
    said = f"{message.content} {message.additional_kwargs}"
    still_needed("hm" not in said or "no" not in said)


def test_calls_without_index(still_needed: StillNeeded) -> None:
    call = {"id": "a", "function": {"name": "f", "arguments": "{}"}}
    still_needed(not _read({"tool_calls": [call]}).tool_calls)


def test_thought_signatures(still_needed: StillNeeded) -> None:
    call = {"index": 0, "id": "a", "function": {"name": "f"}, "extra_content": {"google": "S"}}
    still_needed("google" not in str(_read({"tool_calls": [call]})))


def test_requests_as_made(still_needed: StillNeeded) -> None:
    assert hasattr(ChatOpenAI, "_get_request_payload")
    still_needed(not [name for name in dir(ChatOpenAI) if "payload" in name and name[0] != "_"])


def test_eager_imports(still_needed: StillNeeded) -> None:
    code = (
        "import sys, langchain_core.language_models.chat_models\n"
        "sys.exit('langsmith.client' in sys.modules)"
    )
    still_needed(subprocess.run([sys.executable, "-c", code], check=False).returncode == 1)


class _State(TypedDict):
    """That of a graph of two nodes."""


def _write(state: _State) -> None:
    get_stream_writer()("written")


def two_writers() -> CompiledStateGraph[Any, Any, Any, Any]:
    """A graph of two nodes at once, each of which writes to its stream."""
    graph = StateGraph(_State)
    for name in ("a", "b"):
        graph.add_node(name, _write)
        graph.add_edge(START, name)
    return graph.compile()


def test_writers(still_needed: StillNeeded) -> None:
    """Two nodes at once write the same: what comes of it cannot be told apart."""
    chunks = list(two_writers().stream({}, stream_mode=["custom"], version="v2"))
    assert [chunk["data"] for chunk in chunks] == ["written", "written"]
    still_needed(chunks[0] == chunks[1])


def test_nested_states(still_needed: StillNeeded) -> None:
    """Two graphs hand on at once what neither of them has in its output."""

    async def run() -> None:
        async for _ in nested_graphs().astream_events({"logs": ["x"]}, version="v2"):
            pass

    raised = ""
    try:
        asyncio.run(run())
    except InvalidUpdateError as error:
        raised = str(error)
    still_needed("At key 'logs'" in raised)


def test_declared_classes(still_needed: StillNeeded) -> None:
    """A graph gathers none by itself."""
    still_needed(getattr(nested_graphs(), "_serde_allowlist", None) is None)


def test_pieces_of_json(still_needed: StillNeeded, monkeypatch: pytest.MonkeyPatch) -> None:
    """Mended in langchain-core 1.8: needed for as long as an older one is supported."""

    class Counting(SimpleNamespace):
        JSONDecodeError = json.JSONDecodeError
        read = 0

        def loads(self, text: str, **options: Any) -> Any:
            self.read += len(text)
            return json.loads(text, **options)

    counting = Counting()
    monkeypatch.setattr("langchain_core.utils.json.json", counting)
    with pytest.raises(ValueError, match="Expecting"):
        parse_partial_json("x " * 100)
    allowed = tomllib.loads(PROJECT.read_text())["project"]["dependencies"]
    still_needed(counting.read > 2000 or "langchain-core>=1.5.4,<2" in allowed)
