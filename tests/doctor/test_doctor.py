"""`catagent doctor` in a real process, with environments that are broken in one way each."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
import termios
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import trustme
from jsonschema import Draft202012Validator

from catagent.recordings.schema import schema
from tests.support.cli import COMMAND, catagent, environment, on_terminal, with_server
from tests.support.models_list import ModelsList, models_list
from tests.support.tls import certified
from tests.support.tmux import HAS_TMUX, Tmux
from tests.support.waiting import wait_until
from tests.support.warm import Warm

KEY = "sk-test-0123456789"


def doctor(env: dict[str, str], *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Its exit code, and what it has found, by name: of several of one name, the last."""
    done = catagent("doctor", "--json", *arguments, env=env)
    report = json.loads(done.stdout)
    assert done.stderr == ""
    assert (done.returncode == 1) == (report["status"] == "broken")
    return done.returncode, {check["name"]: check for check in report["checks"]}


def test_doctor_finds_nothing_wrong_and_writes_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    done = catagent("doctor", env=env)
    assert done.returncode == 0, done.stdout
    assert "broken" not in done.stdout
    assert re.search(
        r"^ok +model +local:smollm2-135m \(no OPENAI_API_KEY is set\)$", done.stdout, re.M
    )
    assert re.search(r"^ok +embedded +/.*, 98 MB, whole$", done.stdout, re.M)
    assert "\x1b" not in done.stdout + done.stderr
    assert [*tmp_path.iterdir()] == []


def test_doctor_asks_the_model_server_for_its_models_once_with_the_key(tmp_path: Path) -> None:
    with models_list() as server:
        code, found = doctor(with_server(tmp_path, server.url))
    assert (code, found["server"]["status"]) == (0, "ok")
    assert re.fullmatch(r"127\.0\.0\.1 answers in \d\.\d\d s", found["server"]["found"])
    assert found["OPENAI_API_KEY"]["why"] == "from the environment"
    ((asked),) = server.asked
    assert (asked["path"], asked["Authorization"]) == ("/v1/models", f"Bearer {KEY}")


def _refuses(server: ModelsList) -> None:
    server.status, server.body = 401, {"error": {"message": f"Incorrect API key: {KEY}"}}


def _is_slow(server: ModelsList) -> None:
    server.delay = 6


def _has_no_list(server: ModelsList) -> None:
    server.status, server.body = 404, {"error": {"message": "Not Found"}}


def _has_another_model(server: ModelsList) -> None:
    server.body = {"data": [{"id": "gpt-4.1-mimi"}]}


def _fails(server: ModelsList) -> None:
    server.status, server.body = 503, {"error": {"message": "loading"}}


@pytest.mark.parametrize(
    ("change", "status", "found", "remedy"),
    [
        (_refuses, "broken", "The server refused the API key (HTTP 401)", "check the key"),
        (_is_slow, "broken", "does not answer in 5 s", "is it running?"),
        (_fails, "broken", "The server failed (HTTP 503): loading", "try again later"),
        (_has_no_list, "warning", "gives no list: ", "OPENAI_BASE_URL ends in /v1"),
        (_has_another_model, "warning", "lists no gpt-4.1-mini", "did you mean gpt-4.1-mimi?"),
    ],
)
def test_doctor_says_what_is_wrong_with_the_model_server(
    tmp_path: Path, change: Callable[[ModelsList], None], status: str, found: str, remedy: str
) -> None:
    with models_list() as server:
        change(server)
        code, checks = doctor(with_server(tmp_path, server.url))
    assert (code, checks["server"]["status"]) == (int(status == "broken"), status)
    assert found in checks["server"]["found"]
    assert remedy in checks["server"]["remedy"]
    assert KEY not in json.dumps(checks)


def test_doctor_tells_a_certificate_that_is_not_trusted(tmp_path: Path) -> None:
    with models_list(tls=certified(trustme.CA())) as server:
        code, found = doctor(with_server(tmp_path, server.url))
    assert code == 1
    assert found["server"]["found"].startswith("No secure connection: ")
    assert "SSL_CERT_FILE" in found["server"]["remedy"]


def test_doctor_sends_no_key_over_a_network_in_plain_text(tmp_path: Path) -> None:
    """127.0.0.2 is taken for another machine."""
    with models_list("127.0.0.2") as server:
        url = server.url.replace("://", "://me:hunter2@")
        code, found = doctor(with_server(tmp_path, url))
    assert (code, found["server"]["status"], found["server"]["remedy"]) == (
        0,
        "warning",
        "use https",
    )
    assert "Authorization" not in server.asked[0]


def _with_file(name: str, text: str = "") -> Callable[[Path], dict[str, str]]:
    def make(home: Path) -> dict[str, str]:
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(text)
        return {}

    return make


def _open_state(home: Path) -> dict[str, str]:
    (home / "state").mkdir(mode=0o755)
    return {}


def _open_records(home: Path) -> dict[str, str]:
    (home / "run/catagent").mkdir(parents=True, mode=0o755)
    return {"XDG_RUNTIME_DIR": str(home / "run")}


def _no_home(home: Path) -> dict[str, str]:
    (home / "file").touch()
    return {"CATAGENT_HOME": str(home / "file")}


def _old_msgspec(home: Path) -> dict[str, str]:
    folder = home / "old/msgspec-0.1.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: msgspec\nVersion: 0.1\n")
    root = str(Path(__file__).parents[2])
    return {"PYTHONPATH": f"{folder.parent}{os.pathsep}{root}"}


def _other_metadata(home: Path) -> dict[str, str]:
    folder = home / "other/catagent-9.dist-info"
    folder.mkdir(parents=True)
    lines = ("Metadata-Version: 2.1", "Name: catagent", "Version: 9", "Requires-Python: >=4")
    needs = ("Requires-Dist: nowhere>=1", "Provides-Extra: own", "Provides-Extra: more")
    extras = ("Requires-Dist: afar<3; extra == 'own'", "Requires-Dist: rich>=1; extra == 'more'")
    (folder / "METADATA").write_text("\n".join([*lines, *needs, *extras]) + "\n")
    root = str(Path(__file__).parents[2])
    return {"PYTHONPATH": f"{folder.parent}{os.pathsep}{root}"}


def _set(**variables: str) -> Callable[[Path], dict[str, str]]:
    return lambda _: variables


@pytest.mark.parametrize(
    ("make", "arguments", "name", "status", "found", "remedy"),
    [
        (
            _set(),
            ["--model", "openai:x"],
            "server",
            "broken",
            "no key for openai:x",
            "OPENAI_API_KEY",
        ),
        (_set(), ["--model", "a:"], "model", "broken", "names no model", "PROVIDER:NAME"),
        (
            _set(),
            ["--model", "nobody:x"],
            "server",
            "broken",
            "no model provider",
            "there is: local",
        ),
        (_set(), ["--agent", "no.py:x"], "agent", "broken", "there is no file", "path/to/file.py"),
        (_set(), ["--agent", "cta"], "agent", "broken", "no agent called", "did you mean cat?"),
        (
            _set(),
            ["--agent", "http://127.0.0.1:9/x"],
            "agent",
            "note",
            "on a server",
            "catagent agents",
        ),
        (
            _set(),
            ["--python", "no"],
            "interpreter",
            "broken",
            "--python no is not",
            "the path of one",
        ),
        (
            _set(VIRTUAL_ENV="/no"),
            [],
            "interpreter",
            "warning",
            "VIRTUAL_ENV is /no",
            "--python PATH",
        ),
        (
            *(_set(OPENAI_BASE_URL="http://127.0.0.1:9/v1"), [], "server", "broken"),
            *("refused the connection: 127.0.0.1:9", "is it running?"),
        ),
        (
            _set(OPENAI_BASE_URL="x"),
            [],
            "server",
            "broken",
            "not an http(s) URL: x",
            "https://HOST/v1",
        ),
        (
            _set(CATAGENT_FOLD="x"),
            [],
            "wrong",
            "broken",
            "fold from the environment",
            "config.toml",
        ),
        (
            _set(CATAGENT_MODLE="x"),
            [],
            "left out",
            "warning",
            "CATAGENT_MODLE",
            "did you mean CATAGENT_MODEL?",
        ),
        (
            _with_file("config/config.toml", "fld = 1"),
            [],
            "wrong",
            "broken",
            "did you mean fold?",
            "there is: ",
        ),
        (
            _with_file(".env", "CATAGENT_AGENT=x"),
            [],
            "left out",
            "note",
            ".env does not set CATAGENT_AGENT",
            "",
        ),
        (
            _set(LANGSMITH_TRACING="true"),
            [],
            "tracing",
            "warning",
            "sent elsewhere",
            "unset LANGSMITH_TRACING",
        ),
        (
            _set(CATAGENT_LOCAL_MODEL="/no"),
            [],
            "embedded",
            "broken",
            "cannot read the model /no",
            "unset",
        ),
        (
            *(_set(OPENAI_BASE_URL="http://127.0.0.1:9/v1", CATAGENT_LOCAL_MODEL="/no"),),
            *(
                ["--tool-model", "local"],
                "embedded",
                "broken",
                "cannot read the model /no",
                "unset",
            ),
        ),
        (_set(CATAGENT_SERVER_KEYS="k"), [], "wrong", "broken", "an entry that is none", "=KEY"),
        (_open_state, [], "state", "warning", "is open to others", "chmod 700 "),
        (_no_home, [], "state", "broken", "is no folder", "CATAGENT_HOME"),
        (_set(CATAGENT_HOME="a" * 300), [], "wrong", "broken", "File name too long", "change"),
        (_open_records, [], "programs", "broken", "is not a folder of yours alone", "chmod 700"),
        (_old_msgspec, [], "msgspec", "broken", "0.1", "msgspec>=0.20"),
    ],
)
def test_doctor_names_what_is_broken_and_its_remedy(
    tmp_path: Path,
    make: Callable[[Path], dict[str, str]],
    arguments: list[str],
    name: str,
    status: str,
    found: str,
    remedy: str,
) -> None:
    env = environment(tmp_path, VIRTUAL_ENV="", XDG_RUNTIME_DIR=str(tmp_path)) | make(tmp_path)
    code, checks = doctor(env, *arguments)
    check = checks[name]
    assert (check["status"], code) == (status, int(status == "broken"))
    assert found in check["found"]
    assert remedy in check["remedy"]


