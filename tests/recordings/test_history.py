"""The runs that are kept without being asked for."""

from __future__ import annotations

import json
import os
import stat
import time
from pathlib import Path

import pytest

from catagent.errors import OutputError, RecordingError
from catagent.events import types as ev
from catagent.events.codec import encode_plain
from catagent.recordings.history import History, summarise
from catagent.sinks.recorder import Recorder
from catagent.threads.store import Threads
from tests.support.runs import cat_run, failed_run, finished, started


def record(history: History, run_id: str, events: list[ev.Event]) -> Path:
    recorder = Recorder(history.place_for(run_id), required=False)
    for event in events:
        recorder.write(event)
    recorder.close()
    return recorder.path


def test_the_history_is_its_owners_alone(tmp_path: Path) -> None:
    path = record(History(folder=tmp_path / "state" / "runs"), "abc", cat_run())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_runs_are_listed_newest_first_with_what_they_came_to(tmp_path: Path) -> None:
    history = History(folder=tmp_path)
    record(history, "aaa", cat_run())
    record(history, "bbb", failed_run())
    record(history, "ccc", cat_run()[:-1])
    unfinished, failed, good = history.runs()
    assert (good.id, good.status, good.exit_code, good.steps) == ("aaa", "success", 0, 2)
    assert good.question == "what items are located where the cat is hiding?"
    assert (good.agent, good.model, good.mode) == ("cat", "openai:gpt-4o-mini", "events")
    assert (failed.id, failed.status, failed.exit_code) == ("bbb", "error", 4)
    assert (unfinished.id, unfinished.status, unfinished.steps) == ("ccc", "unfinished", None)


def test_a_run_with_models_of_its_own_is_listed_with_those_that_were_asked(tmp_path: Path) -> None:
    began, ended = started(), finished("interrupted", 5, models=[ev.ModelUsage(model="gpt-cat")])
    began.data.model, began.data.input = None, {"topic": "cats"}
    summary = summarise(record(History(folder=tmp_path), "aaa", [began, ended]))
    assert (summary.model, summary.question) == ("gpt-cat", '{"topic":"cats"}')
    assert (summary.status, summary.exit_code) == ("interrupted", 5)


def test_the_end_of_another_run_is_not_that_of_the_first(tmp_path: Path) -> None:
    other = finished()
    other.run_id = "another"
    summary = summarise(record(History(folder=tmp_path), "aaa", [*cat_run(), other]))
    assert summary.status == "unfinished"


def test_a_run_summary_is_one_json_line(tmp_path: Path) -> None:
    line = encode_plain(summarise(record(History(folder=tmp_path), "aaa", cat_run())))
    assert line.count(b"\n") == 1
    assert json.loads(line)["type"] == "run"


def test_the_number_of_kept_runs_is_bounded(tmp_path: Path) -> None:
    history = History(folder=tmp_path, max_runs=3)
    for number in range(6):
        record(history, f"run{number}", failed_run())
    assert [run.id for run in history.runs()] == ["run5", "run4", "run3"]


def test_a_thread_that_was_made_for_a_pause_goes_with_the_run_that_waits(tmp_path: Path) -> None:
    threads = Threads(tmp_path / "threads")
    history = History(folder=tmp_path / "runs", threads=threads, max_runs=2)
    for asked in ("first", "again", "named"):
        thread = threads.new(id=asked, name="trip" if asked == "named" else "")
        thread.begin("?", asked)
        thread.write(waiting="answer" if asked == "again" else asked)
        record(history, asked, [started(thread_id=asked)])
    record(history, "answer", [started(thread_id="again")])
    record(history, "1", failed_run())
    assert {thread.id for thread in threads.list()} == {"again", "named"}
    record(history, "2", failed_run())
    assert {thread.id for thread in threads.list()} == {"named"}


@pytest.mark.parametrize(
    "ahead",
    [
        "00000007-20991231-235959-ahead",
        "00000007-19700101-000000-ahead",
        "123456789012-20991231-235959-ahead",
    ],
)
def test_the_newest_run_is_the_one_that_began_last_whatever_the_clock_said(
    tmp_path: Path, ahead: str
) -> None:
    history = History(folder=tmp_path, max_runs=3)
    (tmp_path / f"{ahead}.jsonl").touch()
    for number in range(2):
        path = record(history, f"run{number}", failed_run())
        assert history.find("last") == path
    assert [run.id for run in history.runs()] == ["run1", "run0", "ahead"]
    record(history, "run2", failed_run())
    assert [run.id for run in history.runs()] == ["run2", "run1", "run0"]


@pytest.mark.parametrize("number", ["9" * 19, "9" * 200, "7"])
def test_a_number_that_is_not_ours_stops_no_run_from_being_kept(
    tmp_path: Path, number: str
) -> None:
    (tmp_path / f"{number}-20260101-000000-a.jsonl").touch()
    history = History(folder=tmp_path)
    paths = [record(history, run, failed_run()) for run in ("b", "c")]
    assert {path.name for path in paths} <= {path.name for path in tmp_path.iterdir()}
    assert history.find("last") == paths[1]


