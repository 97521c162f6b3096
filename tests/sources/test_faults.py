"""What LangChain hides or takes for success is reported, in every mode and agent shape."""

from __future__ import annotations

import asyncio
import itertools
import logging
from typing import Any

import pytest
from langchain_classic.agents import AgentExecutor, create_react_agent
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, InvalidToolCall
from langchain_core.prompts import PromptTemplate
from langchain_core.tools import BaseTool, tool

from catagent.agents import cat_prompts
from catagent.agents.cat import make_tools
from catagent.agents.custom import fit
from catagent.config import Mode
from catagent.errors import ModelError, NetworkError, StepLimitError
from catagent.events import types as ev
from catagent.failures.classify import classify
from catagent.sources.base import AgentRun, AgentShape
from catagent.sources.message_checks import check_message
from tests.support import scripts
from tests.support.agents import (
    MODES,
    SHAPES,
    Outcome,
    ToolMaker,
    build,
    nesting_tools,
    play,
    raising_tools,
    run_with,
)
from tests.support.replies import Call, Reply, failing
from tests.support.server import Request

modes = pytest.mark.parametrize("mode", MODES)
shapes = pytest.mark.parametrize("shape", SHAPES)
streamed = {"streaming": True}


def codes(outcome: Outcome) -> list[str]:
    """The codes of the warnings."""
    return [event.data.code for event in outcome.of(ev.Warned)]


def assert_spans_closed(outcome: Outcome) -> None:
    """Every model and tool run that started has finished, and once."""
    llms = [e.run_id for e in outcome.of(ev.LlmFinished)]
    tools = [e.run_id for e in outcome.of(ev.ToolFinished)]
    assert len(set(llms)) == len(llms)
    assert len(set(tools)) == len(tools)
    assert {e.run_id for e in outcome.of(ev.LlmStarted)} <= set(llms)
    assert {e.run_id for e in outcome.of(ev.ToolStarted)} <= set(tools)


@modes
@shapes
@pytest.mark.parametrize("at", ["agent", "items"])
def test_a_stream_cut_clean_is_a_network_error(
    mode: Mode, shape: AgentShape, at: scripts.Target
) -> None:
    script = scripts.with_fault(scripts.cat(6), at, fault="cut", fault_after=3)
    outcome = play(script, mode, shape, model=streamed)
    assert isinstance(outcome.error, NetworkError)
    assert "cut off" in outcome.error.message
    assert outcome.of(ev.Answer) == []
    assert_spans_closed(outcome)
    failed = [e for e in outcome.of(ev.LlmFinished) if e.data.error is not None]
    expected = {"agent": "The cat is ", "items": "t0 t1 t2 "}[at]
    assert [e.data.text for e in failed] == [expected]


@modes
@shapes
@pytest.mark.parametrize("fault", ["disconnect", "malformed", "error_frame"])
@pytest.mark.parametrize("at", ["agent", "items"])
def test_a_broken_stream_raises_and_keeps_what_came(
    mode: Mode, shape: AgentShape, fault: str, at: scripts.Target
) -> None:
    script = scripts.with_fault(scripts.cat(6), at, fault=fault, fault_after=3)
    outcome = play(script, mode, shape, model=streamed)
    assert outcome.error is not None
    assert_spans_closed(outcome)
    if mode != "steps":
        (failed,) = [e for e in outcome.of(ev.LlmFinished) if e.data.error is not None]
        assert failed.data.text == {"agent": "The cat is ", "items": "t0 t1 t2 "}[at]


@modes
@shapes
@pytest.mark.parametrize("reason", ["length", "content_filter"])
def test_an_answer_cut_short_is_marked(mode: Mode, shape: AgentShape, reason: str) -> None:
    script = scripts.with_fault(scripts.cat(2), "agent", finish_reason=reason)
    outcome = play(script, mode, shape)
    (answer,) = outcome.of(ev.Answer)
    assert not answer.data.complete
    assert codes(outcome) == [reason]
    assert outcome.error is None


@modes
@shapes
def test_a_tools_text_cut_short_is_a_warning(mode: Mode, shape: AgentShape) -> None:
    script = scripts.with_fault(scripts.cat(2), "items", finish_reason="length")
    outcome = play(script, mode, shape)
    assert codes(outcome) == ["length"]
    assert "Get Items LLM" in outcome.of(ev.Warned)[0].data.message
    assert outcome.of(ev.Answer)[0].data.complete