def test_doctor_names_a_package_and_an_extra_that_are_not_installed(tmp_path: Path) -> None:
    code, found = doctor(environment(tmp_path) | _other_metadata(tmp_path))
    assert code == 1
    assert (found["python"]["status"], found["python"]["why"]) == ("broken", "it is to be >=4")
    assert (found["nowhere"]["status"], found["nowhere"]["found"]) == ("broken", "not installed")
    assert found["nowhere"]["remedy"].endswith("'nowhere>=1'")
    assert (found["extra own"]["status"], found["extra own"]["why"]) == ("note", "it brings afar")
    assert found["extra own"]["remedy"].endswith("'afar<3'")
    assert found["extra more"]["status"] == "ok"


def test_doctor_says_which_interpreter_runs_an_own_agent_and_imports_nothing_of_it(
    tmp_path: Path,
) -> None:
    (tmp_path / "mine.py").write_text("open('ran', 'w')\n")
    (tmp_path / "pyproject.toml").touch()
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.write_text("#!/bin/sh\ntouch ran\n")
    python.chmod(0o755)
    code, found = doctor(environment(tmp_path, VIRTUAL_ENV=""), "--agent", "mine.py:graph")
    assert code == 0
    assert found["agent"]["found"] == f"mine.py:graph, {tmp_path / 'mine.py'}"
    assert (found["interpreter"]["found"], found["interpreter"]["why"]) == (
        *(str(python), f"the .venv of {tmp_path}"),
    )
    assert not (tmp_path / "ran").exists()


def test_doctor_settings_has_each_with_its_source_in_a_document_that_fits_the_schema(
    tmp_path: Path,
) -> None:
    (tmp_path / "config").mkdir()
    file = tmp_path / "config/config.toml"
    file.write_text("fold = 3\nmode = 'evnets'\n")
    (tmp_path / ".env").write_text("CATAGENT_MAX_STEPS=7\nOPENAI_API_KEY=sk-from-a-file-0123\n")
    env = environment(tmp_path, CATAGENT_THEME="light")
    done = catagent("doctor", "--settings", "--json", "--model", "local", env=env)
    report = json.loads(done.stdout)
    Draft202012Validator(schema()).validate(report)
    sources = {each["name"]: each["source"] for each in report["settings"]}
    assert {name: source for name, source in sources.items() if source != "default"} == {
        "model": "--model",
        "max_steps": ".env",
        "theme": "CATAGENT_THEME",
        "fold": str(file),
    }
    assert (done.returncode, report["status"], report["checks"][-1]["name"]) == (
        1,
        "broken",
        "wrong",
    )
    assert doctor(env)[1]["OPENAI_API_KEY"]["why"] == "from .env"
    shown = catagent("doctor", "--settings", env=env)
    assert re.search(rf"^ok +fold +3 \({file}\)$", shown.stdout, re.MULTILINE)
    assert re.search(r"^broken +wrong .*\n +→ did you mean events\?", shown.stdout, re.MULTILINE)
    assert shown.returncode == 1


