"""The recipes of docs/watch.md are run, as they stand there, as far as their programs are here."""

from __future__ import annotations

import re
import subprocess
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.cli import with_command, with_server
from tests.support.scripts import JOKE_TOKENS, cat
from tests.support.server import ScriptedServer
from tests.support.waiting import wait_until

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/watch.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\S+)\n(.*?)```", TEXT, re.DOTALL))
SHELL = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
COMMANDS = [line for block in SHELL for line in block.splitlines() if " -- " in line]
SCRIPTS = [line for line in COMMANDS if re.search("-- (python|pytest)", line)]
SERVERS = [line for line in COMMANDS if "-- uvicorn" in line]
(JOINING,) = (block for block in SHELL if "&\n" in block)
(ASKING,) = (line for block in SHELL for line in block.splitlines() if " ask " in line)
NOT_HERE = ("jupyter", "langgraph", "opentelemetry-instrument")
STORY = "".join(JOKE_TOKENS)


@pytest.fixture
def env(tmp_path: Path) -> Iterator[dict[str, str]]:
    """All files of the document in a folder, and `catagent` on the PATH."""
    for name, code in FILES.items():
        (tmp_path / name).write_text(code, encoding="utf-8")
    with ScriptedServer(cat()) as server:
        found = with_command(tmp_path, with_server(tmp_path, server.url, TMPDIR=str(tmp_path)))
        yield found


def shell(command: str, env: dict[str, str], errors: str = "errors") -> subprocess.Popen[str]:
    """Start it in bash, servers on a free port; for `jq`, which may be missing, there is cat."""
    command = re.sub(r"\| jq .*", "| cat", command.replace("web:app", "web:app --port 0"))
    with Path(env["HOME"], errors).open("w") as stderr:
        return subprocess.Popen(
            ["bash", "-o", "pipefail", "-c", command],
            env=env,
            cwd=env["HOME"],
            text=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            start_new_session=True,
        )


def ask(env: dict[str, str]) -> str:
    """Wait until a server says where it is, and ask it."""
    errors, found = Path(env["HOME"], "errors"), re.compile(r"http://127.0.0.1:[1-9][0-9]*")
    wait_until(lambda: "startup complete" in errors.read_text(), instead=errors.read_text)
    wait_until(lambda: bool(found.search(errors.read_text())), instead=errors.read_text)
    (url,) = found.findall(errors.read_text())
    return httpx.get(f"{url}/ask?q=a+story", timeout=60, trust_env=False).text


def test_every_recipe_is_run_or_its_program_is_not_here() -> None:
    others = [line for line in COMMANDS if line not in SCRIPTS and line not in SERVERS]
    assert (len(SCRIPTS), len(SERVERS)) == (5, 2)
    assert len(others) == len(NOT_HERE)
    assert all(f"-- {name}" in line for name, line in zip(NOT_HERE, others, strict=True))


@pytest.mark.parametrize("command", SCRIPTS)
def test_scripts_and_tests_run_as_the_document_says(command: str, env: dict[str, str]) -> None:
    process = shell(command, env)
    output, _ = process.communicate(timeout=90)
    errors = Path(env["HOME"], "errors").read_text()
    assert process.returncode == 0, errors
    assert "Traceback" not in errors
    if "-o jsonl" in command:
        assert '"llm.token"' in output
    else:
        assert (STORY if "agent.py" in command else "1 passed") in output
        assert ("catagent: run " in errors) == ("--errors" not in command)
    if "--record" in command:
        (record,) = Path(env["HOME"]).glob("run*.jsonl")
        assert STORY in record.read_text()


@pytest.mark.parametrize("command", SERVERS)
def test_servers_run_as_the_document_says(command: str, env: dict[str, str]) -> None:
    process = shell(command, env)
    try:
        assert ask(env) == f'"{STORY}"'
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert re.search(r"catagent: run .* story .*success", Path(env["HOME"], "errors").read_text())


def test_a_server_of_a_shell_is_joined_as_the_document_says(env: dict[str, str]) -> None:
    watched, server, *viewers = JOINING.splitlines()
    process = shell(f"{watched}\nexec {server.removesuffix(' &')}", env)
    try:
        assert ask(env) == f'"{STORY}"'
        listing, joining = (shell(line, env, "viewer") for line in viewers)
        assert "/uvicorn web:app" in listing.communicate(timeout=60)[0]
    finally:
        process.terminate()
        process.communicate(timeout=60)
    assert STORY in joining.communicate(timeout=60)[0]


def test_an_agent_of_a_project_is_asked_as_the_document_says(env: dict[str, str]) -> None:
    """In an environment of its project, which sees the packages of this one."""
    env.pop("VIRTUAL_ENV", None)
    venv.create(Path(env["HOME"]) / ".venv", symlinks=True)
    (packages,) = Path(env["HOME"]).glob(".venv/lib/*/site-packages")
    (packages / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
    process = shell(ASKING, env)
    output, _ = process.communicate(timeout=90)
    errors = Path(env["HOME"], "errors").read_text()
    assert process.returncode == 0, errors
    assert "/.venv/bin/python" in errors
    assert '"delta":"j0 "' in output
