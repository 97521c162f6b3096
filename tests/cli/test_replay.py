"""`catagent replay`, as a user runs it."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from catagent.events import types as ev
from catagent.events.codec import encode
from tests.support.cli import COMMAND, OUTPUTS, catagent, environment, lines, with_server
from tests.support.matrix import in_turn
from tests.support.runs import paused_run
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.warm import Warm

FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
EVENTS = FIXTURES / "events.jsonl"
QUESTION = "what items are located where the cat is hiding?"


def test_a_replay_in_a_pipe_is_the_stream_that_was_recorded(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=5)) as server:
        env = with_server(tmp_path, server.url)
        asked = catagent("ask", QUESTION, "--record", "run.jsonl", env=env)
    played = catagent("replay", "run.jsonl", "--speed", "0", env=env)
    assert (played.returncode, played.stderr) == (0, "")
    assert played.stdout == asked.stdout


@in_turn("output, recording", OUTPUTS, sorted(path.stem for path in FIXTURES.iterdir()))
def test_every_output_replays_every_fixture(
    warm: Warm, tmp_path: Path, output: str, recording: str
) -> None:
    play = warm.run_on_terminal if output == "live" else warm.run
    path = str(FIXTURES / f"{recording}.jsonl")
    done = play(["replay", path, "--speed", "0", "-o", output], environment(tmp_path))
    assert done.code == 0
    assert b"Traceback" not in done.err
    assert done.out or output == "answer"  # there may be none


def test_what_a_recorded_run_waits_for_is_said_on_stderr(warm: Warm, tmp_path: Path) -> None:
    recording, run = tmp_path / "paused.jsonl", paused_run()
    mail = run[-2]
    assert isinstance(mail, ev.Interrupt)
    requests = mail.data.value["action_requests"]
    mail.data.value = {"action_requests": [*requests, {"name": "send_email"}]}
    recording.write_bytes(b"".join(map(encode, run)))
    play = ["replay", str(recording), "--speed", "0", "-o", "answer"]
    done = warm.run(play, environment(tmp_path))
    assert (done.code, done.out) == (0, b"")
    said = "catagent: the recorded run waits for an answer: "
    assert done.err.decode() == (
        f"{said}May I turn on the lamp?\n"
        f"{said}send_email\n"
        "    to: ann@example.com\n"
        "    body:\n"
        "      The cat is on the shelf.\n"
        "      Bring fish.\n"
        "  Mail leaves the house.\n"
        f"{said}send_email\n"
        "  answers to send_email: approve, reject\n"
    )


def test_of_a_long_question_stderr_has_the_first_lines(warm: Warm, tmp_path: Path) -> None:
    recording, run = tmp_path / "paused.jsonl", paused_run()
    mail = run[-2]
    assert isinstance(mail, ev.Interrupt)
    mail.data.value = "\n".join(map(str, range(300)))
    recording.write_bytes(b"".join(map(encode, run)))
    play = ["replay", str(recording), "--speed", "0", "-o", "answer"]
    said = warm.run(play, environment(tmp_path)).err.decode().splitlines()
    assert said[-3:] == ["  19", "  … 280 more lines", "  answers to send_email: approve, reject"]


def test_ask_pipes_into_replay_as_it_happens(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=5)) as server:
        env = with_server(tmp_path, server.url)
        with subprocess.Popen(
            [*COMMAND, "ask", QUESTION, "--json"], env=env, stdout=subprocess.PIPE
        ) as ask:
            replay = subprocess.run(
                [*COMMAND, "replay", "-", "-o", "plain"],
                env=env,
                stdin=ask.stdout,
                capture_output=True,
                text=True,
                timeout=60,
                check=False,
            )
        assert ask.returncode == 0
    assert replay.returncode == 0
    assert "get_items" in replay.stdout


def test_replay_keeps_the_pace_of_the_run_and_speed_divides_it(tmp_path: Path) -> None:
    recording = FIXTURES / "cancelled.jsonl"
    took = lines(recording.read_text())[-1]["data"]["duration_s"]
    env = environment(tmp_path)
    paced, _ = _seconds("replay", str(recording), env=env)
    _, faster = _seconds("replay", str(recording), "--speed", "20", env=env)
    assert paced >= took * 0.95
    assert faster < paced


def _seconds(*arguments: str, env: dict[str, str]) -> tuple[float, float]:
    """How long it takes in all, and from its first line on: that one is late on a busy machine."""
    began = time.monotonic()
    with subprocess.Popen([*COMMAND, *arguments], env=env, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        first = time.monotonic()
        process.stdout.read()
    return time.monotonic() - began, time.monotonic() - first


@pytest.mark.parametrize("year", ["2025", "0001"])
def test_idle_limit_and_speed_shorten_a_replay(tmp_path: Path, year: str) -> None:
    slow = tmp_path / "slow.jsonl"
    slow.write_text(EVENTS.read_text().replace('"ts":"2026-', f'"ts":"{year}-', 3))
    done = catagent(
        "replay", str(slow), "--idle-limit", "0.05", "--speed", "4", env=environment(tmp_path)
    )
    assert done.returncode == 0  # and not after a year


@pytest.mark.parametrize("far", ["9999-12-31T23:59:59Z", "9999-12-31T23:59:59-23:59"])
def test_a_time_that_is_far_away_ends_no_replay_and_no_export(tmp_path: Path, far: str) -> None:
    *most, last = EVENTS.read_text().splitlines()
    ts = lines(last)[0]["ts"]
    recording = tmp_path / "far.jsonl"
    recording.write_text("\n".join([*most, last.replace(ts, far)]))
    for arguments in (["replay", "--speed", "100", "-o", "plain", "-v", "--stats"], ["show"]):
        done = catagent(*arguments, str(recording), env=environment(tmp_path))
        assert (done.returncode, "defect" in done.stderr) == (0, False), done.stderr


@pytest.mark.parametrize("name", ["refused", "limit", "cancelled"])
def test_a_faithful_replay_of_a_run_that_failed_is_a_success(tmp_path: Path, name: str) -> None:
    recording = FIXTURES / f"{name}.jsonl"
    done = catagent("replay", str(recording), "--speed", "0", env=environment(tmp_path))
    assert done.returncode == 0
    assert lines(done.stdout)[-1]["data"]["status"] != "success"
    assert "the recorded run" in done.stderr


def test_a_killed_run_replays_up_to_where_it_was_killed(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=500, pace=0.01)) as server:
        env = with_server(tmp_path, server.url)
        with subprocess.Popen(
            [*COMMAND, "ask", QUESTION, "--json", "--record", str(tmp_path / "run.jsonl")],
            env=env,
            stdout=subprocess.PIPE,
        ) as process:
            assert process.stdout is not None
            shown = []
            for line in process.stdout:
                shown.append(line)
                if b'"delta":"t5 ' in line:
                    break
            process.kill()
            shown += process.stdout.read().splitlines(keepends=True)
    played = catagent("replay", str(tmp_path / "run.jsonl"), "--speed", "0", env=env)
    assert played.returncode == 1
    assert "unfinished" in played.stderr
    assert played.stdout.encode().startswith(b"".join(shown[:-1]))
    (run,) = lines(catagent("runs", env=env).stdout)
    assert run["status"] == "unfinished"


@pytest.mark.parametrize(
    ("tail", "message"),
    [
        (b'{"type":"llm.tok', "damaged at line 21"),
        (b"\x00\x00\xff\xfe\n", "damaged at line 21"),
        (b"[1,2]\n", "damaged at line 21"),
        (b"", "unfinished: it ends after line 20"),
    ],
)
def test_damage_is_reported_after_the_good_events_were_replayed(
    tmp_path: Path, tail: bytes, message: str
) -> None:
    damaged = tmp_path / "damaged.jsonl"
    damaged.write_bytes(b"".join(EVENTS.read_bytes().splitlines(keepends=True)[:20]) + tail)
    done = catagent(
        "replay",
        str(damaged),
        "--speed",
        "0",
        "--include-types",
        "chain",
        "--include-types",
        "tool",
        "--include-types",
        "llm",
        env=environment(tmp_path),
    )
    assert done.returncode == 1
    assert message in done.stderr
    assert len(lines(done.stdout)) == 19


@pytest.mark.parametrize(
    ("recording", "message"),
    [
        ("nothing.jsonl", "no recording at nothing.jsonl"),
        (".", "is a folder"),
        ("", "no recording at ''"),
        ("~nobody-of-this-name/x", "no recording at"),
        ("a" * 300, "no recording at"),
        ("empty", "the recording is empty"),
        ("/dev/null", "the recording is empty"),
        ("../../../../etc/passwd", "not a JSON line"),
        ("last", "no run was kept yet"),
    ],
)
def test_replaying_a_file_that_is_no_recording_is_a_clear_error(
    tmp_path: Path, recording: str, message: str
) -> None:
    (tmp_path / "empty").touch()
    if recording.startswith(".."):
        recording = os.path.relpath("/etc/passwd", tmp_path)
    done = catagent("replay", recording, env=environment(tmp_path))
    assert done.returncode == 1
    assert done.stdout == ""
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_replay_refuses_a_newer_format_with_a_hint(tmp_path: Path) -> None:
    newer = EVENTS.read_text().replace("catagent.events/1", "catagent.events/2")
    (tmp_path / "newer.jsonl").write_text(newer)
    done = catagent("replay", "newer.jsonl", env=environment(tmp_path))
    assert done.returncode == 1
    assert "upgrade" in done.stderr


def test_replay_reads_stdin_from_a_file_or_a_pipe_and_survives_a_closed_one(tmp_path: Path) -> None:
    env = environment(tmp_path)
    piped = catagent(
        "replay", "-", "--speed", "0", "-o", "answer", env=env, stdin=EVENTS.read_text()
    )
    assert (piped.returncode, piped.stdout) == (0, "The cat is **under the sofa**.\n")
    with EVENTS.open() as file:
        from_file = subprocess.run(
            [*COMMAND, "replay", "-", "--speed", "0", "-o", "answer"],
            env=env,
            stdin=file,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (from_file.returncode, from_file.stdout) == (0, piped.stdout)
    nothing = catagent("replay", "-", env=env)
    assert nothing.returncode == 1
    assert "empty" in nothing.stderr


def test_a_fifo_can_be_replayed(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    thread = threading.Thread(target=lambda: fifo.write_bytes(EVENTS.read_bytes()))
    thread.start()
    done = catagent("replay", str(fifo), "--speed", "0", "-o", "answer", env=environment(tmp_path))
    thread.join()
    assert (done.returncode, done.stdout) == (0, "The cat is **under the sofa**.\n")


def test_replay_filters_as_live_and_keeps_seq(tmp_path: Path) -> None:
    whole = lines(EVENTS.read_text())
    done = catagent(
        "replay",
        str(EVENTS),
        "--speed",
        "0",
        "--include-tags",
        "get_items",
        env=environment(tmp_path),
    )
    kept = lines(done.stdout)
    assert {e["name"] for e in kept if e["type"] == "llm.token"} == {"Get Items LLM"}
    by_seq = {event["seq"]: event for event in whole if "seq" in event}
    assert all(by_seq[event["seq"]] == event for event in kept)


def test_a_name_in_a_filter_that_no_run_had_is_reported_at_the_end(tmp_path: Path) -> None:
    named = ("--include-names", "get_item", "--exclude-names", "get_items", "--include-tags", "x")
    done = catagent("replay", str(EVENTS), "--speed", "0", *named, env=environment(tmp_path))
    assert done.returncode == 0
    assert lines(done.stdout)[-1]["type"] == "run.finished"
    name, meant, tag, _ = done.stderr.splitlines()
    assert name == "catagent: warning: no run had the name 'get_item'"
    assert meant.startswith("  hint: did you mean get_items? there were: ")
    assert tag == "catagent: warning: no run had the tag 'x'"


def test_an_unknown_type_in_a_filter_is_a_usage_error_before_anything_runs(tmp_path: Path) -> None:
    done = catagent("replay", "nothing.jsonl", "--exclude-types", "tol", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "no run is of the type 'tol'" in done.stderr
    assert "did you mean tool? there is: chat_model, llm, tool, " in done.stderr


def test_a_recording_can_be_replayed_in_another_mode(tmp_path: Path) -> None:
    def shown(name: str, *flags: str) -> list[tuple[str, str, str]]:
        path = str(FIXTURES / f"{name}.jsonl")
        done = catagent("replay", path, "--speed", "0", *flags, env=environment(tmp_path))
        assert done.returncode == 0
        return [(e["type"], e["name"], e["data"].get("output")) for e in lines(done.stdout)]

    assert shown("events", "--mode", "steps") == shown("steps")
    assert shown("events", "--mode", "log") == shown("events") == shown("log")


def test_replay_stats_go_to_stderr(tmp_path: Path) -> None:
    done = catagent(
        "replay", str(EVENTS), "--speed", "0", "-o", "answer", "--stats", env=environment(tmp_path)
    )
    assert done.stdout == "The cat is **under the sofa**.\n"
    assert "gpt-4o-mini" in done.stderr
    assert "get_items" in done.stderr


def test_ctrl_c_ends_a_silent_replay(tmp_path: Path) -> None:
    begun = b"".join(EVENTS.read_bytes().splitlines(keepends=True)[:2])
    with subprocess.Popen(
        [*COMMAND, "replay", "-"],
        env=environment(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(begun)
        process.stdin.flush()
        assert process.stdout.readline().startswith(b'{"type":"run.started"')
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130


def test_a_reader_that_leaves_ends_a_replay_quietly(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "replay", str(FIXTURES / "cancelled.jsonl")],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(timeout=60) == 141


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_during_a_replay_is_a_clear_error(tmp_path: Path) -> None:
    with open("/dev/full", "wb") as full:  # noqa: PTH123 - a device
        done = subprocess.run(
            [*COMMAND, "replay", str(EVENTS), "--speed", "0", "--json"],
            env=environment(tmp_path),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr
