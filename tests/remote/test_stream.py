"""A run's stream is read whole, each part once, whatever connections break meanwhile."""

from __future__ import annotations

import asyncio
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from langgraph_sdk.schema import StreamPart

from catagent.config import load
from catagent.errors import CatagentError, NetworkError
from catagent.remote import connections, stream
from catagent.remote.address import Address
from catagent.remote.client import open_client
from catagent.remote.position import BEGINNING, Position
from catagent.remote.stream import RemoteRun
from tests.support.cutting import CuttingProxy
from tests.support.langgraph_server import RUN, Answer, Asked, LangGraphServer, streamed

METADATA = ("metadata", {"run_id": RUN}, "1-0")


@pytest.fixture(autouse=True)
def _patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "_PATIENCE_S", 0.5)
    monkeypatch.setattr(stream, "_MAY_BE_CREATED_S", 0.3)


async def read(url: str, body: dict[str, Any], *, is_new: bool = True, run_id: str = "") -> Any:
    """What a run at this address streams, the runs of its thread, and what ended it."""
    address = Address.parse(f"{url}/agent")
    assert address
    found: list[StreamPart] = []
    error: CatagentError | None = None
    thread = str(uuid.uuid4())
    try:
        async with open_client(address, load({}, {})) as client:
            await client.threads.create(thread_id=thread, if_exists="do_nothing")
            run = RemoteRun(client, thread, run_id, body=body, is_new=is_new)
            async for part in run.parts():
                found.append(part)
    except CatagentError as raised:
        error = raised
    return found, thread, error


def scripted(script: Callable[[Asked], Answer | None], **more: Any) -> Any:
    """What is read of a run on a server with this script; and the server."""
    with LangGraphServer(script) as server:
        server.status = more.pop("status", "success")
        server.runs = more.pop("runs", [])
        found, _, error = asyncio.run(read(server.url, {"assistant_id": "agent"}, **more))
    return [(part.event, part.data) for part in found], error, server


