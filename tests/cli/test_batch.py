"""`catagent batch`: a result for every question, whatever happens meanwhile."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from catagent.recordings.schema import schema
from tests.support.cli import COMMAND, quiet, with_server
from tests.support.replies import Reply
from tests.support.scripts import failing_first, saying
from tests.support.server import Request, ScriptedServer
from tests.support.waiting import wait_until
from tests.support.warm import Done, Run, Warm

ANSWER = "The cat is under the sofa."
SAYING = saying(*ANSWER.split(" "))
MIXED = (
    b'who?\n\n{"id": "a/b", "input": "where?"}\n{bad\n{"input": {"messages": [["user", "?"]]}}\n'
)


def results(text: bytes) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


@contextlib.contextmanager
def appending(file: Path, env: dict[str, str]) -> Iterator[tuple[int, int, int]]:
    """Descriptors of a run whose results are appended to a file, its stderr to another."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
    opened = os.open(os.devnull, os.O_RDONLY), os.open(file, flags), os.open(f"{file}.err", flags)
    try:
        yield opened
    finally:
        for each in opened:
            os.close(each)


def append(warm: Warm, arguments: list[str], env: dict[str, str], file: Path) -> Run:
    with appending(file, env) as descriptors:
        return warm.start(["batch", *arguments], env, descriptors=descriptors)


def batch(
    warm: Warm, folder: Path, server: ScriptedServer, *arguments: str, lines: bytes = MIXED
) -> Done:
    (folder / "q.jsonl").write_bytes(lines)
    return warm.run(["batch", "q.jsonl", *arguments], with_server(folder, server.url))


def test_every_line_of_a_batch_has_a_result(warm: Warm, tmp_path: Path) -> None:
    with ScriptedServer(SAYING) as server:
        done = batch(warm, tmp_path, server)
    found = {each["n"]: each for each in results(done.out)}
    assert done.code == 1
    assert found.keys() == {1, 3, 4, 5}
    assert found[4]["status"] == "error"
    assert "begins as JSON" in found[4]["error"]["message"]
    del found[4]
    assert {each["output"] for each in found.values()} == {ANSWER.replace(" ", "")}
    assert found[3]["id"] == "a/b"
    assert "id" not in found[1]
    assert found[5]["input"] == {"messages": [["user", "?"]]}
    assert found[1]["usage"]["output_tokens"] == 6
    assert found[1]["attempts"] == 1
    assert b"3 answered, 1 failed" in done.err
    assert found[1].keys() == schema()["$defs"]["Result"]["properties"].keys() - {"id"}


def test_a_batch_keeps_no_history_and_records_each_run_on_demand(
    warm: Warm, tmp_path: Path
) -> None:
    with ScriptedServer(SAYING) as server:
        done = batch(warm, tmp_path, server, "--record-dir", "runs", "-q")
        env = with_server(tmp_path, server.url)
    assert done.err == b""
    assert not [*tmp_path.glob("state/runs/*")]
    files = sorted((tmp_path / "runs").iterdir())
    ids = {each["n"]: each["run_id"][:8] for each in results(done.out)}
    assert [file.name for file in files] == [
        f"000001-{ids[1]}.jsonl",
        f"000003-a-b-{ids[3]}.jsonl",
        f"000005-{ids[5]}.jsonl",
    ]
    assert {oct(file.stat().st_mode) for file in files} == {"0o100600"}
    assert oct((tmp_path / "runs").stat().st_mode) == "0o40700"
    assert ANSWER.replace(" ", "").encode() in warm.run(["show", str(files[1])], env).out


def test_a_batch_asks_as_many_at_once_as_it_may(warm: Warm, tmp_path: Path) -> None:
    most, now = 0, 0

    def script(request: Request) -> Reply:
        nonlocal most, now
        now = sum(each.sent_at is None for each in server.requests)
        most = max(most, now)
        return Reply(("yes",), pause=0.1)

    with ScriptedServer(script) as server:
        done = batch(warm, tmp_path, server, "--concurrency", "3", lines=b"who?\n" * 12)
    assert done.code == 0
    assert most == 3
    assert len({each["n"] for each in results(done.out)}) == 12