@modes
@shapes
@pytest.mark.parametrize("args", ['{"place": "under the so', '{"place": ', "{place: sofa}"])
def test_half_written_arguments_are_never_executed(
    mode: Mode, shape: AgentShape, args: str
) -> None:
    ran: list[str] = []

    def tools(model: BaseChatModel) -> list[BaseTool]:
        @tool
        async def get_items(place: str) -> str:
            """Get items."""
            ran.append(place)
            return place

        return [get_items]

    outcome = play(scripts.calling(Call("get_items", args)), mode, shape, tools)
    assert isinstance(outcome.error, ModelError)
    assert "get_items" in outcome.error.message
    assert ran == []
    assert outcome.of(ev.Action) == []
    assert_spans_closed(outcome)


@modes
@shapes
def test_arguments_cut_by_the_output_limit_say_so(mode: Mode, shape: AgentShape) -> None:
    script = scripts.calling(Call("get_items", '{"pl'), finish_reason="length")
    outcome = play(script, mode, shape)
    assert isinstance(outcome.error, ModelError)
    assert "output limit" in outcome.error.message


@modes
@shapes
def test_a_call_without_arguments_is_run(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.calling(Call("where_cat_is_hiding", "")), mode, shape)
    assert outcome.error is None
    assert outcome.of(ev.Action)[0].data.tool_input in ({}, "")


@modes
@shapes
def test_an_empty_answer_is_a_warning(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.saying(), mode, shape)
    assert codes(outcome) == ["empty_answer"]
    assert outcome.of(ev.Answer)[0].data.output == ""


@modes
@shapes
def test_an_exception_of_a_tool_is_reported_and_raised(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(2), mode, shape, raising_tools)
    assert isinstance(outcome.error, ValueError)
    assert_spans_closed(outcome)
    if mode != "steps":
        failed = outcome.of(ev.ToolFinished)[-1].data
        assert failed.status == "error"
        assert failed.tool_call_id == "call_items_0"
        assert "nothing in under the sofa" in failed.error.message


@modes
@shapes
def test_a_failure_stops_parallel_tools(mode: Mode, shape: AgentShape) -> None:
    def tools(model: BaseChatModel) -> list[BaseTool]:
        @tool
        async def get_items(place: str) -> str:
            """Get items."""
            if place == "bad":
                await asyncio.sleep(0.2)
                raise ValueError("bad place")
            return "".join([chunk.text async for chunk in model.astream(place)])

        return [get_items]

    def script(request: Request) -> Reply:
        if request.tools:
            return Reply(calls=[Call.of("get_items", f"call_{p}", place=p) for p in ("a", "bad")])
        return Reply([f"{i} " for i in range(10_000)], pace=0.01)

    outcome = play(script, mode, shape, tools)
    assert isinstance(outcome.error, ValueError)
    failed = {e.tool_call_id: e.data for e in outcome.of(ev.ToolFinished)}
    assert "bad place" in failed["call_bad"].error.message
    stopped = [e.data for e in outcome.of(ev.LlmFinished) if e.tool_call_id == "call_a"]
    assert all(data.error and data.error.type == "Cancelled" for data in stopped)
    assert len(stopped) == 1
    if mode != "steps":
        assert stopped[0].text.startswith("0 1 2 ")


@modes
@shapes
def test_an_unknown_tool_is_an_observation_of_an_error(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.calling(Call("fly", "{}", "call_fly")), mode, shape)
    (seen,) = outcome.of(ev.Observation)
    assert (seen.data.tool, seen.data.status) == ("fly", "error")
    assert seen.data.tool_call_id == "call_fly"
    assert outcome.of(ev.Answer)[0].data.output == "".join(scripts.ANSWER_TOKENS)


@modes
@shapes
def test_one_id_for_two_calls_is_a_warning(mode: Mode, shape: AgentShape) -> None:
    calls = [Call.of("get_items", "call_0", place=place) for place in ("a", "b")]
    outcome = play(scripts.calling(*calls), mode, shape)
    assert codes(outcome) == ["duplicate_tool_call_id"]
    assert len(outcome.of(ev.Action)) == 2


@modes
@shapes
@pytest.mark.parametrize("limit", [1, 3])
def test_an_endless_agent_is_stopped_at_the_step_limit(
    mode: Mode, shape: AgentShape, limit: int
) -> None:
    outcome = play(scripts.endless(), mode, shape, max_steps=limit)
    assert isinstance(outcome.error, StepLimitError)
    assert "--max-steps" in outcome.error.hint
    assert len(outcome.of(ev.Action)) == limit
    assert len(outcome.of(ev.Observation)) == limit
    assert_spans_closed(outcome)


def test_the_step_limit_holds_for_a_wrapped_executor() -> None:
    """Its own would stop it after 15 steps."""

    def make(model: BaseChatModel) -> AgentRun:
        run = build("executor", model, make_tools(model), max_steps=17)
        return fit(run.runnable.with_config(tags=["mine"]), run.input, {}, max_steps=17)

    outcome = run_with(scripts.endless(), "steps", make)
    assert isinstance(outcome.error, StepLimitError)
    assert len(outcome.of(ev.Action)) == 17


@modes
@shapes
def test_as_many_steps_as_the_limit_are_no_error(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(1, parallel=4), mode, shape, max_steps=2)
    assert outcome.error is None
    assert len(outcome.of(ev.Answer)) == 1


@modes
@shapes
def test_an_endless_loop_of_unknown_tools_is_stopped_at_the_step_limit(
    mode: Mode, shape: AgentShape
) -> None:
    def script(request: Request) -> Reply:
        return Reply(calls=[Call("fly", "{}", f"call_{len(request.observations)}")])

    outcome = play(script, mode, shape, max_steps=3)
    assert isinstance(outcome.error, StepLimitError)


@modes
@shapes
def test_a_nested_agent_is_stopped_at_the_step_limit(mode: Mode, shape: AgentShape) -> None:
    def script(request: Request) -> Reply:
        if "research" in request.tools:
            return Reply(calls=[Call.of("research", "call_r", topic="x")])
        return scripts.endless()(request)

    outcome = play(script, mode, shape, nesting_tools, max_steps=4)
    assert isinstance(outcome.error, StepLimitError)


@modes
def test_a_refused_request_leaves_no_span_open(mode: Mode) -> None:
    script = scripts.failing_first(scripts.cat(1), failing(401), at="items")
    outcome = play(script, mode, "graph")
    assert "401" in str(outcome.error)
    assert_spans_closed(outcome)


@modes
@shapes
def test_langchain_does_not_log_the_errors_again(
    mode: Mode, shape: AgentShape, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="langchain_core"):
        play(scripts.calling(Call("get_items", '{"pl')), mode, shape)
    assert [record for record in caplog.records if "callback" in record.getMessage()] == []


@modes
@shapes
def test_odd_tool_outputs_are_what_the_agent_sees(mode: Mode, shape: AgentShape) -> None:
    class Odd:
        def __str__(self) -> str:
            return "odd"

    outputs: list[Any] = [b"\x00\xff", {"a": 1}, ["x"], Odd(), "y" * 1_000_000, None]

    def tools(model: BaseChatModel) -> list[BaseTool]:
        @tool
        async def get_items(place: int) -> Any:
            """Get items."""
            return outputs[place]

        return [get_items]

    calls = [Call.of("get_items", f"call_{i}", place=i) for i in range(len(outputs))]
    outcome = play(scripts.calling(*calls), mode, shape, tools, raw=True)
    assert outcome.error is None
    assert len(outcome.of(ev.Observation)) == len(outputs)
    by_call = {e.data.tool_call_id: e.data.output for e in outcome.of(ev.Observation)}
    texts = [by_call[f"call_{i}"] for i in range(len(outputs))]
    assert all(isinstance(text, str) for text in texts)
    assert texts[1] == '{"a": 1}'
    assert len(texts[4]) == 1_000_000


@pytest.mark.parametrize("mode", ["log", "events"])
def test_the_failure_of_a_model_with_a_fallback_is_reported_at_once(mode: Mode) -> None:
    def tools(model: BaseChatModel) -> list[BaseTool]:
        @tool
        async def get_items(place: str) -> str:
            """Get items."""
            patient = model.with_config(run_name="first").with_fallbacks(
                [model.with_config(run_name="second")]
            )
            return "".join([chunk.text async for chunk in patient.astream(place)])

        return [make_tools(model)[0], get_items]

    plain = scripts.cat(3)

    def script(request: Request) -> Reply:
        if request.prompt == scripts.PLACE and not request.tools:
            refused.append(request.index)
            return failing(500) if len(refused) == 1 else Reply(["x"])
        return plain(request)

    refused: list[int] = []
    outcome = play(script, mode, "graph", tools)
    told = [
        (type(e).__name__, e.name)
        for e in outcome.events
        if isinstance(e, ev.LlmStarted | ev.LlmFinished) and e.name in {"first", "second"}
    ]
    assert outcome.error is None
    assert told == [
        ("LlmStarted", "first"),
        ("LlmFinished", "first"),
        ("LlmStarted", "second"),
        ("LlmFinished", "second"),
    ]
    assert_spans_closed(outcome)


