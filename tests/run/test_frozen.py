"""Runs again that are answered from their recording: the events are the same but for ids, times."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import importlib
import os
import re
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from langchain_core.language_models import GenericFakeChatModel

from catagent.agents.driver.recorded import NotRecordedError, Recorded
from catagent.config import load
from catagent.events import types as ev
from catagent.events.filters import Filters
from catagent.models.spec import ModelSpec
from catagent.run.frozen import answered, frozen_of
from catagent.run.request import Request
from catagent.run.runner import Run
from catagent.run.turns import kind_of_run
from tests.support.asked import Heard
from tests.support.cli import with_server
from tests.support.contract import resolved
from tests.support.frozen_script import script
from tests.support.interpreters import twin
from tests.support.recordings import read_recording
from tests.support.server import ScriptedServer
from tests.support.warm import Warm

FOLDER = Path(__file__).parents[1] / "fixtures/v1"
# Ctrl-C ended one: what its model would have said is nowhere.
FIXTURES = sorted(path for path in FOLDER.glob("*.jsonl") if path.stem != "cancelled")
_ID = re.compile(
    r"(lc_run--)?[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}|[\da-f]{32}|sha256-[\da-f]{16}"
    r"|\d{4}-\d\d-\d\dT[\d:.+]+"
)
# Times, and what was not recorded yet when the fixtures were.
_LEFT_OUT = {"duration_s", "ttft_s", "versions", "agent", "cost", "uncounted"}


class Kept(Heard):
    """Keeps all that is recorded."""

    required = False


def again(
    events: Sequence[ev.Event], *run_tools: str, python: Path | None = None, **flags: Any
) -> list[Any]:
    """The events of the run that was recorded, run again with the code that is there."""
    started = events[0]
    assert isinstance(started, ev.RunStarted)
    data = started.data
    specs = [_spec(name or "openai:gpt-4o-mini") for name in (data.model, data.tool_model)]
    request = Request(
        agent=data.agent,
        input=data.input,
        model=specs[0],
        tool_model=specs[1],
        filters=Filters(),
        raw=any(getattr(event, "raw", msgspec.UNSET) is not msgspec.UNSET for event in events),
        python=python,
        frozen=frozen_of(events, run_tools),
    )
    heard = Kept()
    home = {name: os.environ[name] for name in ("HOME", "PATH")}
    loaded = load({"mode": data.mode, **flags}, environ=home)
    asyncio.run(kind_of_run(request)(request, loaded, recorders=[heard]).drive())
    return heard.events


def _spec(name: str) -> ModelSpec:
    provider, _, model = name.partition(":")
    return ModelSpec(provider=provider, name=model)


def told(events: Iterable[Any]) -> list[str]:
    """What a run said, run by run, apart from ids and times; what ran at once in one order.

    References are resolved: LangChain gives the input its id in place, sooner or later.
    """
    lines: dict[str, list[str]] = {}
    for event in resolved(list(events)):
        if event["type"] != "node" or event["data"]["kind"] != "other":  # with --raw, for nothing
            said = {key: event[key] for key in ("type", "name", "tags", "call", "data")}
            lines.setdefault(event["run_id"], []).append(
                f"{len(event['parent_ids'])} {_bare(said)}"
            )
    return sorted(map("\n".join, lines.values()))


def _bare(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _bare(v) for k, v in value.items() if k not in _LEFT_OUT}
    if isinstance(value, list):
        return [_bare(each) for each in value]
    return _ID.sub("id", value) if isinstance(value, str) else value


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.stem)
def test_a_frozen_run_says_what_its_recording_says(path: Path) -> None:
    events, _ = read_recording(path)
    found = again(events, max_steps=2 if path.stem == "limit" else 25)
    assert told(found) == told(events)


def test_a_frozen_run_ends_where_ctrl_c_ended_its_recording() -> None:
    events, _ = read_recording(FOLDER / "cancelled.jsonl")
    *found, last = again(events)
    texts = [
        [e.data.text for e in told if isinstance(e, ev.LlmFinished)] for told in (found, events)
    ]
    assert texts[0] == texts[1]
    assert last.data.error.message == "the recording ends while the model gpt-4o-mini answers"
    assert (last.data.status, last.data.exit_code, last.data.error.kind) == ("error", 1, "agent")


Recordings = dict[str, list[ev.Event]]
SUPPORT = "tests.support.frozen_agent"
AGENT = """
import sys
sys.path.insert(0, {root!r})
from tests.support.frozen_agent import agent
"""


@pytest.fixture(scope="module")
def recordings(warm: Warm, tmp_path_factory: pytest.TempPathFactory) -> Recordings:
    """Runs of an agent with a model of its own, by what it is asked to do."""
    home = tmp_path_factory.mktemp("recordings")
    (home / "mine.py").write_text(AGENT.format(root=str(Path(__file__).parents[2])))
    found = {}
    with ScriptedServer(script) as server:
        env = with_server(home, server.url)
        for what in ("look", "drop", "confirm"):
            place = home / f"{what}.jsonl"
            arguments = ["ask", f"{what} at it", "--agent", f"{home}/mine.py:agent"]
            warm.run([*arguments, "--record", str(place)], env)
            found[what] = read_recording(place)[0]
    return found


@pytest.fixture
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    """That agent is imported anew, and its model finds no key."""
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    for name in {"mine", SUPPORT} & sys.modules.keys():
        monkeypatch.delitem(sys.modules, name)


def ran() -> list[str]:
    """What ran of its tools."""
    return list(sys.modules[SUPPORT].ran)


@pytest.mark.usefixtures("fresh")
def test_frozen_tools_answer_and_those_that_asked_a_model_run(recordings: Recordings) -> None:
    """Texts, lists, artifacts, commands and errors; structured output, thoughts in blocks."""
    found = again(recordings["look"])
    assert told(found) == told(recordings["look"])
    assert ran() == ["name_it"]


@pytest.mark.usefixtures("fresh")
def test_run_tools_runs_frozen_tools_of_these_names(recordings: Recordings) -> None:
    found = again(recordings["look"], "look", "note")
    assert told(found) == told(recordings["look"])
    assert sorted(ran()) == ["look bed", "look box", "name_it", "note"]


@pytest.mark.usefixtures("fresh")
def test_a_frozen_tool_raises_what_it_raised(recordings: Recordings) -> None:
    found = again(recordings["drop"])
    assert told(found) == told(recordings["drop"])
    assert found[-1].data.error.line is not None
    assert ran() == []


@pytest.mark.usefixtures("fresh")
def test_a_frozen_tool_waits_where_it_waited(recordings: Recordings) -> None:
    found = again(recordings["confirm"])
    assert told(found) == told(recordings["confirm"])
    assert (found[-1].data.status, ran()) == ("interrupted", [])


@pytest.mark.usefixtures("fresh")
def test_frozen_models_that_nobody_streams_answer_whole(recordings: Recordings) -> None:
    with answered(frozen_of(recordings["look"])):
        agent = importlib.import_module(SUPPORT)
        said = agent.Thinker().invoke("What says meow?")
        named = asyncio.run(agent.model.ainvoke(f"A name for a cat, {uuid4()}?"))
    assert (said.text, said.content[0]["signature"]) == ("a cat", "s1gned")
    assert named.text == '{"name": "Mia"}'
    assert named.response_metadata["finish_reason"] == "stop"


def test_a_frozen_run_in_another_interpreter(recordings: Recordings, tmp_path: Path) -> None:
    recorded = recordings["drop"]
    found = again(recorded, python=twin(tmp_path))
    calls = ev.LlmEvent | ev.CallEvent | ev.RunFinished
    both = ([each for each in told_of if isinstance(each, calls)] for told_of in (found, recorded))
    assert told(next(both)) == told(next(both))


@pytest.mark.usefixtures("fresh")
def test_a_frozen_run_says_what_was_not_recorded(recordings: Recordings) -> None:
    first, *others = copy.deepcopy(recordings["drop"])
    assert isinstance(first, ev.RunStarted)
    first.data.input = "drop at once"
    error = again([first, *others])[-1].data.error
    assert error.message == (
        "the model gpt-4o-mini was asked what was not recorded: message 2 (human) differs: "
        "recorded 'drop at it', now 'drop at once'"
    )
    assert (error.kind, error.hint) == ("agent", "record it anew, or run it without --frozen")


@pytest.mark.usefixtures("fresh")
def test_a_frozen_tool_that_was_not_recorded_ends_the_run(recordings: Recordings) -> None:
    events = [e for e in recordings["drop"] if not isinstance(e, ev.ToolStarted)]
    said = again(events)[-1].data.error.message
    assert said == 'the tool drop was called with {"vase": "blue"}, which was not recorded'
    again(events, "all")
    assert ran() == ["drop"]


def test_a_frozen_text_completion_model_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "test")  # for what is beside it
    agent = f"{SUPPORT}:completing"
    model = _spec("openai:none")
    filters, heard = Filters(), Kept()
    request = Request(agent=agent, input="a cat?", model=model, tool_model=model, filters=filters)
    asyncio.run(Run(request, load({}, environ={}), recorders=[heard]).drive())
    sys.modules[SUPPORT].completing.responses = ["not this"]
    with answered(frozen_of(heard.events)):
        assert sys.modules[SUPPORT].completing.invoke("Human: a cat?") == "a cat"
    texts = [
        [e.data.text for e in events if isinstance(e, ev.LlmFinished)]
        for events in (again(heard.events), heard.events)
    ]
    assert texts == [["a cat"], ["a cat"]]


def test_what_was_not_recorded_is_raised_whatever_the_code_makes_of_it() -> None:
    ask = GenericFakeChatModel(messages=iter(["never"]))
    frozen = frozen_of([])

    def run() -> None:
        with answered(frozen), contextlib.suppress(NotRecordedError):
            asyncio.run(ask.ainvoke("hi"))

    with pytest.raises(NotRecordedError, match="asked once more than"):
        run()
    assert ask.invoke("hi").content == "never"


def asked_once(recorded: str) -> Recorded:
    """A recording of a model that was sent one message."""
    item = {"id": "1", "name": "m", "where": [""], "asked": [0, 1]}
    data = {"models": [item], "tools": [], "texts": ["none", recorded], "runs": [], "mask": "***"}
    return Recorded(data)


@pytest.mark.parametrize(
    ("recorded", "now"),
    [
        ("human: it is 2026-11-26 10:00", "human: it is 2026-11-27T01:02:03Z"),
        ("system: Thu, Nov 26, 2026", "system: Friday, November 27, 2026"),
        ("system: 26 Nov 2026 at 9:30 PM.", "system: 3 December 2026 at 10:03 AM."),
        ("system: Thu Nov 26 10:00:00 2026", "system: Tue Dec  1 02:03:04 2026"),
        ("human: the key is ***, use it", "human: the key is sk-1234567, use it"),
        ("human: " + "a *** " * 40, "human: " + "a 1 a " * 40),
    ],
)
def test_frozen_models_are_asked_the_same_but_for_times_and_keys(recorded: str, now: str) -> None:
    assert asked_once(recorded).model([""], "m", ["none", now])["id"] == "1"


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (["none", "human: a dog"], "message 1 (human) differs: recorded 'a cat', now 'a dog'"),
        (
            ["none", "ai: a cat"],
            "message 1 (human) differs: recorded 'human: a cat', now 'ai: a cat'",
        ),
        (["look", "human: a cat"], "its tools differ: recorded 'none', now 'look'"),
        (["none", "human: a cat", "human: b"], "2 messages, and not 1"),
    ],
)
def test_where_what_frozen_models_are_asked_differs_is_said(now: list[str], said: str) -> None:
    with pytest.raises(NotRecordedError) as raised:
        asked_once("human: a cat").model([""], "m", now)
    assert str(raised.value) == f"the model m was asked what was not recorded: {said}"


def test_calls_that_differ_by_a_day_alone_get_their_own_answers() -> None:
    days = [f'{{"day": "2026-11-2{number}"}}' for number in (5, 6)]
    tools = [{"id": d, "name": "t", "where": [""], "asked": [0, n]} for n, d in enumerate(days, 1)]
    data = {"models": [], "tools": tools, "texts": ["t", *days], "runs": [], "mask": "***"}
    found = Recorded(data)
    assert [found.tool([""], "t", {"day": f"2026-11-2{n}"}) for n in (6, 5)] == tools[::-1]
