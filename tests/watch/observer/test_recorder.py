"""The handler and its recorder in this process: what is repeated, given up, and begun anew."""

from __future__ import annotations

import copy
import pickle
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from _catagent_observer import segments
from _catagent_observer.handler import Handler, StreamingHandler
from _catagent_observer.recorder import Recorder
from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult

from tests.support import observed


@pytest.fixture
def handler(tmp_path: Path) -> Handler:
    return Handler(Recorder(str(tmp_path)))


def recorded(folder: Path) -> list[observed.Record]:
    [found] = observed.read(folder).values()
    return found


def piece(text: str, **more: Any) -> dict[str, Any]:
    return {
        "chunk": ChatGenerationChunk(message=AIMessageChunk(content=text, **more)),
        "token": text,
    }


def ended(text: str) -> LLMResult:
    return LLMResult(generations=[[ChatGeneration(message=AIMessage(text))]])


@pytest.mark.parametrize("copies", [1, 2, 3])
def test_what_is_reported_several_times_is_recorded_once(
    copies: int, handler: Handler, tmp_path: Path
) -> None:
    """As on LangChain 0.1, where a program hands its callbacks on; equal tokens are all kept."""
    run = uuid4()
    calls: list[Callable[[], None]] = [
        lambda: handler.on_chat_model_start({}, [[HumanMessage("q")]], run_id=run),
        *([lambda: handler.on_llm_new_token("a", run_id=run)] * 3),
        lambda: handler.on_llm_new_token(**piece("a"), run_id=run),
        lambda: handler.on_custom_event("mine", {"x": 1}, run_id=run),
        lambda: handler.on_llm_end(ended("aaaa"), run_id=run),
    ]
    for call in calls:
        for _ in range(copies):
            call()
    found = observed.kinds(recorded(tmp_path))
    assert found == ["process", "secrets", "start", *["token"] * 4, "custom", "end"]


def test_a_chunk_is_whole_where_it_says_more_than_text(handler: Handler, tmp_path: Path) -> None:
    run, provider = uuid4(), {"response_metadata": {"model_provider": "openai"}}
    handler.on_chat_model_start({}, [[]], run_id=run)
    for each in (piece("a", **provider), piece("b", **provider), piece("c", **provider)):
        handler.on_llm_new_token(**each, run_id=run)
    handler.on_llm_new_token(**piece("", response_metadata={"finish_reason": "stop"}), run_id=run)
    _, _, _, *found = recorded(tmp_path)
    assert [each[0] for each in found] == ["chunk", "token", "token", "chunk"]
    assert found[0][3]["v"] == {"type": "AIMessageChunk", "content": "a", **provider}


def test_chains_between_a_root_and_a_node_have_no_content(handler: Handler, tmp_path: Path) -> None:
    root, between, node = uuid4(), uuid4(), uuid4()
    handler.on_chain_start({"name": "agent"}, {"x": 1}, run_id=root)
    handler.on_chain_start(None, {"x": 2}, run_id=between, parent_run_id=root, name="between")
    tags = ["graph:step:1"]
    handler.on_chain_start(None, {"x": 3}, run_id=node, parent_run_id=between, tags=tags)
    for run, value in ((node, 3), (between, 2), (root, 1)):
        handler.on_chain_end({"x": value}, run_id=run)
    seen = observed.runs(recorded(tmp_path))
    assert [run.about.get("input") for run in seen] == [{"x": 1}, None, {"x": 3}]
    assert [run.ends[0][3:] for run in seen] == [[{"x": 1}], [], [{"x": 3}]]
    assert [run.about["name"] for run in seen] == ["agent", "between", "Unnamed"]


def test_metadata_that_is_long_or_not_plain_is_left_out(handler: Handler, tmp_path: Path) -> None:
    metadata = {"thread_id": "1", "long": "x" * 2000, "object": object(), "path": ("a", 1)}
    handler.on_chain_start({}, {}, run_id=uuid4(), metadata=metadata)
    [run] = observed.runs(recorded(tmp_path))
    assert run.about["metadata"] == {"thread_id": "1", "path": ["a", 1]}


