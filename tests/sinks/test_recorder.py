"""Recordings on disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from catagent.errors import OutputError
from catagent.events.codec import decode, decode_header
from catagent.sinks.recorder import Recorder
from tests.support.runs import cat_run


def test_a_recording_is_a_header_and_then_each_line_flushed(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.jsonl")
    for count, event in enumerate(cat_run(), start=2):
        recorder.write(event)
        lines = recorder.path.read_bytes().splitlines(keepends=True)
        assert len(lines) == count
        assert decode(lines[-1]) == event
    recorder.close()
    assert decode_header(lines[0]) is not None


def test_a_recording_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.touch(0o666)
    Recorder(path, force=True).close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_recording_overwrites_nothing_without_force(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    path.write_text("dear data")
    with pytest.raises(OutputError, match="exists already") as refused:
        Recorder(path)
    assert "--force" in refused.value.hint
    assert path.read_text() == "dear data"
    Recorder(path, force=True).close()
    assert "dear data" not in path.read_text()


def test_a_recording_follows_no_dangling_link(tmp_path: Path) -> None:
    link = tmp_path / "run.jsonl"
    link.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OutputError):
        Recorder(link)
    assert not (tmp_path / "elsewhere").exists()


def test_a_forced_recording_replaces_a_dangling_link(tmp_path: Path) -> None:
    link = tmp_path / "run.jsonl"
    link.symlink_to(tmp_path / "elsewhere")
    Recorder(link, force=True).close()
    assert not (tmp_path / "elsewhere").exists()
    assert link.is_file()
    assert not link.is_symlink()
    assert stat.S_IMODE(link.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [link]


def test_a_forced_recording_leaves_the_old_file_to_its_readers(tmp_path: Path) -> None:
    """It is replaced and not cut: a replay of it that goes on has all of it."""
    path = tmp_path / "run.jsonl"
    path.write_text("dear data")
    with path.open() as reader:
        Recorder(path, force=True).close()
        assert reader.read() == "dear data"


def test_a_forced_recording_follows_a_link_to_a_file(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("dear data")
    (tmp_path / "run.jsonl").symlink_to(tmp_path / "target")
    Recorder(tmp_path / "run.jsonl", force=True).close()
    assert b"catagent" in (tmp_path / "target").read_bytes()


@pytest.mark.parametrize("name", ["missing/run.jsonl", ".", "x" * 300])
def test_a_recording_to_an_impossible_path_is_a_clear_error(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"cannot record|exists already"):
        Recorder(tmp_path / name)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")  # noqa: PTH110 - a device
def test_a_recording_to_a_full_disk_is_a_clear_error() -> None:
    with pytest.raises(OutputError, match="No space left"):
        Recorder(Path("/dev/full"), force=True)