def test_a_question_whose_server_failed_is_asked_again(warm: Warm, tmp_path: Path) -> None:
    busy = Reply(status=503, body={"error": {"message": "busy"}})
    with ScriptedServer(failing_first(SAYING, busy)) as server:
        done = batch(warm, tmp_path, server, "--max-retries", "0", lines=b"who?\n")
        assert (done.code, results(done.out)[0]["attempts"]) == (0, 2)
    with ScriptedServer(lambda _: busy) as server:
        done = batch(
            warm, tmp_path, server, "--max-retries", "0", "--retries", "1", lines=b"who?\n"
        )
        assert len(server.requests) == 2
    (result,) = results(done.out)
    assert (done.code, result["status"], result["attempts"]) == (1, "error", 2)
    assert "busy" in result["error"]["message"]


def test_what_asking_again_does_not_mend_is_not_asked_again(warm: Warm, tmp_path: Path) -> None:
    wrong = Reply(status=400, body={"error": {"message": "no"}})
    with ScriptedServer(lambda _: wrong) as server:
        done = batch(warm, tmp_path, server, lines=b"who?\nwhere?\n")
        assert len(server.requests) == 2
    assert [each["attempts"] for each in results(done.out)] == [1, 1]


@pytest.mark.parametrize(
    ("arguments", "words", "code"),
    [
        (["--agent", "nobody"], b"no agent called 'nobody'", 2),
        (["--agent", "bad.py:agent", "--python", "PYTHON"], b"No module named 'nothing'", 2),
        (["--model", "openai:gpt-4.1"], b"refused the API key", 4),
    ],
)
def test_what_every_question_would_fail_for_ends_a_batch_at_once(
    arguments: list[str], words: bytes, code: int, warm: Warm, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text("import nothing\n")
    refused = Reply(status=401, body={"error": {"message": "wrong key"}})
    python = str(Path(COMMAND[0]))
    arguments = [python if each == "PYTHON" else each for each in arguments]
    with ScriptedServer(lambda _: refused) as server:
        done = batch(warm, tmp_path, server, *arguments, lines=b"who?\n" * 100)
        assert len(server.requests) <= 4
    assert (done.code, done.out) == (code, b""), done.err
    assert done.err.count(b"error") == done.err.count(words) == 1


def test_a_batch_on_stdin_answers_before_the_input_ends(tmp_path: Path) -> None:
    with ScriptedServer(SAYING) as server:
        process = subprocess.Popen(
            [*COMMAND, "batch", "-", "-q"],
            env=quiet(tmp_path, server),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        assert process.stdin
        assert process.stdout
        for n in (1, 2):
            process.stdin.write(b"who?\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["n"] == n
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 143
        process.stdin.close()
        process.stdout.close()


def test_ctrl_c_cancels_what_runs_and_says_how_to_go_on(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("who?\n" * 20)

    def script(request: Request) -> Reply:
        return Reply(("yes",), pause=0 if len(server.requests) <= 4 else 60)

    file = tmp_path / "r.jsonl"
    with ScriptedServer(script) as server:
        env = with_server(tmp_path, server.url)
        run = append(warm, ["q.txt"], env, file)
        wait_until(lambda: len(server.requests) >= 8)
        run.send(signal.SIGINT)
        assert run.wait().code == 130
        assert server.wait_closed()
        server.script = SAYING
        said = Path(f"{file}.err").read_text()
        assert "4 answered, 0 failed" in said
        (again,) = (line for line in said.splitlines() if "hint" in line)
        command = again.partition("catagent ")[2]
        assert command == "batch q.txt --resume r.jsonl >> r.jsonl"
        assert append(warm, command.split()[1:4], env, file).wait().code == 0
    assert sorted(each["n"] for each in results(file.read_bytes())) == [*range(1, 21)]


def test_a_batch_that_is_killed_again_and_again_answers_each_line_once(
    warm: Warm, tmp_path: Path
) -> None:
    """Questions repeat, and the last line of the results is torn where the kill did not do it."""
    lines = [f"question {n % 7}" if n % 5 else "" for n in range(1, 61)]
    (tmp_path / "q.txt").write_text("\n".join(lines))
    file, chance, code = tmp_path / "r.jsonl", random.Random(17), -9  # noqa: S311
    with ScriptedServer(saying("yes", pace=0.01)) as server:
        env, kills = with_server(tmp_path, server.url), 0
        while code == -9:
            run = append(warm, ["q.txt", "--resume", "r.jsonl", "--concurrency", "3"], env, file)
            code = kill(run, file, kills % 4, chance.random() * 0.02)
            kills += 1
            if code == -9 and kills % 2:
                tear(file, chance.randrange(1, 400))
    found = Counter(each["n"] for each in results(file.read_bytes()))
    assert kills > 3
    assert found == {n: 1 for n, line in enumerate(lines, 1) if line}


def kill(run: Run, file: Path, more: int, delay: float) -> int:
    """Kill it some results later, and return its exit code, which is another where it was over."""
    size = len(results_of(file))
    wait_until(lambda: run_is_over(run) or len(results_of(file)) > size + more)
    time.sleep(delay)
    with contextlib.suppress(ProcessLookupError):
        run.send(signal.SIGKILL)
    return run.wait().code


def results_of(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines()


def run_is_over(run: Run) -> bool:
    """Whether it has ended by itself: who has has no command line any more."""
    with contextlib.suppress(FileNotFoundError):
        return not Path(f"/proc/{run.pid}/cmdline").read_bytes()
    return True


def tear(file: Path, count: int) -> None:
    """Cut into the last line, as a machine that went down would."""
    text = file.read_bytes()
    last = len(text.splitlines()[-1]) if text else 0
    os.truncate(file, len(text) - min(count, last))


def test_results_that_were_emptied_by_the_shell_are_refused(warm: Warm, tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("who?\n")
    command = f"{' '.join(COMMAND)} batch q.txt --resume r.jsonl > r.jsonl"
    done = subprocess.run(
        ["sh", "-c", command],
        env=with_server(tmp_path, "http://127.0.0.1:1/v1"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "`> r.jsonl` overwrites" in done.stderr
    assert "--resume FILE >> FILE" in done.stderr


def test_results_that_would_be_asked_as_questions_are_refused(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("who?\n")
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} batch q.txt >> q.txt"],
        env=with_server(tmp_path, "http://127.0.0.1:1/v1"),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, (tmp_path / "q.txt").read_text()) == (2, "who?\n")
    assert "in their turn" in done.stderr


def test_a_batch_whose_questions_changed_says_so(warm: Warm, tmp_path: Path) -> None:
    with ScriptedServer(SAYING) as server:
        (tmp_path / "r.jsonl").write_bytes(batch(warm, tmp_path, server, lines=b"a\nb\nc\n").out)
        done = batch(warm, tmp_path, server, "--resume", "r.jsonl", lines=b"new\na\nb\n")
    assert [each["input"] for each in results(done.out)] == ["new"]
    assert b"1 answered, 2 before" in done.err
    assert b"2 were at another line, 1 are not there" in done.err


def test_a_batch_ends_where_its_output_does(tmp_path: Path) -> None:
    (tmp_path / "q.txt").write_text("who?\n" * 500)
    with ScriptedServer(SAYING) as server:
        env = quiet(tmp_path, server)
        full = Path("/dev/full")
        if full.exists():
            with full.open("w") as out:
                done = subprocess.run(
                    [*COMMAND, "batch", "q.txt"], env=env, cwd=tmp_path, stdout=out,
                    stderr=subprocess.PIPE, text=True, check=False,
                )  # fmt: skip
            assert done.returncode == 1
            assert "Cannot write the output" in done.stderr
        command = f"{' '.join(COMMAND)} batch q.txt | head -1; exit ${{PIPESTATUS[0]}}"
        done = subprocess.run(
            ["bash", "-c", command],
            env=env,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 141
        assert len(server.requests) < 100


def test_a_secret_in_a_question_is_in_no_result(warm: Warm, tmp_path: Path) -> None:
    with ScriptedServer(SAYING) as server:
        done = batch(
            warm, tmp_path, server, lines=b"is sk-test-0123456789 my key?\n{sk-test-0123456789\n"
        )
    assert b"0123456789" not in done.out + done.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["q.txt", "--concurrency", "0"], "--concurrency is 1 or more"),
        (["q.txt", "--resume", "gone.jsonl"], "cannot read gone.jsonl"),
        (["gone.txt"], "cannot read gone.txt"),
        (["q.txt", "--record-dir", "q.txt/runs"], "cannot record to q.txt/runs"),
    ],
)
def test_a_batch_that_cannot_begin_says_why(
    arguments: list[str], words: str, warm: Warm, tmp_path: Path
) -> None:
    (tmp_path / "q.txt").write_text("who?\n")
    done = warm.run(["batch", *arguments], with_server(tmp_path, "http://127.0.0.1:1/v1"))
    assert words.encode() in done.err
    assert done.code in (1, 2)