@modes
def test_an_agent_without_call_ids_is_reported_whole(mode: Mode) -> None:
    def make(model: BaseChatModel) -> AgentRun:
        prompt = PromptTemplate.from_template("{tools} {tool_names} {input} {agent_scratchpad}")
        tools = make_tools(model)
        executor = AgentExecutor(agent=create_react_agent(model, tools, prompt), tools=tools)
        return AgentRun(executor, {"input": "what?"}, "executor", max_steps=2)

    def script(request: Request) -> Reply:
        if request.prompt == cat_prompts.ITEMS_PROMPT.format(place="sofa"):
            return Reply(["a ", "b"])
        done = "Observation: a b" in request.prompt
        text = "Final Answer: found" if done else "Action: get_items\nAction Input: sofa"
        return Reply(["Thought: hm\n", text])

    outcome = run_with(script, mode, make)
    assert outcome.error is None
    (action,), (seen,), (answer,) = map(outcome.of, (ev.Action, ev.Observation, ev.Answer))
    assert (action.data.tool, action.data.tool_input) == ("get_items", "sofa")
    assert (seen.data.tool, seen.data.output) == ("get_items", "a b")
    assert action.run_id == outcome.of(ev.LlmFinished)[0].run_id
    assert answer.data.output == "found"

    endless = run_with(lambda r: Reply(["Action: fly\nAction Input: x"]), mode, make)
    assert isinstance(endless.error, StepLimitError)
    assert len(endless.of(ev.Observation)) == 2


def test_arguments_are_not_quoted_through_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-4711-canary-4711")
    args = '{"key": "canary-4711-canary-4711' + "y" * 50
    call = InvalidToolCall(type="invalid_tool_call", name="t", args=args, id="1", error="")
    message = AIMessage("", invalid_tool_calls=[call])
    error = check_message(message, "model")
    assert error is not None
    assert "nary" not in error.message


def test_an_exception_is_not_quoted_through_a_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", "canary-4711-canary-4711")
    error = classify(ValueError("x" * 1990 + "canary-4711-canary-4711"))
    assert "cana" not in error.message


def impatient_tools(model: BaseChatModel) -> list[BaseTool]:
    """The cat's tools, of which get_items reads two chunks with text and no more."""

    @tool
    async def get_items(place: str) -> str:
        """Get items."""
        found: list[str] = []
        async for chunk in model.astream(cat_prompts.ITEMS_PROMPT.format(place=place)):
            found += [chunk.text] if chunk.text else []
            if len(found) == 2:
                break
        return "".join(found)

    return [make_tools(model)[0], get_items]


def impatient_sync_tools(model: BaseChatModel) -> list[BaseTool]:
    """The same as a plain function."""

    @tool
    def get_items(place: str) -> str:
        """Get items."""
        chunks = model.stream(cat_prompts.ITEMS_PROMPT.format(place=place))
        return "".join(itertools.islice((chunk.text for chunk in chunks if chunk.text), 2))

    return [make_tools(model)[0], get_items]


@modes
@pytest.mark.parametrize("tools", [impatient_tools, impatient_sync_tools])
def test_a_tool_that_stops_reading_a_model_is_no_failure_of_the_model(
    mode: Mode, tools: ToolMaker
) -> None:
    outcome = play(scripts.cat(20), mode, "graph", tools)
    assert outcome.error is None
    (stopped,) = [event for event in outcome.of(ev.LlmFinished) if event.data.error is not None]
    assert stopped.data.text == "t0 t1 "
    assert (stopped.data.error.kind, stopped.data.error.type) == ("agent", "Stopped")
    assert stopped.tool_call_id == "call_items_0"
    if mode != "steps" and tools is impatient_sync_tools:  # asyncio lets go of a generator later
        (finished,) = outcome.of(ev.ToolFinished)[1:]
        assert finished.tool_call_id == stopped.tool_call_id
        assert outcome.events.index(stopped) < outcome.events.index(finished)
