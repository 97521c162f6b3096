"""Every token of every model, once, in order, owned by the tool call that it happened in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterator
from typing import Any

import pytest
from langchain_core.callbacks import AsyncCallbackManager, BaseCallbackHandler
from langchain_core.language_models import LLM
from langchain_core.outputs import GenerationChunk
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool

from catagent.agents.cat import make_tools
from catagent.config import Mode
from catagent.events import types as ev
from catagent.models.openai_client.chat_model import StreamingChatOpenAI
from catagent.sources.base import AgentRun, AgentShape
from catagent.sources.driven import DrivenTracker
from tests.support import scripts
from tests.support.agents import (
    MODES,
    SHAPES,
    Outcome,
    ToolMaker,
    nesting_tools,
    play,
    sync_tools,
)
from tests.support.replies import Call, Reply, streaming_deltas
from tests.support.server import Request

pytestmark = pytest.mark.versions

STREAMING: tuple[Mode, ...] = ("log", "events")
streaming = pytest.mark.parametrize("mode", STREAMING)
modes = pytest.mark.parametrize("mode", MODES)
shapes = pytest.mark.parametrize("shape", SHAPES)


def texts_by_call(outcome: Outcome) -> dict[str | None, list[str]]:
    """The text tokens, in order, by the tool call that they happened in."""
    found: dict[str | None, list[str]] = defaultdict(list)
    for event in outcome.of(ev.LlmToken):
        if event.data.channel == "text":
            found[event.tool_call_id].append(event.data.delta)
    return dict(found)


def assert_deltas_equal_the_whole(outcome: Outcome) -> None:
    """What was streamed on each channel is what the finished events say."""
    streamed: dict[tuple[str, str], str] = defaultdict(str)
    for event in outcome.of(ev.LlmToken):
        streamed[event.run_id, event.data.channel] += event.data.delta
    for event in outcome.of(ev.LlmFinished):
        assert streamed[event.run_id, "text"] == event.data.text
        assert streamed[event.run_id, "reasoning"] == event.data.reasoning


@streaming
@shapes
@pytest.mark.parametrize("tools", [make_tools, sync_tools])
@pytest.mark.parametrize(("tokens", "parallel"), [(1, 1), (40, 4)])
def test_each_token_comes_once_with_its_tool_call(
    mode: Mode, shape: AgentShape, tools: ToolMaker, tokens: int, parallel: int
) -> None:
    outcome = play(scripts.cat(tokens, parallel, pace=0.001), mode, shape, tools)
    expected: dict[str | None, list[str]] = {
        f"call_items_{i}": list(scripts.tokens_of(i, tokens)) for i in range(parallel)
    }
    expected |= {"call_where": list(scripts.WHERE_TOKENS), None: list(scripts.ANSWER_TOKENS)}
    assert outcome.error is None
    assert texts_by_call(outcome) == expected
    assert_deltas_equal_the_whole(outcome)


@streaming
@shapes
def test_a_thousand_tokens_come_once_and_in_order(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(1_000), mode, shape)
    assert texts_by_call(outcome)["call_items_0"] == list(scripts.tokens_of(0, 1_000))
    assert_deltas_equal_the_whole(outcome)


@pytest.mark.full
@streaming
def test_twenty_thousand_tokens_come_once_and_in_order(mode: Mode) -> None:
    outcome = play(scripts.cat(20_000), mode, "graph")
    assert texts_by_call(outcome)["call_items_0"] == list(scripts.tokens_of(0, 20_000))
    assert_deltas_equal_the_whole(outcome)


@modes
@shapes
def test_a_run_has_its_actions_observations_and_answer(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(2, parallel=2, joke=True), mode, shape)
    ids = ["call_where", "call_items_0", "call_items_1", "call_joke"]
    actions, observations = outcome.of(ev.Action), outcome.of(ev.Observation)
    assert [event.data.tool_call_id for event in actions] == ids
    assert sorted(event.data.tool_call_id for event in observations) == sorted(ids)
    assert actions[1].data.tool_input == {"place": "under the sofa"}
    outputs = {event.data.tool_call_id: event.data.output for event in observations}
    assert outputs["call_items_1"] == "b.t0 b.t1"
    (answer,) = outcome.of(ev.Answer)
    assert answer.data.output == "".join(scripts.ANSWER_TOKENS)
    assert answer.data.complete
    assert all(event.data.messages for event in (*actions, *observations, answer))


@modes
@shapes
def test_an_action_names_the_model_run_that_decided_on_it(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(1), mode, shape)
    deciders = {
        call.id: event.run_id
        for event in outcome.of(ev.LlmFinished)
        for call in event.data.tool_calls
    }
    assert deciders
    assert {e.data.tool_call_id: e.run_id for e in outcome.of(ev.Action)} == deciders


@modes
@shapes
def test_usage_of_every_model_call_is_reported(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(7), mode, shape)
    usages = {
        (event.name, event.tool_call_id): event.data.usage for event in outcome.of(ev.LlmFinished)
    }
    assert usages["Get Items LLM", "call_items_0"] == ev.Usage(
        input_tokens=10, output_tokens=7, total_tokens=17
    )
    assert all(usages.values())


@streaming
@shapes
def test_tools_start_and_finish_once_around_their_models(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(3, parallel=3), mode, shape)
    for call_id in ("call_where", "call_items_0", "call_items_1", "call_items_2"):
        inside = [
            type(e).__name__
            for e in outcome.events
            if getattr(e, "tool_call_id", None) == call_id and not isinstance(e, ev.Node)
        ]
        tokens = ["LlmToken"] * 3
        started, ended = ["ToolStarted", "LlmStarted"], ["LlmFinished", "ToolFinished"]
        assert inside == [*started, *tokens, *ended, "Observation"]


def naming_in_pieces(request: Request) -> Reply:
    """A call whose name comes in two pieces, as some servers stream it."""
    if not request.tools or request.observations:
        return Reply(["Done."])
    pieces = (("get_", ""), ("items", '{"place": "sofa"}'))
    forms = [{"index": 0, "function": {"name": n, "arguments": a}} for n, a in pieces]
    return streaming_deltas(
        *({"tool_calls": [{**form, "id": "a"}]} for form in forms), reason="tool_calls"
    )


@streaming
@shapes
def test_a_tool_is_called_by_its_whole_name(mode: Mode, shape: AgentShape) -> None:
    outcome = play(naming_in_pieces, mode, shape)
    (action,), (observation,) = outcome.of(ev.Action), outcome.of(ev.Observation)
    names = {action.name, action.data.tool, observation.name, observation.data.tool}
    assert names == {"get_items"}
    written = [event.data.tool for event in outcome.of(ev.LlmToken) if event.data.tool]
    assert written[-1:] == ["get_items"]


def researching(request: Request) -> Reply:
    """Two parallel research calls, each of them an agent that asks where the cat is."""
    if "research" not in request.tools:
        inner = scripts.cat(3)(request)
        if scripts.target(request) == "agent" and request.observations:
            return Reply([f"found {request.prompt}"])
        return inner
    if request.observations:
        return Reply(scripts.ANSWER_TOKENS)
    return Reply(
        calls=[Call.of("research", f"call_{topic}", topic=topic) for topic in ("one", "two")]
    )


@streaming
@shapes
def test_nested_agents_own_what_they_do(mode: Mode, shape: AgentShape) -> None:
    outcome = play(researching, mode, shape, nesting_tools)
    texts = texts_by_call(outcome)
    assert outcome.error is None
    assert texts["call_one"] == ["found one"]
    assert texts["call_two"] == ["found two"]
    assert texts[None] == list(scripts.ANSWER_TOKENS)
    # Both inner agents use the same id for their call: two runs of it, each in its own research.
    wheres = [e for e in outcome.of(ev.ToolStarted) if e.data.tool == "where_cat_is_hiding"]
    research = {e.run_id: e for e in outcome.of(ev.ToolStarted) if e.data.tool == "research"}
    assert [e.tool_call_id for e in wheres] == ["call_where", "call_where"]
    owners = {next(p for p in reversed(e.parent_ids) if p in research) for e in wheres}
    assert owners == set(research)


@modes
def test_nested_graphs_report_their_actions_in_every_mode(mode: Mode) -> None:
    outcome = play(researching, mode, "graph", nesting_tools)
    tools = [event.data.tool for event in outcome.of(ev.Action)]
    assert sorted(tools) == ["research"] * 2 + ["where_cat_is_hiding"] * 2
    inner = [e for e in outcome.of(ev.Action) if e.data.tool == "where_cat_is_hiding"]
    assert {event.tool_call_id for event in inner} == {"call_one", "call_two"}
    seen = [e for e in outcome.of(ev.Observation) if e.data.tool == "where_cat_is_hiding"]
    assert len({event.run_id for event in seen}) == 2
    assert len(outcome.of(ev.Answer)) == 1


@streaming
@shapes
def test_tool_arguments_stream_on_their_own_channel(mode: Mode, shape: AgentShape) -> None:
    outcome = play(scripts.cat(1, parallel=2), mode, shape)
    pieces: dict[tuple[str, int], str] = defaultdict(str)
    names: dict[tuple[str, int], tuple[object, object]] = {}
    for event in outcome.of(ev.LlmToken):
        if event.data.channel == "tool_args":
            key = (event.run_id, event.data.index)
            names.setdefault(key, (event.data.tool, event.data.call_id))
            pieces[key] += event.data.delta
    by_call = {names[key]: args for key, args in pieces.items()}
    assert by_call["get_items", "call_items_1"] == '{"place": "under the sofa 1"}'


@streaming
def test_event_names_and_tags_are_langchains(mode: Mode) -> None:
    outcome = play(scripts.cat(1), mode, "graph")
    (items,) = [e for e in outcome.of(ev.LlmStarted) if e.name == "Get Items LLM"]
    assert items.tags == ["get_items"]
    assert items.data.model == "scripted"
    assert items.data.run_type == "chat_model"


@streaming
@shapes
def test_reasoning_has_its_own_channel(mode: Mode, shape: AgentShape) -> None:
    script = scripts.with_fault(scripts.cat(2), "items", reasoning=("hm ", "so "))
    outcome = play(script, mode, shape, model={"kind": StreamingChatOpenAI})
    thoughts = [e for e in outcome.of(ev.LlmToken) if e.data.channel == "reasoning"]
    assert [(e.data.delta, e.tool_call_id) for e in thoughts] == [
        ("hm ", "call_items_0"),
        ("so ", "call_items_0"),
    ]
    assert_deltas_equal_the_whole(outcome)


class Completing(LLM):
    """A text-completion model, as integrations write one."""

    @property
    def _llm_type(self) -> str:
        return "completing"

    def _call(self, prompt: str, *args: Any, **kwargs: Any) -> str:
        return "abc"

    async def _astream(
        self, prompt: str, stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> AsyncIterator[GenerationChunk]:
        for piece in "abc":
            chunk = GenerationChunk(text=piece)
            if run_manager is not None:
                await run_manager.on_llm_new_token(piece, chunk=chunk)
            yield chunk


@streaming
def test_a_text_completion_model_is_reported_like_any_other(
    mode: Mode, capfd: pytest.CaptureFixture[str]
) -> None:
    """LangChain calls its handlers in another way than those of a chat model."""
    text_model = Completing()

    @tool
    async def get_items(place: str) -> str:
        """Get items."""
        return "".join([piece async for piece in text_model.astream(place)])

    script = scripts.calling(Call.of("get_items", "call_0", place="a"))
    outcome = play(script, mode, "graph", lambda _: [get_items])
    (started,) = [event for event in outcome.of(ev.LlmStarted) if event.data.run_type == "llm"]
    assert started.tool_call_id == "call_0"
    assert texts_by_call(outcome)["call_0"] == ["a", "b", "c"]
    assert_deltas_equal_the_whole(outcome)
    assert capfd.readouterr().err == ""


def test_the_tracker_stays_the_first_handler_when_langgraph_merges_them() -> None:
    """A log handler called first, by a thread, would report runs that are not yet known."""
    run = AgentRun(RunnableLambda(str), "", "other")
    for _ in range(50):
        handlers = [DrivenTracker(run), *(BaseCallbackHandler() for _ in range(3))]
        manager = AsyncCallbackManager(handlers, handlers)
        merged = manager.merge(manager.copy()).merge(manager.copy())
        assert merged.inheritable_handlers[0] is handlers[0]