def test_doctor_prints_any_text_where_the_locale_has_ascii_alone(tmp_path: Path) -> None:
    env = environment(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    env |= {"CATAGENT_TOOL_MODEL": "openai:\u6a21\u578b\x1b[31m"}
    for arguments in (["--settings"], ["--settings", "--json"]):
        done = catagent("doctor", *arguments, env=env)
        assert (done.returncode, done.stderr) == (0, "")
        assert "openai:" in done.stdout
        assert "\x1b" not in done.stdout


def test_doctor_says_that_its_folder_is_gone(tmp_path: Path) -> None:
    (tmp_path / "gone").mkdir()
    code = 'cd gone && rmdir ../gone && exec "$0" -m catagent doctor'
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    words = ["sh", "-c", code, sys.executable]
    done = subprocess.run(words, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (1, "")
    assert re.search(r"^broken +interpreter +the current folder is gone$", done.stdout, re.M)


@pytest.mark.parametrize("arguments", [[], ["--json"], ["--settings"], ["--settings", "--json"]])
def test_no_secret_comes_out_of_doctor(tmp_path: Path, arguments: list[str]) -> None:
    """However short a key of a server or the password of an agent's address is."""
    with models_list() as server:
        server.status, server.body = 401, {"error": {"message": f"{KEY} and hunter2-longer"}}
        env = with_server(
            *(tmp_path, server.url.replace("://", "://me:hunter2-longer@")),
            CATAGENT_SERVER_KEYS="one.example=k3y,two.example=Bearer t0k",
            CATAGENT_AGENT="https://me:pw1@three.example/graph",
            ANTHROPIC_API_KEY="anthropic-0123456789",
        )
        done = catagent("doctor", *arguments, env=env)
    assert "three.example" in done.stdout
    for secret in (KEY, "hunter2", "k3y", "t0k", "pw1", "anthropic-0123456789"):
        assert secret not in done.stdout + done.stderr


def test_doctor_asks_a_terminal_once_and_gives_it_back(tmp_path: Path, warm: Warm) -> None:
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path))
    run, before = warm.open_terminal(["doctor"], env, size=(24, 40))
    run.wait_for(b"\x1b[?2026$p\x1b[c")
    run.type(b"\x1b[?2026;2$y\x1b[?62;22c")
    done = run.wait()
    assert (done.code, done.after) == (0, before)
    text = re.sub(r"\x1b\[\??[\d;]*\$?[a-z]", "", done.out.decode())
    assert "frames\r\n    synchronized\r\n" in text
    assert "xterm-256color, 40 by 24, -o live" in " ".join(text.split())
    assert max(map(len, text.splitlines())) < 40
    assert done.out.count(b"\x1b[c") == 1


def test_doctor_does_not_wait_for_a_terminal_that_says_nothing(tmp_path: Path) -> None:
    env = environment(tmp_path, XDG_RUNTIME_DIR=str(tmp_path), LC_ALL="C")
    code, text = on_terminal("doctor", env=env)
    assert code == 0
    assert re.search(r"frames +it does not say", text)
    assert re.search(r"-  .*unicode +ASCII alone \(--ascii, or LANG\)\r\n +-> export LANG", text)
    assert text.replace("\x1b", "").isascii()
    assert "frames" not in on_terminal("doctor", env=env | {"TERM": "dumb"})[1]


def test_doctor_that_is_ended_gives_the_terminal_back(tmp_path: Path) -> None:
    ours, theirs = pty.openpty()
    before, env = termios.tcgetattr(theirs), environment(tmp_path, VIRTUAL_ENV="", TERM="xterm")
    process = subprocess.Popen(
        [*COMMAND, "doctor"], env=env, stdin=theirs, stdout=theirs, start_new_session=True
    )
    wait_until(lambda: b"\x1b[?2026$p" in os.read(ours, 1000), 30)
    assert termios.tcgetattr(theirs) != before
    process.terminate()
    assert process.wait(30) == 143
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)


@pytest.mark.skipif(not HAS_TMUX, reason="needs tmux")
def test_doctor_leaves_keys_that_were_typed_ahead_to_the_shell(tmp_path: Path) -> None:
    env = environment(tmp_path, VIRTUAL_ENV="", XDG_RUNTIME_DIR=str(tmp_path))
    words = [f"{name}='{value}'" for name, value in env.items()]
    terminal = Tmux(tmp_path / "tmux", 80, 60)
    try:
        terminal.type(f"{' '.join(words)} {sys.executable} -m catagent doctor; echo left: $?")
        terminal.type("echo type-ahead is $((6 * 7))")
        wait_until(lambda: "type-ahead is 42" in terminal.text(), 30)
        assert "left: 0" in terminal.text()
        assert "✓ model" in terminal.text()
        assert terminal.echoes()
    finally:
        terminal.close()