@pytest.mark.timeout(120)
def test_a_stream_that_is_cut_100_times_is_read_whole_and_each_run_is_created_once(
    langgraph_dev: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cuts come at random places, the first of them often before the run's creation is answered."""
    monkeypatch.setattr(connections, "_PATIENCE_S", 60.0)
    monkeypatch.setattr(stream, "_MAY_BE_CREATED_S", 3.0)
    rng, tokens, cuts = random.Random(17), 50, 12  # noqa: S311
    limits = [[rng.choice([0, rng.randrange(15_000)]) for _ in range(cuts)] for _ in range(10)]
    body = {
        "assistant_id": "slow",
        "stream_mode": ["events"],
        "input": {"messages": []},
        "config": {"configurable": {"tokens": tokens, "pace": 0.002}},
    }

    async def one(after: list[int]) -> int:
        def limit(number: int) -> int | None:
            return after[number] if number < len(after) else None

        async with CuttingProxy(langgraph_dev, limit) as proxy:
            parts, thread, error = await read(proxy.url, body)
        data = [part.data for part in parts if part.event == "events"]
        chunks = [each["data"] for each in data if each["event"] == "on_chat_model_stream"]
        said = [each["chunk"]["content"] for each in chunks]
        address = Address.parse(langgraph_dev)
        assert address
        async with open_client(address, load({}, {})) as client:
            runs = await client.runs.list(thread)
        assert (error, len(runs)) == (None, 1)
        assert list(filter(None, said)) == [f"t{i} " for i in range(tokens)]
        assert data[-1]["event"] == "on_chain_end"
        return proxy.cuts

    async def all_of_them() -> int:
        return sum(await asyncio.gather(*map(one, limits)))

    assert asyncio.run(all_of_them()) >= 100


@st.composite
def streams(draw: st.DrawFn) -> tuple[list[StreamPart], list[tuple[int, int, int]]]:
    """Parts of which several have one id, and where connections begin to listen and are cut."""
    times = sorted(draw(st.lists(st.integers(101, 110), min_size=1, max_size=20)))
    parts = [StreamPart("events", {"number": i}, f"{time}-0") for i, time in enumerate(times)]
    parts.insert(0, StreamPart("metadata", {}, "100-0"))
    cut = st.tuples(*[st.integers(0, len(parts))] * 3)
    return parts, draw(st.lists(cut, max_size=6))


@given(streams())
def test_a_stream_is_read_whole_whatever_ids_its_parts_share_and_whatever_is_repeated(
    drawn: tuple[list[StreamPart], list[tuple[int, int, int]]],
) -> None:
    """As LangGraph's server in memory does: what came since it listens comes after what it kept."""
    parts, cuts = drawn
    position, read = Position(is_ours=True), list[StreamPart]()
    for listens, kept, length in [*cuts, (len(parts), len(parts), len(parts) * 3)]:
        after = position.resume()
        listens, kept = min(listens, kept), max(listens, kept, len(read))
        replay = [p for p in parts[:kept] if str(p.id) > after]
        sent = [*replay, *parts[listens:]][:length]
        read += [part for part in sent if position.is_new(part)]
    assert read == parts


def cut_then(*rest: Answer) -> Callable[[Asked], Answer | None]:
    """A script whose run begins and is cut after two parts; then the joins are answered so."""
    first = streamed([METADATA, ("values", 1, "2-0")], is_cut=True)
    later = iter(rest)
    return lambda asked: (
        first if asked.creates else next(later, Answer({}, 404)) if asked.joins else None
    )


WHOLE = [METADATA[:2], ("values", 1), ("values", 2), ("end", None)]


@pytest.mark.parametrize(
    "again",
    [
        [("values", 1, "2-0"), ("values", 2, "3-0"), ("end", None, "4-0")],
        [METADATA, ("values", 1, "2-0"), ("values", 2, "3-0"), ("end", None, "4-0")],
    ],
    ids=["after the id", "from the beginning"],
)
def test_a_server_may_send_again_more_than_is_asked_for(again: list[tuple[str, Any, str]]) -> None:
    found, error, server = scripted(cut_then(streamed(again)))
    assert (found, error) == (WHOLE, None)
    assert [asked.headers["last-event-id"] for asked in server.asked if asked.joins] == ["1-0"]


def test_a_stream_with_ids_as_aegra_has_them_is_taken_up() -> None:
    def named(parts: list[tuple[str, Any, int]]) -> list[tuple[str, Any, str]]:
        return [(event, data, f"{RUN}_event_{number}") for event, data, number in parts]

    first = named([("metadata", {}, 1), ("values", 1, 9)])
    rest = named([("values", 1, 9), ("values", 2, 10), ("end", None, 11)])
    answers = iter([streamed(first, is_cut=True), streamed(rest)])
    found, error, _ = scripted(lambda asked: next(answers) if "stream" in asked.path else None)
    assert (found, error) == ([("metadata", {}), *WHOLE[1:]], None)


def test_a_run_that_a_server_begins_anew_goes_on_in_its_stream() -> None:
    """After a restart it runs again from its last checkpoint, and begins with its metadata."""
    anew = [("metadata", {"attempt": 2}, "9-0"), ("values", 2, "9-1"), ("end", None, "9-2")]
    found, error, _ = scripted(cut_then(streamed(anew)))
    assert (found, error) == ([*WHOLE[:2], ("metadata", {"attempt": 2}), *WHOLE[2:]], None)


@pytest.mark.parametrize(
    ("again", "why"),
    [
        ([("values", 5, "5-0")], "its server went on elsewhere"),
        ([METADATA], "its server has no more of it"),
        ([], "its server has no more of it"),
    ],
)
def test_a_stream_of_which_something_is_missing_ends_with_an_error_and_what_came(
    again: list[tuple[str, Any, str]], why: str
) -> None:
    found, error, _ = scripted(cut_then(streamed(again)))
    assert found == WHOLE[:2]
    assert isinstance(error, NetworkError)
    assert why in error.message
    assert "catagent watch" in error.hint


@pytest.mark.parametrize(
    "said", [streamed([("error", {"error": "NotFound", "message": "Run not found"}, "")]), None]
)
def test_of_a_run_that_its_server_has_forgotten_nobody_says_that_it_may_go_on(
    said: Answer | None,
) -> None:
    again = cut_then(said or streamed([]))

    def script(asked: Asked) -> Answer | None:
        is_forgotten = asked.method == "GET" and asked.path.endswith(RUN)
        return Answer({"detail": "Run not found"}, 404) if is_forgotten else again(asked)

    found, error, _ = scripted(script)
    assert found == WHOLE[:2]
    assert "may have forgotten" in error.hint


def test_a_stream_without_ids_is_not_taken_up_as_what_was_missed_would_be_missing() -> None:
    first = streamed([("metadata", {}, ""), ("values", 1, "")], is_cut=True)
    found, error, server = scripted(lambda asked: first if asked.creates else None)
    assert found == [("metadata", {}), ("values", 1)]
    assert "cannot send again what was missed" in error.message
    assert not any(asked.joins for asked in server.asked)


def test_a_stream_that_ends_while_its_run_goes_on_is_taken_up() -> None:
    """So it ends where a server is stopped in good order, or a proxy has had enough."""
    first = streamed([METADATA, ("values", 1, "2-0")])
    rest = streamed([("values", 1, "2-0"), ("values", 2, "3-0"), ("end", None, "4-0")])

    def script(asked: Asked) -> Answer | None:
        return first if asked.creates else rest if asked.joins else None

    found, error, _ = scripted(script, status="running")
    assert (found, error) == (WHOLE, None)


def test_a_server_that_is_gone_for_good_ends_the_run_with_what_came() -> None:
    found, error, server = scripted(cut_then(*[Answer({}, 503)] * 99))
    assert found == WHOLE[:2]
    assert isinstance(error, NetworkError)
    assert "lost" in error.message or "503" in error.message
    assert 3 <= sum(asked.joins for asked in server.asked) < 50


def creation(server_runs: Iterator[Any]) -> Callable[[Asked], Answer | None]:
    """A script that cuts the first creation unanswered, and then has these runs in its thread."""
    answers = iter([Answer(None, is_cut=True), streamed([METADATA, ("end", None, "2-0")])])

    def script(asked: Asked) -> Answer | None:
        if asked.path.endswith("/runs"):
            return Answer([{"run_id": run} for run in next(server_runs)])
        if asked.joins:
            return streamed([METADATA, ("end", None, "2-0")])
        return next(answers) if asked.creates else None

    return script


def test_a_run_whose_creation_was_not_answered_is_found_in_its_thread() -> None:
    found, error, server = scripted(creation(iter([[], [RUN]])))
    assert (found, error) == ([METADATA[:2], ("end", None)], None)
    assert sum(asked.creates for asked in server.asked) == 1


def test_a_run_in_a_thread_of_others_is_the_one_that_was_not_there_before() -> None:
    found, error, server = scripted(creation(iter([["old"], ["old", RUN]])), is_new=False)
    assert (found, error) == ([METADATA[:2], ("end", None)], None)
    assert [a.path.rpartition("runs/")[2] for a in server.asked if a.joins] == [f"{RUN}/stream"]


def test_a_run_is_created_again_only_where_there_is_none_and_the_server_sees_to_it() -> None:
    found, error, server = scripted(creation(iter([[]] * 9)))
    assert (found, error) == ([METADATA[:2], ("end", None)], None)
    first, second = (asked.body for asked in server.asked if asked.creates)
    assert "multitask_strategy" not in first
    assert second["multitask_strategy"] == "reject"


def test_a_run_that_cannot_be_told_from_others_is_not_guessed() -> None:
    found, error, _ = scripted(creation(iter([[], [RUN, "other"]])), is_new=False)
    assert found == []
    assert "cannot be told" in error.message


def test_a_run_that_is_joined_is_asked_for_from_its_beginning() -> None:
    found, error, server = scripted(cut_then(streamed([("end", None, "7-0")])), run_id=RUN)
    assert (found, error) == ([("end", None)], None)
    assert [a.headers["last-event-id"] for a in server.asked if a.joins] == [BEGINNING]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Answer([b"event: values\ndata: {no}\n\n"], 200, "text/event-stream"), "not JSON"),
        (Answer([b"data: " + b"9" * 2000, b"9" * 2000], 200, "text/event-stream"), "a part of"),
        (Answer([b"\x00\xff rubbish\n\n"], 200, "text/event-stream"), "no more of it"),
        (Answer({}), "something else than a stream"),
    ],
)
def test_a_stream_that_is_none_is_an_error(
    answer: Answer, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "_LARGEST", 3000)
    found, error, _ = scripted(lambda asked: answer if asked.creates else None)
    assert found == []
    assert isinstance(error, NetworkError)
    assert why in error.message
