"""`catagent watch -- COMMAND` where no terminal is: the program is what it was without us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, catagent, environment, lines
from tests.support.waiting import wait_until

PYTHON = sys.executable
# Every byte there is, no newline at the end, and both streams in turns.
NOISE = """
import os, sys
for turn in range(50):
    os.write(1, bytes(range(256)) * 40)
    os.write(2, b"turn %d\\n" % turn)
sys.stdout.buffer.write(sys.stdin.buffer.read()[::-1])
"""
# What a program can see of how it was started.
LOOK = """
import os, signal, stat
for fd in (0, 1, 2, 7):
    try: print(fd, os.fstat(fd).st_ino, os.fstat(fd).st_rdev)
    except OSError as error: print(fd, error.strerror)
print(*(n for n in range(1, 32) if n not in (9, 19) and signal.getsignal(n) == signal.SIG_IGN))
print(os.getpgrp(), os.getsid(0), sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])))
seen = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "CATAGENT_WATCH", "_")}
print(sorted(seen.items()))
"""


def env_of(home: Path, **more: str) -> dict[str, str]:
    (home / "run").mkdir(exist_ok=True)
    return environment(home, XDG_RUNTIME_DIR=str(home / "run"), **more)


def watched(*command: str) -> list[str]:
    return [*COMMAND, "watch", "-q", "--", *command]


def run(
    command: list[str], home: Path, script: str, stdin: bytes = b""
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        ["bash", "-c", script, "bash", *command],
        env=env_of(home),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    "script",
    [
        '"$@"',
        '"$@" 2>&1',
        '"$@" 2>/dev/null | head -c 100; exit ${PIPESTATUS[0]}',
        '"$@" >/dev/full',
    ],
)
def test_what_a_program_reads_and_writes_is_the_same_to_the_byte(
    script: str, tmp_path: Path
) -> None:
    command = [PYTHON, "-c", NOISE]
    stdin = bytes(range(256)) * 1000
    plain, seen = (run(each, tmp_path, script, stdin) for each in (command, watched(*command)))
    assert (seen.returncode, seen.stdout) == (plain.returncode, plain.stdout)
    assert seen.stderr == plain.stderr


@pytest.mark.parametrize(
    "script", ['"$@" 7</dev/zero', '"$@" <&-', '"$@" 2>&-', 'trap "" INT HUP; "$@"']
)
def test_a_program_has_the_descriptors_signals_and_group_that_it_would_have(
    script: str, tmp_path: Path
) -> None:
    """In one shell, that both have its group and its session."""
    (tmp_path / "look.py").write_text(LOOK)
    both = f'f() {{ {script}; }}; f "$1" "$2"; echo ---; shift 2; f "$@"'
    look = [PYTHON, str(tmp_path / "look.py")]
    done = run([*look, *watched(*look)], tmp_path, both)
    plain, _, seen = done.stdout.decode().partition("---\n")
    assert "PATH" in plain
    assert seen == plain


def test_a_closed_stdout_stays_closed(tmp_path: Path) -> None:
    probe = "import os, sys\ntry: os.fstat(1)\nexcept OSError as e: sys.stderr.write(e.strerror)"
    done = run(watched(PYTHON, "-c", probe), tmp_path, '"$@" >&-')
    assert done.stderr == b"Bad file descriptor"


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("exit 0", 0),
        ("exit 7", 7),
        ("exit 255", 255),
        ("kill -TERM $$", 143),
        ("kill -KILL $$", 137),
        ("kill -SEGV $$", 139),
    ],
)
def test_the_exit_code_is_the_programs(command: str, code: int, tmp_path: Path) -> None:
    done = catagent("watch", "--", "sh", "-c", command, env=env_of(tmp_path))
    assert done.returncode == code


def test_a_command_that_cannot_be_started_has_the_exit_code_of_a_shell(tmp_path: Path) -> None:
    for name, mode, text in [
        ("plain", 0o644, ""),
        ("empty", 0o755, ""),
        ("odd", 0o755, "#!/no/such\n"),
    ]:
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(mode)
    codes = {"no-such-command": 127, "./plain": 126, "./empty": 126, "./odd": 127, "/": 126}
    for command, code in codes.items():
        done = catagent("watch", "--", command, env=env_of(tmp_path))
        assert (command, done.returncode, done.stdout) == (command, code, "")
        assert done.stderr.startswith(f"catagent: error: {command}: ")
    assert catagent("watch", "--", env=env_of(tmp_path)).returncode == 2


def test_events_on_stdout_leave_stderr_to_the_program(tmp_path: Path) -> None:
    done = catagent("watch", "-q", "-o", "jsonl", "--", "echo", "hello", env=env_of(tmp_path))
    assert (lines(done.stdout), done.stderr) == ([], "hello\n")


def test_why_nothing_was_seen_is_said(tmp_path: Path) -> None:
    full = 'touch "$CATAGENT_WATCH/full"; echo 1'
    reasons = {
        "Python was started with -I, -E or -S": [PYTHON, "-I", "-c", "print(1)"],
        "or a cleared environment": ["echo", "1"],
        "no Python in it ran anything of LangChain's": [PYTHON, "-c", "print(1)"],
        "it is watched by another catagent": watched("echo", "1"),
        "(is the disk full?)": ["sh", "-c", full],
    }
    for reason, command in reasons.items():
        done = catagent("watch", "--", *command, env=env_of(tmp_path))
        assert (done.returncode, done.stdout) == (0, "1\n")
        assert done.stderr.count("\n") == 1
        assert "nothing of LangChain was seen in it, because" in done.stderr
        assert reason in done.stderr
    assert list((tmp_path / "run/catagent").iterdir()) == []


TRAPS = """
import os, signal, sys, time
count = 0
def trap(number, _):
    global count
    count += 1
    os.write(1, signal.Signals(number).name.encode() + b"\\n")
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1):
    signal.signal(number, trap)
