"""`--record` and the history, as a user meets them: nothing lost or overwritten, no secret kept."""

from __future__ import annotations

import stat
import subprocess
from pathlib import Path

from tests.support.cli import COMMAND, catagent, lines, with_server
from tests.support.scripts import cat, saying
from tests.support.server import ScriptedServer

KEY = "sk-test-0123456789"


def test_a_recording_is_refused_over_an_old_one_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "run.jsonl").write_text("dear data")
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("ask", "q", "--record", "run.jsonl", env=env)
        assert server.requests == []
    assert (done.returncode, done.stdout) == (1, "")
    assert "--force" in done.stderr
    assert (tmp_path / "run.jsonl").read_text() == "dear data"


def test_a_recording_is_its_owners_and_holds_more_than_a_filter_shows(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=2)) as server:
        env = with_server(tmp_path, server.url)
        shown = catagent("ask", "q", "--record", "run.jsonl", "--include-types", "tool", env=env)
    recording = tmp_path / "run.jsonl"
    assert stat.S_IMODE(recording.stat().st_mode) == 0o600
    recorded = recording.read_text().splitlines()
    assert set(shown.stdout.splitlines()) < set(recorded)
    assert any('"llm.token"' in line for line in recorded)


def test_a_recording_keeps_and_shows_no_secret(tmp_path: Path) -> None:
    hidden = "hunter2-hunter2"
    with ScriptedServer(saying(f"{KEY} {hidden} Bearer abcdefgh12345678")) as server:
        env = with_server(tmp_path, server.url, MY_PASSWORD=hidden)
        done = catagent("ask", f"my key is {KEY}", "--record", "run.jsonl", env=env)
    assert done.returncode == 0
    kept = [tmp_path / "run.jsonl", *(tmp_path / "state/runs").iterdir()]
    assert len(kept) == 2
    for path in kept:
        text = path.read_text()
        assert not [secret for secret in (KEY, hidden, "abcdefgh12345678") if secret in text]
        assert "[redacted]" in text
    assert catagent("replay", "run.jsonl", "--speed", "0", env=env).returncode == 0


def test_a_disk_that_fills_up_costs_the_recording_and_not_the_run(tmp_path: Path) -> None:
    """A file size limit stands in for the full disk: the write fails in the middle of the run."""
    command = " ".join([*COMMAND, "ask", "q", "--record", "run.jsonl", "--json"])
    with ScriptedServer(cat(tokens=20)) as server:
        done = subprocess.run(
            ["bash", "-c", f"ulimit -f 12; exec {command}"],
            env=with_server(tmp_path, server.url),
            capture_output=True,
            text=True,
            cwd=tmp_path,
            timeout=60,
            check=False,
        )
    events = lines(done.stdout)
    assert done.returncode == 1
    assert events[-1]["data"]["status"] == "success"
    assert events[-1]["data"]["exit_code"] == 1
    warnings = [event["data"]["code"] for event in events if event["type"] == "warning"]
    assert warnings == ["recording_failed"] * 2
    assert done.stderr.startswith("catagent: error: The recording broke off: ")
    env = with_server(tmp_path, "http://127.0.0.1:9")
    played = catagent("replay", "run.jsonl", "--speed", "0", env=env)
    assert played.returncode == 1
    assert "damaged" in played.stderr
    assert done.stdout.startswith(played.stdout)


def test_a_history_that_cannot_be_kept_does_not_stop_a_run(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    with ScriptedServer(cat(tokens=1)) as server:
        done = catagent("ask", "q", env=with_server(tmp_path, server.url))
    assert done.returncode == 0
    assert lines(done.stdout)[-1]["data"]["status"] == "success"