def test_a_late_reader_can_begin_at_any_segment(handler: Handler, tmp_path: Path) -> None:
    """Each begins with the process and the open runs; the oldest are dropped, and counted."""
    root, message = uuid4(), HumanMessage("known")
    handler.on_chain_start({"name": "agent"}, {"messages": [message]}, run_id=root)
    big = "x" * (1 << 20)
    for _ in range(60):
        run = uuid4()
        handler.on_tool_start({"name": "tool"}, big, run_id=run, parent_run_id=root)
        handler.on_tool_end(message, run_id=run)
    kept = sorted(tmp_path.iterdir(), key=lambda path: int(path.suffix[1:]))
    assert len(kept) == segments.MOST
    dropped = int(kept[0].suffix[1:])
    assert dropped > 0
    lost = [each for each in recorded(tmp_path) if each[0] == "lost"]
    assert lost[-1][2] == {"segments": dropped, "records": 0}
    for number, oldest in enumerate(kept, dropped):
        process, _, again, *others = recorded(tmp_path)
        assert process[2]["segment"] == number
        assert (again[4]["name"], again[4]["again"]) == ("agent", True)
        ends = [each[3] for each in others if each[0] == "end"]
        assert ends[0].keys() == {"$m", "v"}
        oldest.unlink()


def test_a_record_longer_than_a_segment_gets_one_of_its_size(
    handler: Handler, tmp_path: Path
) -> None:
    handler.on_chain_start({}, ["y" * (1 << 20) for _ in range(6)], run_id=uuid4())
    [run] = observed.runs(recorded(tmp_path))
    assert sum(map(len, run.about["input"])) == 6 << 20


def test_a_record_that_cannot_be_made_is_counted(handler: Handler, tmp_path: Path) -> None:
    run = uuid4()
    handler.on_chain_start({}, {}, run_id=run)
    handler.on_retry(object(), run_id=run)
    handler.on_custom_event("ok", 1, run_id=run)
    assert recorded(tmp_path)[-1][:1] + recorded(tmp_path)[-1][2:] == [
        "lost",
        {"segments": 0, "records": 1},
    ]


def test_what_interrupts_a_write_leaves_the_segment_readable(tmp_path: Path) -> None:
    writer = segments.Writer(str(tmp_path))
    writer.go_on(100)
    [path] = tmp_path.iterdir()

    class Interrupted(struct.Struct):
        def pack_into(self, *values: Any) -> None:
            super().pack_into(*values)
            segments._LENGTH = real
            raise KeyboardInterrupt

    real = segments._LENGTH
    segments._LENGTH = Interrupted("<I")
    with pytest.raises(KeyboardInterrupt):
        writer.append(b"[1]")
    assert writer.append(b"[2]")
    assert path.read_bytes()[:15] == b"\3\0\0\0[1]\3\0\0\0[2]\0"


def test_files_are_the_users_alone_and_never_there_before(handler: Handler, tmp_path: Path) -> None:
    handler.on_chain_start({}, {}, run_id=uuid4())
    [path] = tmp_path.iterdir()
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.stat().st_size == segments.SIZE <= path.stat().st_blocks * 512
    with pytest.raises(FileExistsError):
        segments._allocated(str(path), 10)


def test_a_copy_of_the_handler_does_nothing(handler: Handler) -> None:
    """Programs copy and pickle the configs that it is in."""
    for other in (copy.deepcopy(handler), pickle.loads(pickle.dumps(handler))):  # noqa: S301
        assert type(other) is BaseCallbackHandler


def test_a_passive_handler_has_nothing_that_makes_models_stream() -> None:
    names = {"tap_output_iter", "tap_output_aiter"}
    assert names.isdisjoint(dir(Handler))
    assert names < set(dir(StreamingHandler))
