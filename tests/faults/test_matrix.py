"""The fault matrix: each row of the table, by both agents, in all modes, as lines and live.

Each run is a process of its own with real pipes or a real terminal (tests/support/warm.py).
"""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from tests.faults import checks
from tests.faults.table import FAULTS, Address, Fault, Place, Told
from tests.support.cli import with_server
from tests.support.matrix import pairwise
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.tls import certified
from tests.support.warm import Warm

QUESTION = "what items are located where the cat is hiding?"
MODES = ("steps", "log", "events")
Addresses = dict[Address, str]


@pytest.fixture(scope="module")
def addresses() -> Iterator[Addresses]:
    """Where no server is, where no name is, no TLS is spoken, or by nobody that we know."""

    class Plain(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(1 << 12)
            self.request.sendall(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")

    with (
        socket.socket() as nobody,
        socketserver.ThreadingTCPServer(("127.0.0.1", 0), Plain) as plain,
        ScriptedServer(cat(), tls=certified(trustme.CA())) as stranger,
    ):
        nobody.bind(("127.0.0.1", 0))  # bound, and never listened on
        threading.Thread(target=plain.serve_forever, daemon=True).start()
        yield {
            "refused": f"http://127.0.0.1:{nobody.getsockname()[1]}/v1",
            "unknown": "http://no-such-host.invalid/v1",
            "no TLS": f"https://127.0.0.1:{plain.server_address[1]}/v1",
            "untrusted": stranger.url,
        }
        plain.shutdown()


def asked(
    fault: Fault, place: Place, agent: str, url: str, addresses: Addresses, home: Path
) -> tuple[list[str], dict[str, str]]:
    """The arguments and the environment of a run with this fault."""
    shape = "graph" if agent == "cat" else "executor"
    env = with_server(home, url, CATAGENT_HISTORY="false")
    if fault.misdeed is not None:
        name = fault.misdeed if fault.misdeed == "silent" else f"{shape}_{fault.misdeed}"
        agent = f"tests.faults.agents:{name}"
    elif fault.address is not None and place == "agent":
        env["OPENAI_BASE_URL"] = addresses[fault.address]
    elif fault.address is not None:
        agent, env["TOOL_URL"] = f"tests.faults.agents:{shape}_elsewhere", addresses[fault.address]
    return ["ask", QUESTION, "--agent", agent, *fault.arguments], env


def as_lines(
    warm: Warm, arguments: list[str], env: dict[str, str], fault: Fault, told: Told
) -> None:
    """The JSON lines are whole, stderr holds one message, both say what the table says."""
    run = warm.spawn(arguments, env)
    done = run.wait()
    events, said = done.events, done.err.decode()
    checks.assert_whole(events)
    checks.assert_told(told, events[-1])
    if fault.beside is None:
        checks.assert_said(told, events[-1], said)
    else:
        assert fault.beside in said
    assert "Traceback" not in said
    if told is fault.told:
        checks.assert_seen(fault, events)
    assert done.code == told.code
    checks.assert_nothing_left(run.pid)


def live(warm: Warm, arguments: list[str], env: dict[str, str], fault: Fault, told: Told) -> None:
    """The terminal is whole, the message on it once, and the recording has it all."""
    recording = Path(env["HOME"]) / "run.jsonl"
    arguments = [*arguments, "--record", str(recording)]
    done = warm.run_on_terminal(arguments, env, leaves=told.status == "interrupted")
    _, *lines = recording.read_text(encoding="utf-8").splitlines()
    events = [json.loads(line) for line in lines]
    checks.assert_whole(events)
    checks.assert_told(told, events[-1])
    checks.assert_terminal_whole(done)
    checks.assert_shown(told, events[-1], done.out)
    assert done.code == told.code


OUTPUTS = {"lines": as_lines, "live": live}
CASES = [
    (fault, place, agent, mode, output)
    for fault in FAULTS
    for place in fault.places
    for agent in fault.agents
    for mode in MODES
    for output in OUTPUTS
]


@pairwise("fault, place, agent, mode, output", CASES)
def test_every_fault_is_reported(
    warm: Warm,
    addresses: Addresses,
    tmp_path: Path,
    fault: Fault,
    place: Place,
    agent: str,
    mode: str,
    output: str,
) -> None:
    with ScriptedServer(fault.script(place)) as server:
        arguments, env = asked(fault, place, agent, server.url, addresses, tmp_path)
        told = fault.told_by(agent)
        OUTPUTS[output](warm, [*arguments, "--mode", mode], env, fault, told)
        assert server.wait_closed()
