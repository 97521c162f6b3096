"""Secrets never come out: canaries in the environment, grepped in everything that is written."""

from __future__ import annotations

import itertools
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults import checks
from tests.faults.table import FAULTS, Fault
from tests.support import scripts
from tests.support.cli import OUTPUTS, with_server
from tests.support.matrix import in_turn, pairwise
from tests.support.replies import Call, Reply, failing
from tests.support.scripts import calling, cat, saying
from tests.support.secrets import PEM, TELLING
from tests.support.server import Request, Script, ScriptedServer
from tests.support.warm import Done, Warm

CANARIES = {
    "OPENAI_API_KEY": "sk-canary-0a1b2c3d4e5f6a7b",
    "GITHUB_TOKEN": "ghp_canary0123456789abcdef",
    "DB_PASSWORD": 'canary "quoted" päss',
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMIcanaryK7MDENG",
    "DATABASE_URL": "postgres://joe:canary-in-url@db.example/x",
    "QUEUE_URL": "amqp://bob:canary@of/the?queue@mq.example:5672/v",
    "TLS_PRIVATE_KEY": PEM,
}
# In no environment: known by their shapes alone.
SHAPED = (
    "nvapi-canary0zYxWvUtSrQpOnMlKjIhGfEdCbA",
    "github_pat_11CANARY9zQ8xW7vE6_uT5rS4nM3kL2",
    "ASIACANARY7Q5X3Z9W2K",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLW9mLWNhbmFyeQ",
    "canary5of7the9header",
)
SECRETS = (
    *(value for name, value in CANARIES.items() if not name.endswith("_URL")),
    *SHAPED,
    *("canary-in-url", "canary@of/the?queue", "canary-of-the-gateway"),
    'canary \\"quoted\\" p',
)
# As much of each as tells something of it, white space left out.
PIECES = [
    squeezed[at : at + TELLING].encode()
    for squeezed in ("".join(secret.split()) for secret in SECRETS)
    for at in range(0, max(1, len(squeezed) - TELLING + 1), TELLING)
]
ALL = " ".join([*CANARIES.values(), *SHAPED[:-1], f"x-api-key: {SHAPED[-1]}"])
MODES = ("steps", "log", "events")
EVERYTHING = ("--debug", "--verbose", "--stats")
ALL_LINES = ("--raw", "--include-types", "chain", "--include-types", "chat_model")


def environment(home: Path, url: str) -> dict[str, str]:
    """Canaries in every place; the server's address holds a password too."""
    address = url.replace("http://", "http://joe:canary-of-the-gateway@")
    return {**with_server(home, address), **CANARIES}


def run(
    warm: Warm, output: str, home: Path, script: Script, *more: str, leaves: bool = False
) -> Done:
    """One run with all that can be said, kept and recorded of it; see `Warm.run_on_terminal`."""
    keep = ("--record", str(home / "run.jsonl"))
    shown = ("-o", output, *(ALL_LINES if output == "jsonl" else ()))
    arguments = ["ask", f"is {ALL} safe?", *shown, *EVERYTHING, *keep, *more]
    with ScriptedServer(script) as server:
        env = environment(home, server.url)
        if output == "live":
            return warm.run_on_terminal(arguments, env, leaves=leaves)
        return warm.run(arguments, env)


def assert_silent(done: Done, home: Path) -> None:
    """No canary in what was printed, nor in any file below the home folder.

    But in what a thread is gone on with, which is as it is: see docs/conversation.md.
    """
    written = [each for each in home.rglob("*") if each.is_file() and each.suffix != ".sqlite"]
    assert len(written) >= 2, "a recording and a history"
    unwrapped = done.out.replace(b"\r\n", b"").replace(b"\x1b[0m", b"")
    for text in (done.out, unwrapped, done.err, *(path.read_bytes() for path in written)):
        squeezed = b"".join(text.replace(b"\\n", b"").split())
        assert [piece for piece in PIECES if piece in squeezed] == []


@in_turn("fault, output", [fault for fault in FAULTS if fault.address is None], OUTPUTS)
def test_no_fault_brings_a_secret_out(
    warm: Warm, tmp_path: Path, fault: Fault, output: str
) -> None:
    agent: tuple[str, ...] = ()
    if fault.misdeed is not None:
        name = fault.misdeed if fault.misdeed == "silent" else f"graph_{fault.misdeed}"
        agent = ("--agent", f"tests.faults.agents:{name}")
    leaves, script = fault.told.status == "interrupted", fault.script("tool")
    done = run(warm, output, tmp_path, script, *agent, *fault.arguments, leaves=leaves)
    assert done.code == fault.told.code
    assert_silent(done, tmp_path)