os.write(1, b"ready\\n")
while count < 4: time.sleep(0.01)
time.sleep(0.2)
sys.exit(9 + count)
"""


def test_signals_reach_the_program_once_and_the_viewer_waits_for_it(tmp_path: Path) -> None:
    process = subprocess.Popen(
        watched(PYTHON, "-c", TRAPS),
        env=env_of(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    names = ["SIGINT", "SIGINT", "SIGTERM", "SIGHUP"]
    for name in names:
        process.send_signal(signal.Signals[name])
        assert process.stdout.readline() == f"{name}\n"
    assert (process.stdout.read(), process.wait(60)) == ("", 13)
    process.stdout.close()


def test_a_viewer_that_is_killed_changes_nothing_for_the_program(tmp_path: Path) -> None:
    mark = tmp_path / "over"
    script = f"echo $$; read line; echo $line > {mark}"
    process = subprocess.Popen(
        watched("sh", "-c", script),
        env=env_of(tmp_path),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    pid = int(process.stdout.readline())
    process.kill()
    process.wait(60)
    os.kill(pid, 0)
    process.stdin.write("went on\n")
    process.stdin.close()
    wait_until(lambda: mark.exists() and mark.read_text() == "went on\n")
    process.stdout.close()


def test_the_folder_of_a_launch_is_private_and_gone_at_the_end(tmp_path: Path) -> None:
    env = env_of(tmp_path)
    show = 'stat -c %a "$CATAGENT_WATCH"; dirname "$CATAGENT_WATCH"'
    done = catagent("watch", "-q", "--", "sh", "-c", show, env=env)
    assert done.stdout == f"700\n{tmp_path}/run/catagent\n"
    assert list((tmp_path / "run/catagent").iterdir()) == []


def test_a_folder_that_is_not_the_users_alone_is_refused(tmp_path: Path) -> None:
    env = env_of(tmp_path)
    base = tmp_path / "run/catagent"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir(mode=0o700)
    base.symlink_to(elsewhere)
    assert catagent("watch", "--", "echo", "no", env=env).returncode == 1
    base.unlink()
    base.mkdir()
    base.chmod(0o755)
    for command in (["--", "echo", "no"], []):
        done = catagent("watch", *command, env=env)
        assert (done.returncode, done.stdout) == (1, "")
        assert "not a folder of yours alone" in done.stderr


def test_where_the_runtime_folder_cannot_be_used_the_temporary_one_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for runtime in ("file", "missing"):
        env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path / runtime), TMPDIR=str(tmp_path))
        done = catagent("watch", "-q", "--", "sh", "-c", 'echo "$CATAGENT_WATCH"', env=env)
        assert done.stdout.startswith(f"{tmp_path}/catagent-"), done.stderr
