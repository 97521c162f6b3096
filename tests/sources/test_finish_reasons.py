"""Why a model stopped, in any provider's words: whole, cut short, failed, or a call missing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.language_models import BaseLLM, GenericFakeChatModel
from langchain_core.messages import AIMessage
from langchain_core.messages.tool import invalid_tool_call, tool_call
from langchain_core.outputs import Generation, LLMResult
from langgraph.func import entrypoint
from langgraph.graph import MessagesState, StateGraph

from catagent.events import types as ev
from catagent.sources.base import AgentRun
from catagent.sources.message_checks import check_message, finish_reason_of, is_whole, warnings_for
from catagent.sources.messages import usage_of
from tests.support import scripts
from tests.support.agents import MODES, SHAPES, collect, play

modes = pytest.mark.parametrize("mode", MODES)
shapes = pytest.mark.parametrize("shape", SHAPES)

CALL = tool_call(name="get_items", args={}, id="a")
WHOLE = (
    *("stop", "STOP", "FinishReason.STOP", "end_turn", "stop_sequence", "completed", "COMPLETE"),
    *("eos", "eos_token", "stopstop", "STOP_SEQUENCE"),
)
CUT = {
    "length": "length",
    "max_tokens": "length",
    "MAX_TOKENS": "length",
    "lengthlength": "length",
    "content_filter": "content_filter",
    "SAFETY": "content_filter",
    "stop, length": "length",
    "stop, content_filter": "content_filter",
    **dict.fromkeys(
        [
            *("pause_turn", "model_context_window_exceeded", "compaction", "abort", "model_length"),
            *("insufficient_system_resource", "RECITATION", "OTHER", "load", "stopped", "whatever"),
            *("in_progress", "cancelled", "FINISH_REASON_UNSPECIFIED", "None", "0", "stop-ish"),
        ],
        "incomplete",
    ),
}


def message(text: str = "So", /, **metadata: Any) -> AIMessage:
    return AIMessage(text, response_metadata=metadata)


def codes(found: AIMessage) -> list[str]:
    return [warning.code for warning in warnings_for(found, "model")]


@pytest.mark.parametrize("key", ["finish_reason", "stop_reason", "stopReason", "done_reason"])
@pytest.mark.parametrize("reason", WHOLE)
def test_a_reason_that_is_known_to_be_whole_is_no_warning(key: str, reason: str) -> None:
    found = message(**{key: reason})
    assert (is_whole(found), codes(found), check_message(found, "model")) == (True, [], None)


@pytest.mark.parametrize("key", ["finish_reason", "stop_reason", "stopReason", "done_reason"])
@pytest.mark.parametrize(("reason", "code"), CUT.items())
def test_any_other_reason_is_a_warning_that_has_it(key: str, reason: str, code: str) -> None:
    found = message(**{key: reason})
    assert (is_whole(found), codes(found)) == (False, [code])
    (warning,) = warnings_for(found, "model")
    assert f"(finish reason {reason})" in warning.message
    assert check_message(found, "model") is None


@pytest.mark.parametrize("metadata", [{}, {"finish_reason": None}, {"status": 200}, {"status": []}])
def test_no_reason_is_no_warning(metadata: dict[str, Any]) -> None:
    found = message(**metadata)
    assert (finish_reason_of(found), is_whole(found), codes(found)) == (None, True, [])


@pytest.mark.parametrize(
    ("status", "code"), [("incomplete", "length"), ("cancelled", "incomplete"), ("completed", "")]
)
def test_the_status_of_a_response_of_openai_is_its_reason(status: str, code: str) -> None:
    assert codes(message(status=status)) == ([code] if code else [])


@pytest.mark.parametrize("odd", [7, 1.5, True, ["stop"], {"reason": "stop"}, "x" * 10_000])
def test_a_reason_of_any_type_is_told_in_a_few_words(odd: Any) -> None:
    (warning,) = warnings_for(message(finish_reason=odd), "model")
    assert warning.code == "incomplete"
    assert len(warning.message) < 250


ANNOUNCED = (
    *("tool_calls", "tool_use", "function_call", "TOOL_CALL", "tool_call", "REASON_TOOL_CALLS"),
    *("MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "malformed_tool_use"),
    *("function_call_filter: MALFORMED_FUNCTION_CALL", "FinishReason.TOO_MANY_TOOL_CALLS"),
)


@pytest.mark.parametrize("key", ["finish_reason", "stop_reason", "stopReason"])
@pytest.mark.parametrize("reason", ANNOUNCED)
def test_a_call_that_was_announced_and_never_came_is_an_error(key: str, reason: str) -> None:
    error = check_message(message(**{key: reason}), "model")
    assert error is not None
    assert "announced a tool call that never came" in error.message
    assert reason in error.message


@pytest.mark.parametrize(
    "fields",
    [
        {"tool_calls": [CALL]},
        {"additional_kwargs": {"function_call": {"name": "f", "arguments": "{}"}}},
        {"additional_kwargs": {"tool_calls": [{"id": "a"}]}},
    ],
)
@pytest.mark.parametrize("reason", ["tool_calls", "tool_use", "stop", "function_call"])
def test_a_call_that_came_is_no_error(fields: dict[str, Any], reason: str) -> None:
    found = AIMessage("", response_metadata={"finish_reason": reason}, **fields)
    assert (check_message(found, "model"), codes(found)) == (None, [])


@pytest.mark.parametrize("calls", ["tool_calls", "invalid_tool_calls"])
def test_a_call_without_a_name_is_an_error(calls: str) -> None:
    nameless = tool_call(name="", args={}, id="a")
    broken = invalid_tool_call(name=None, args="{}", id="a", error=None)
    found = AIMessage("", **{calls: [nameless if calls == "tool_calls" else broken]})
    error = check_message(found, "model")
    assert error is not None
    assert "without its name" in error.message


def test_arguments_that_are_nested_too_deep_are_an_error() -> None:
    args = '{"a":' * 100_000 + "1" + "}" * 100_000
    deep = invalid_tool_call(name="f", args=args, id="a", error=None)
    error = check_message(AIMessage("", invalid_tool_calls=[deep]), "model")
    assert error is not None
    assert "not a JSON object" in error.message


@pytest.mark.parametrize("reason", ["error", "ERROR", "network_error", "ERROR_TOXIC", "failed"])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "it ended its answer with the finish reason {reason}"),
        ("boo", "boo"),
        ({"code": "server_error", "message": "boo"}, "boo"),
        ({"error": {"message": "two\nlines"}}, "two lines"),
        ([5], "[5]"),
    ],
)
def test_a_model_that_failed_midway_is_an_error(reason: str, given: Any, said: str) -> None:
    error = check_message(message(finish_reason=reason, error=given), "model")
    assert error is not None
    assert error.message == f"The model failed midway: {said.format(reason=reason)}"


@pytest.mark.parametrize("given", [10.0, 2.5, "10", None, -1, True, 2**70, [1], {"a": 1}])
def test_counts_that_are_none_are_unknown(given: Any) -> None:
    usage = {"input_tokens": given, "output_tokens": given, "total_tokens": given}
    found = message()
    found.usage_metadata = usage  # type: ignore[assignment]  # as a provider may that does not check
    assert usage_of(found) is None


class Completing(BaseLLM):
    """A text-completion model, whose finish reason is beside its text."""

    reason: str

    @property
    def _llm_type(self) -> str:
        return "completing"

    def _generate(self, prompts: list[str], *args: Any, **kwargs: Any) -> LLMResult:
        info = {"finish_reason": self.reason}
        return LLMResult(generations=[[Generation(text="So", generation_info=info)]])


@modes
@pytest.mark.parametrize(
    ("reason", "code"), [("stop", None), ("length", "length"), ("abort", "incomplete")]
)
def test_a_text_completion_that_was_cut_short_is_incomplete(
    mode: Any, reason: str, code: str | None
) -> None:
    outcome = asyncio.run(collect(mode, AgentRun(Completing(reason=reason), "hi", "other")))
    (answer,) = outcome.of(ev.Answer)
    assert (answer.data.output, answer.data.complete) == ("So", code is None)
    assert [event.data.code for event in outcome.of(ev.Warned)] == ([code] if code else [])


@modes
def test_a_call_that_a_graph_cannot_make_is_no_answer(mode: Any) -> None:
    """A model of the old kind, in an agent that does not know of such calls."""
    call = {"function_call": {"name": "f", "arguments": "{}"}}
    written = AIMessage("", additional_kwargs=call)
    graph = create_agent(GenericFakeChatModel(messages=iter([written])), [])
    run = AgentRun(graph, {"messages": [("user", "hi")]}, "graph")
    outcome = asyncio.run(collect(mode, run))
    assert outcome.of(ev.Answer) == []
    assert "without an answer" in str(outcome.error)


@modes
def test_a_graph_may_end_on_a_call(mode: Any) -> None:
    """As one does that stops where its model calls `Done`."""
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda _: {"messages": [AIMessage("Bye.", tool_calls=[CALL])]})
    run = AgentRun(graph.set_entry_point("model").compile(), {"messages": []}, "graph")
    outcome = asyncio.run(collect(mode, run))
    (answer,) = outcome.of(ev.Answer)
    assert answer.data.output == "Bye."
    assert outcome.error is None


@modes
def test_a_function_may_return_nothing(mode: Any) -> None:
    """As an entrypoint does that is run for what it stores alone."""

    @entrypoint()
    def store(_: Any) -> None: ...

    outcome = asyncio.run(collect(mode, AgentRun(store, "hi", "graph")))
    assert outcome.error is None
    assert [event.data.output for event in outcome.of(ev.Answer)] == [""]
    assert [event.data.code for event in outcome.of(ev.Warned)] == ["empty_answer"]


@modes
@shapes
@pytest.mark.parametrize("reason", ["insufficient_system_resource", "pause_turn"])
def test_an_answer_that_ended_for_an_unknown_reason_is_incomplete(
    mode: Any, shape: Any, reason: str
) -> None:
    script = scripts.with_fault(scripts.cat(2), "agent", finish_reason=reason)
    outcome = play(script, mode, shape)
    (answer,) = outcome.of(ev.Answer)
    assert not answer.data.complete
    assert [event.data.code for event in outcome.of(ev.Warned)] == ["incomplete"]


@modes
@shapes
@pytest.mark.parametrize("at", ["agent", "items"])
@pytest.mark.parametrize("reason", ["tool_calls", "error"])
def test_an_answer_that_promised_more_is_none(mode: Any, shape: Any, at: Any, reason: str) -> None:
    script = scripts.with_fault(scripts.cat(2), at, finish_reason=reason)
    outcome = play(script, mode, shape)
    assert outcome.error is not None
    assert outcome.of(ev.Answer) == []
