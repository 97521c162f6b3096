"""What is made of the records of programs: whoever wrote them, whenever they are read."""

from __future__ import annotations

import fcntl
import gc
import os
import subprocess
import sys
from pathlib import Path

import pytest

from catagent.errors import ExitCode
from catagent.events import types as ev
from catagent.events.codec import encode
from catagent.stop import Stop
from catagent.watch.segments import Reader
from tests.support.watched import Seen, Segments, private, read, said, watcher

SECRET = "a-value-that-nobody-may-see"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return private(tmp_path / "watched")


@pytest.fixture
def gone() -> int:
    """The number of a process that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def seen_of(folder: Path, **options: object) -> Seen:
    seen = Seen()
    read(watcher(folder, seen, **options))
    return seen


def last(seen: Seen) -> ev.RunFinishedData:
    event = seen.events[-1]
    assert isinstance(event, ev.RunFinished)
    return event.data


def tokens(seen: Seen) -> list[str]:
    return [event.data.delta for event in seen.events if isinstance(event, ev.LlmToken)]


def test_who_comes_late_sees_all_with_the_times_of_the_program(folder: Path) -> None:
    written = Segments(folder)
    written.answer("on ", "the ", "shelf")
    seen = seen_of(folder)
    started, end = seen.events[0], last(seen)
    assert isinstance(started, ev.RunStarted)
    assert (started.data.pid, started.data.program) == (os.getpid(), "python app.py")
    assert (started.data.input, started.data.versions) == ("where?", {"langgraph": "1"})
    assert started.ts == "2023-11-14T22:13:20.002000Z"
    assert tokens(seen) == ["on ", "the ", "shelf"]
    assert (end.output, end.duration_s, end.ttft_s) == ("on the shelf", 0.006, 0.002)


def test_what_a_dead_process_left_open_ends_and_its_records_go(folder: Path, gone: int) -> None:
    written = Segments(folder, gone)
    written.start("chain", "agent")
    seen = Seen()
    watched = watcher(folder, seen)
    watched.ended_by[gone] = "killed by SIGKILL"
    read(watched)
    end = last(seen)
    assert end.error is not None
    assert end.error.message == "The program ended (killed by SIGKILL) before the run did."
    assert (end.status, end.exit_code) == ("error", 1)
    assert list(folder.iterdir()) == []
    assert [each.is_alive for each in watched.processes] == [False]


def test_a_program_ends_where_another_takes_its_place(folder: Path) -> None:
    written = Segments(folder)
    written.start("chain", "agent")
    Segments(folder).answer("a cat")
    ends = [e.data for e in seen_of(folder).events if isinstance(e, ev.RunFinished)]
    assert sorted(end.status for end in ends) == ["error", "success"]
    assert not written.path(0).exists()


def test_records_that_another_viewer_reads_stay(folder: Path, gone: int) -> None:
    written = Segments(folder, gone)
    written.begin()
    with written.path(0).open("rb") as other:
        fcntl.flock(other, fcntl.LOCK_SH)
        seen_of(folder)
        assert len(list(folder.iterdir())) == 2
    seen_of(folder)
    assert list(folder.iterdir()) == []


def test_runs_that_go_on_without_the_viewer_are_cancelled(folder: Path) -> None:
    written = Segments(folder)
    _, run_id = written.start("chain", "agent")
    written.start("chat_model", "model", run_id, input=[])
    seen = seen_of(folder)
    assert [event.type for event in seen.events[-2:]] == ["llm.finished", "run.finished"]
    end = last(seen)
    assert (end.status, end.exit_code) == ("cancelled", ExitCode.INTERRUPTED)
    assert end.error is not None
    assert end.error.message == "The viewer left before the run ended."


def test_nothing_is_followed_once_it_is_time_to_stop(folder: Path) -> None:
    Segments(folder).answer("a cat")
    stop = Stop()
    stop.request(ExitCode.INTERRUPTED)
    assert seen_of(folder, stop=stop).events == []


def test_secrets_of_the_program_are_masked_wherever_they_come(folder: Path) -> None:
    written = Segments(folder)
    written.put("secrets", {"APP_TOKEN": SECRET})
    written.answer("it is ", SECRET[:9], SECRET[9:], ".")
    seen = seen_of(folder, secrets=["shelf-of-the-viewer"])
    assert tokens(seen) == ["it is ", "[redacted]", "."]
    assert all(SECRET.encode() not in encode(event) for event in seen.events)


def test_only_the_runs_that_are_wanted_are_followed(folder: Path, gone: int) -> None:
    other, written = Segments(folder, gone), Segments(folder)
    other.answer("a dog")
    written.answer("a cat")
    written.start("chain", "another")
    seen = seen_of(folder, only={written.key}, choose=lambda run: run.data.agent == "agent")
    assert tokens(seen) == ["a cat"]
    assert [event.type for event in seen.events].count("run.started") == 1


def test_a_reader_that_is_left_behind_goes_on_with_the_oldest_that_is_kept(folder: Path) -> None:
    written = Segments(folder)
    for number in range(4):
        written.put("secrets", {"N": number})
        written.begin()
    reader = Reader(folder, written.key)
    records = reader.records()
    first = [next(records) for _ in range(2)]
    written.path(1).unlink()
    rest = list(reader.records())
    reader.close()
    kept = [record for record in (*first, *rest) if b"secrets" in record]
    assert [record[-3:-2] for record in kept] == [b"0", b"2", b"3"]


def test_a_segment_that_grows_and_half_a_record_are_waited_for(folder: Path) -> None:
    written = Segments(folder)
    whole = written.path(0).read_bytes().rstrip(b"\0")
    written.path(0).write_bytes(whole[:20])
    reader = Reader(folder, written.key)
    assert list(reader.records()) == []
    with written.path(0).open("ab") as file:
        file.write(whole[20:])
    assert list(reader.records()) == []  # its end would be mapped now
    assert list(reader.records()) == [whole[4:]]
    reader.close()


def test_what_is_damaged_is_counted_and_the_rest_is_read(folder: Path) -> None:
    written = Segments(folder)
    written.put("token", "no number")
    written.put("start", 7, "chain", {"no": "id"})
    written.put("end", 99)
    written.answer("half \ud83d", "\ude00 a cat")
    root, run_id = written.start("chain", "agent")
    tool, _ = written.start("tool", "look", run_id)
    written.put("custom", tool)
    written.put("end", tool, {"$m": 12345})
    written.put("end", root, {"$of_another_version": 1})
    seen = seen_of(folder)
    assert "".join(tokens(seen)) == "half 😀 a cat"
    assert last(seen).status == "success"


def test_a_run_whose_end_cannot_be_read_has_one(folder: Path) -> None:
    written = Segments(folder)
    root, _ = written.start("chain", "agent")
    written.put("error", root, {"no": "class"})
    written.answer("a cat")
    ends = [e.data for e in seen_of(folder).events if isinstance(e, ev.RunFinished)]
    assert [end.status for end in ends] == ["error", "success"]
    assert ends[0].error is not None
    assert ends[0].error.message == "The end of the run could not be read."


def test_a_tool_that_ends_the_program_ends_its_run(folder: Path) -> None:
    written = Segments(folder)
    root, run_id = written.start("chain", "agent")
    written.start("tool", "look", run_id, input={})
    error = {"key": 1, "mro": ["builtins.SystemExit", "builtins.BaseException"], "message": "3"}
    written.put("error", root, {**error, "code": 3})
    written.answer("a cat")
    seen = seen_of(folder)
    ends = [event.data for event in seen.events if isinstance(event, ev.RunFinished)]
    assert ends[0].error is not None
    said_of_it = (ends[0].error.kind, ends[0].error.type, ends[0].error.message)
    assert said_of_it == (
        "tool",
        "SystemExit",
        "The tool look tried to end the program (exit code 3).",
    )
    assert ends[1].output == "a cat"


@pytest.mark.parametrize("name", ["asyncio.exceptions.CancelledError", "builtins.GeneratorExit"])
def test_a_run_that_its_program_gave_up_is_cancelled(name: str, folder: Path) -> None:
    written = Segments(folder)
    root, _ = written.start("chain", "agent")
    mro = [name, "builtins.BaseException"]
    written.put("error", root, {"key": 1, "mro": mro, "message": ""})
    assert last(seen_of(folder)).status == "cancelled"


def test_a_stream_that_broke_off_is_a_warning_and_the_error_of_its_model(folder: Path) -> None:
    written = Segments(folder)
    metadata = {"ls_provider": "openai"}
    model, _ = written.start("chat_model", "model", metadata=metadata, input=[said("human", "?")])
    written.put("token", model, "half an ans")
    written.put("end", model, said("ai", "half an ans"))
    seen = seen_of(folder)
    warning = next(event.data for event in seen.events if isinstance(event, ev.Warned))
    finished = next(event.data for event in seen.events if isinstance(event, ev.LlmFinished))
    assert warning.code == "broken_message"
    assert finished.error is not None
    assert finished.error.kind == "network"
    assert (last(seen).status, last(seen).output) == ("success", "half an ans")


def test_what_goes_on_after_its_root_is_told_in_no_new_run(folder: Path) -> None:
    """Every segment begins with what is open; the root that it was part of is not."""
    written = Segments(folder)
    root, run_id = written.start("chain", "agent")
    tool, tool_id = written.start("tool", "look", run_id)
    written.put("end", root, "a cat")
    written.begin()
    about = {"id": tool_id, "parent": run_id, "name": "look", "tags": [], "metadata": {}}
    written.put("start", tool, "tool", {**about, "again": True})
    written.put("end", tool, "nothing")
    seen = seen_of(folder)
    assert [event.type for event in seen.events].count("run.started") == 1
    assert seen.events[-1].type == "run.finished"


def test_many_runs_leave_nothing_behind(folder: Path) -> None:
    written = Segments(folder)
    watched = watcher(folder, seen := Seen())
    counts = []
    for _ in range(3):
        for _ in range(100):
            written.answer("a ", "cat")
        read(watched)
        seen.events.clear()
        seen.times.clear()
        gc.collect()
        counts.append(len(gc.get_objects()))
        written = Segments(folder)
    assert counts[2] - counts[1] < 100


def test_the_viewer_imports_no_langchain(folder: Path) -> None:
    written = Segments(folder)
    written.answer("a ", "cat")
    root, _ = written.start("retriever", "shelf", input="where?")
    written.put(
        "end",
        root,
        [{"$o": "langchain_core.documents.base.Document", "v": {"page_content": "a vase"}}],
    )
    code = (
        "import sys\n"
        "from pathlib import Path\n"
        "from tests.support.watched import Seen, read, watcher\n"
        "read(watcher(Path(sys.argv[1]), seen := Seen()))\n"
        "heavy = ('langchain_core', 'langgraph', 'pydantic', 'openai')\n"
        "print(len(seen.events), [name for name in heavy if name in sys.modules])\n"
    )
    command = [sys.executable, "-c", code, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == "14 []\n"