def echoing(size: int) -> Script:
    """The agent and the models in its tools write all the secrets, in pieces of this size."""
    pieces = [ALL[start : start + size] for start in range(0, len(ALL), size)]
    base = cat(3)

    def script(request: Request) -> Reply:
        reply = base(request)
        if not reply.calls:
            return Reply(tokens=pieces, reasoning=pieces)
        call = reply.calls[0]
        about = {"place": ALL} if call.name == "get_items" else {}
        return Reply(calls=[Call.of(call.name, call.id, **about)])

    return script


ECHOES: dict[str, tuple[Script, Sequence[str]]] = {
    "a model writes them whole": (saying(ALL), ()),
    "a model writes them in pieces": (echoing(3), ()),
    "a model writes them letter by letter": (echoing(1), ()),
    "a server refuses with them": (lambda _: failing(401, f"wrong key: {ALL}"), ()),
    "a server fails with them": (lambda _: failing(500, ALL, retry_after="0"), ()),
    "an unknown tool is called like them": (calling(Call(ALL, "{}")), ()),
    "arguments that are no JSON hold them": (calling(Call("get_items", ALL)), ()),
    "a tool returns them": (cat(3), ("--agent", "tests.faults.agents:graph_tells")),
    "a tool raises with them": (cat(3), ("--agent", "tests.faults.agents:graph_spills")),
    "an executor's tool raises with them": (
        cat(3),
        ("--agent", "tests.faults.agents:executor_spills"),
    ),
}


@pairwise("echo, mode, output", itertools.product(ECHOES, MODES, OUTPUTS))
def test_no_echo_brings_a_secret_out(
    warm: Warm, tmp_path: Path, echo: str, mode: str, output: str
) -> None:
    """What a model or a tool says of the person's secrets is masked everywhere."""
    script, agent = ECHOES[echo]
    done = run(warm, output, tmp_path, script, *agent, "--mode", mode)
    assert_silent(done, tmp_path)
    assert b"[redacted]" in done.out or output == "answer"  # there may be none
    if output == "jsonl":
        checks.assert_whole(done.events)


def test_no_command_that_shows_a_run_again_brings_a_secret_out(warm: Warm, tmp_path: Path) -> None:
    run(warm, "jsonl", tmp_path, echoing(3))
    env = environment(tmp_path, "http://127.0.0.1:9/v1")
    for ending in ("html", "svg", "md", "cast", "txt"):
        done = warm.run(["export", "last", str(tmp_path / f"run.{ending}")], env)
        assert done.code == 0
        assert_silent(done, tmp_path)
    for arguments in (
        ["runs"],
        ["runs", "--search", "a"],
        ["runs", "show", "last"],
        ["show", "--prompts", "--stats"],
        ["replay", "last", "--speed", "0"],
    ):
        assert_silent(warm.run(arguments, env), tmp_path)


@pytest.mark.parametrize(
    "arguments",
    [
        ["ask", "q", "--agent", CANARIES["OPENAI_API_KEY"]],
        ["ask", "q", "--agent", f"{CANARIES['GITHUB_TOKEN']}:agent"],
        ["ask", "q", "--model", f"nobody:{CANARIES['OPENAI_API_KEY']}"],
        ["tool", "get_items", f"x={CANARIES['AWS_SECRET_ACCESS_KEY']}"],
        ["replay", CANARIES["OPENAI_API_KEY"]],
    ],
)
def test_no_mistake_on_the_command_line_brings_a_secret_out(
    warm: Warm, tmp_path: Path, arguments: list[str]
) -> None:
    done = warm.run(arguments, environment(tmp_path, "http://127.0.0.1:9/v1"))
    assert done.code != 0
    for secret in SECRETS:
        assert secret.encode() not in done.out + done.err


def test_a_defect_of_catagent_is_reported_without_secrets(tmp_path: Path) -> None:
    """Also with its traceback: whatever raises, it goes through the same mask."""
    code = (
        "import sys, catagent.cli.main as main\n"
        "def broken(args): raise RuntimeError(sys.argv[2])\n"
        "main.run = broken\n"
        "from catagent.__main__ import main\n"
        "main()\n"
    )
    secret = CANARIES["AWS_SECRET_ACCESS_KEY"]
    done = subprocess.run(
        [sys.executable, "-c", code, "--debug", secret],
        env=environment(tmp_path, "http://127.0.0.1:9/v1"),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" in done.stderr
    assert "defect" in done.stderr
    assert secret not in done.stderr


def test_the_canaries_would_be_found(warm: Warm, tmp_path: Path) -> None:
    """Where the environment does not hold them, the same words come out."""
    with ScriptedServer(scripts.saying("wJalrXUtnFEMIcanaryK7MDENG")) as server:
        done = warm.run(["ask", "q"], with_server(tmp_path, server.url))
    assert b"wJalrXUtnFEMIcanaryK7MDENG" in done.out