def test_runs_that_begin_at_once_are_both_kept(tmp_path: Path) -> None:
    history = History(folder=tmp_path)
    places = {history.place_for("one"), history.place_for("two")}
    for place in places:
        place.touch()
    assert {history.find("one"), history.find("two")} == places
    assert record(history, "three", failed_run()) == history.find("last")


def test_the_size_of_the_history_is_bounded(tmp_path: Path) -> None:
    one = record(History(folder=tmp_path / "one"), "one", cat_run()).stat().st_size
    history = History(folder=tmp_path / "many", max_bytes=3 * one)
    for number in range(8):
        record(history, f"run{number}", cat_run())
    assert [run.id for run in history.runs()] == ["run7", "run6", "run5", "run4"]


def test_a_run_is_found_by_the_beginning_of_its_id(tmp_path: Path) -> None:
    history = History(folder=tmp_path)
    first, second = record(history, "ab12", cat_run()), record(history, "ab34", cat_run())
    assert history.find("ab1") == first
    assert history.find("last") == second
    assert history.find(first.stem) == first
    with pytest.raises(RecordingError, match="beginning of 2 runs: ab12, ab34"):
        history.find("ab")


def test_of_several_recordings_of_one_run_the_newest_is_found(tmp_path: Path) -> None:
    history = History(folder=tmp_path)
    record(history, "ab12", failed_run())
    newest = record(history, "ab12", cat_run())
    assert history.find("ab") == newest
    assert not history.claim("ab12")
    assert history.claim("ab")


@pytest.mark.parametrize("wanted", ["", "nothing", "../secret", "/etc/passwd", "*", "last"])
def test_a_missing_run_is_not_found_wherever_its_name_points(tmp_path: Path, wanted: str) -> None:
    (tmp_path / "secret.jsonl").touch()
    with pytest.raises(RecordingError, match="no run"):
        History(folder=tmp_path / "runs").find(wanted)


def test_a_run_id_cannot_lead_out_of_the_history(tmp_path: Path) -> None:
    path = record(History(folder=tmp_path / "runs"), "../../x", failed_run())
    assert path.parent == tmp_path / "runs"


def test_what_is_no_file_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "00000001-20260101-000000-folder.jsonl").mkdir()
    os.mkfifo(tmp_path / "00000002-20260101-000000-pipe.jsonl")
    assert list(History(folder=tmp_path).runs()) == []


def test_damaged_recordings_are_listed_as_unfinished(tmp_path: Path) -> None:
    history = History(folder=tmp_path)
    for number, data in enumerate([b"", b"\n\n", b"\0" * 100, b"\xff\n{}\n", b'{"type":1}']):
        (tmp_path / f"0000000{number}-20260101-000000-{number}.jsonl").write_bytes(data)
    assert [run.status for run in history.runs()] == ["unfinished"] * 5


def test_a_run_with_a_huge_answer_is_summarised(tmp_path: Path) -> None:
    events = cat_run()
    assert isinstance(events[-1], ev.RunFinished)
    events[-1].data.output = "x" * 1_000_000
    assert summarise(record(History(folder=tmp_path), "aaa", events)).status == "success"


def test_listing_runs_reads_both_ends_of_each_alone(tmp_path: Path) -> None:
    def seconds(length: int) -> float:
        history = History(folder=tmp_path / str(length))
        for number in range(5):
            record(history, f"run{number}", [*run[:-1], *run[1:-1] * length, run[-1]])
        began = time.process_time()
        assert len(list(history.runs())) == 5
        return time.process_time() - began

    run = cat_run()
    assert seconds(200) < 20 * seconds(1)


def test_a_history_folder_that_cannot_be_made_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot keep this run") as refused:
        History(folder=tmp_path / "file" / "runs").place_for("abc")
    assert "--no-history" in refused.value.hint


def test_a_list_of_runs_shows_no_secret_of_its_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = [started("is it canary-4711-canary, sk-proj-abcdefghijkl?"), *cat_run()[1:]]
    record(History(folder=tmp_path), "aaa", run)
    monkeypatch.setenv("SOME_API_KEY", "canary-4711-canary")
    (summary,) = History(folder=tmp_path).runs()
    assert summary.question == "is it [redacted], [redacted]?"


def test_foreign_files_in_the_history_are_left_alone(tmp_path: Path) -> None:
    """A folder named like a recording, and a link to nothing."""
    history = History(folder=tmp_path, max_runs=1)
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "mine.jsonl").touch()
    (tmp_path / "link.jsonl").symlink_to(tmp_path / "nowhere")
    record(history, "aaa", cat_run())
    record(history, "bbb", cat_run())
    assert [run.id for run in history.runs()] == ["bbb"]
    assert {path.name for path in tmp_path.iterdir()} > {"folder.jsonl", "mine.jsonl", "link.jsonl"}
