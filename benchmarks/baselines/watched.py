"""A program to watch or to trace: `python -m benchmarks.baselines.watched TRACER WORK:COUNT …`.

Prints the CPU seconds of each work, imports aside, until all that a tracer sends of it is sent.
WORK is "stream", an answer of ChatOpenAI's from the server in the environment; "tokens", one of a
model without a network; or "steps", an agent that calls a tool of 1 kB so often. TRACER is
"langsmith" or "openinference", whose collector is in the environment, or anything else for none.
"""

from __future__ import annotations

import importlib
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

from langchain.agents import create_agent
from langchain_core.callbacks import CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

OBSERVATION = "x" * 1_000


class Caller(BaseChatModel):
    """Calls the tool `count` times, then answers; it has no stream."""

    count: int

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, *_: Any, **__: Any) -> Any:
        """The same model: it calls what it calls."""
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        done = len(messages) // 2
        calls = [{"name": "look", "args": {"place": f"place {done}"}, "id": f"call-{done}"}]
        message = AIMessage("", tool_calls=calls if done < self.count else [])
        return ChatResult(generations=[ChatGeneration(message=message)])


class Speaker(Caller):
    """Says `count` tokens, one by one."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        for number in range(self.count):
            chunk = ChatGenerationChunk(message=AIMessageChunk(content=f"t{number} "))
            if run_manager is not None:
                run_manager.on_llm_new_token(chunk.text, chunk=chunk)
            yield chunk


@tool
def look(place: str) -> str:
    """Look at a place."""
    return OBSERVATION


def stream(count: int) -> None:
    """One answer of a server's that is so long, to its end, of a longer one the beginning."""
    chunks = ChatOpenAI(model="scripted").stream("say something")
    for _ in islice(chunks, 2 * count):  # more than its tokens: the last ones have no text
        pass


def tokens(count: int) -> None:
    """One answer without a server."""
    for _ in Speaker(count=count).stream("say something"):
        pass


def steps(count: int) -> None:
    """An agent's run of so many tool calls."""
    agent: Any = create_agent(Caller(count=count), [look])
    agent.invoke({"messages": [("user", "look")]}, {"recursion_limit": 3 * count + 10})


def tracing(name: str) -> Callable[[], object]:
    """Start a tracer as its manual says; returns what sends all that is left."""
    finish: Callable[[], object] = lambda: None  # noqa: E731
    if name == "langsmith":  # by LANGSMITH_TRACING
        tracers = importlib.import_module("langchain_core.tracers.langchain")
        finish = tracers.wait_for_all_tracers
    elif name == "openinference":
        sdk = importlib.import_module("opentelemetry.sdk.trace")
        export = importlib.import_module("opentelemetry.sdk.trace.export")
        otlp = importlib.import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
        openinference = importlib.import_module("openinference.instrumentation.langchain")
        provider = sdk.TracerProvider()
        provider.add_span_processor(export.BatchSpanProcessor(otlp.OTLPSpanExporter()))
        openinference.LangChainInstrumentor().instrument(tracer_provider=provider)
        finish = provider.force_flush
    return finish


def main(tracer: str, *works: str) -> None:
    """Do each of the works, once small before, so that all is imported that it needs."""
    finish = tracing(tracer)
    for work, _, count in (each.partition(":") for each in works):
        do = {"stream": stream, "tokens": tokens, "steps": steps}[work]
        do(3)
        finish()
        began = time.process_time()
        do(int(count))
        finish()
        print(time.process_time() - began, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
