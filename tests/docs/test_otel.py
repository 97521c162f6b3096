"""The commands of docs/otel.md are run against a collector on a socket."""

from __future__ import annotations

import re
import subprocess
import textwrap
from pathlib import Path

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span

from tests.support.cli import with_command, with_server
from tests.support.collector import CollectorServer, facts
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

TEXT = (Path(__file__).parents[2] / "docs/otel.md").read_text(encoding="utf-8")
(COMMANDS,) = re.findall(r"```sh\n(.*?)```", TEXT, re.DOTALL)
APP = """
from langchain_core.language_models.fake_chat_models import FakeListChatModel

FakeListChatModel(responses=["under the sofa"]).invoke("where is the cat?")
"""


def is_named(attribute: str) -> bool:
    """Whether the document has it: as it is, after others of its kind, or as one of `its.*`."""
    kind, _, own = attribute.rpartition(".")
    return any(f"{each}`" in TEXT for each in (attribute, f"`.{own}", f"{kind}.*"))


@pytest.mark.timeout(120)  # a process for each command
def test_every_command_sends_what_the_document_says_over_otlp(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    sent: list[list[Span]] = []
    with CollectorServer() as collector, ScriptedServer(cat()) as server:
        env = with_command(tmp_path, with_server(tmp_path, server.url))
        for line in COMMANDS.splitlines():
            command = line.replace("http://localhost:4318", collector.url)
            done = subprocess.run(
                ["bash", "-c", command],
                env=env, cwd=tmp_path, capture_output=True, text=True, timeout=90, check=False,
            )  # fmt: skip
            assert done.returncode == 0, f"{line}\n{done.stderr}"
            sent.append(collector.spans)
            collector.spans = []
    asked, watched, played = sent
    asked.sort(key=lambda span: span.start_time_unix_nano)
    (block,) = re.findall(r"^    invoke_agent.*\n(?:    .*\n)+", TEXT, re.MULTILINE)
    assert [span.name for span in asked] == textwrap.dedent(block).replace("  ", "").splitlines()
    assert watched
    # The last run that is kept is the one that was watched.
    assert {span.trace_id for span in played} == {span.trace_id for span in watched}
    said = set[str]().union(*map(facts, played))
    assert "gen_ai.input.messages" in said
    named = {name for span in (*asked, *played) for name in facts(span) if "gen_ai" in name}
    assert {name for name in named if not is_named(name)} == set()
