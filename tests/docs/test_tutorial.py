"""The tutorial is walked: its commands are run, in order, and print what stands below them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.cli import environment, with_command, with_server
from tests.support.replies import Call, Reply
from tests.support.scripts import target
from tests.support.server import Request, ScriptedServer

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "docs" / name for name in ("tutorial.md", "tutorial-events.md")]
# Kind and text of each block, in order.
BLOCKS = [
    block
    for page in PAGES
    for block in re.findall(r"```(sh|text|python)\n(.*?)```", page.read_text("utf-8"), re.DOTALL)
]
PLACE = "the bathtub"
# What the embedded model said where the pages were written.
TABLE = "chalk (white and reserved for special marks), coffee mug (a china cup with a dent)"
BATHTUB = "handbag (grey leather with a broken clasp), tea set (a porcelain set with painted roses)"
ANSWER = "The items located where the cat is hiding (the bathtub) are:\n1. handbag\n2. tea set"
# What differs from one run, or model, to the next.
VARIES = [
    (r"run: done in .*", "run: done"),
    (r"done: .*?(, (observation|output).*)?$", r"done\1"),
    (r"'id': '[0-9a-f-]+'", "'id': '0'"),
    (r"'\d{4}-\d\d-\d\dT[\d:.+]+'", "'0'"),
    (r"openai:gpt-4.1-mini|local:smollm2-135m|gpt-4.1-mini|smollm2-135m", "MODEL"),
]


def pieces(text: str) -> list[str]:
    return re.findall(r"\s*\S+", text)


def decides(request: Request) -> Reply:
    match target(request):
        case "agent":
            calls = [
                Call.of("where_cat_is_hiding", "call_1"),
                Call.of("get_items", "call_2", place=PLACE),
            ]
            done = len(request.observations)
            return Reply(calls=[calls[done]]) if done < 2 else Reply(pieces(ANSWER))
        case "where":
            return Reply(pieces(PLACE))
        case _:
            return Reply(pieces(TABLE if "table" in request.prompt else BATHTUB))


def shell(command: str, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-o", "pipefail", "-c", command],
        cwd=env["HOME"],
        env=env,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=90,
        check=False,
    )


def steady(text: str) -> list[str]:
    """Its lines, without what varies."""
    for pattern, instead in VARIES:
        text = re.sub(pattern, instead, text, flags=re.MULTILINE)
    return [line.rstrip() for line in text.splitlines()]


def walked(env: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Run each command; yield it, what it printed, and what the page says of that."""
    after = [*BLOCKS[1:], ("", "")]
    for (kind, commands), (next_kind, text) in zip(BLOCKS, after, strict=True):
        if kind == "sh":
            done = shell(commands, env)
            assert done.returncode == 0, f"{commands}\n{done.stderr}"
            yield commands, done.stdout, text if next_kind == "text" else ""


@pytest.mark.timeout(240)  # a process for each command
def test_the_tutorial_prints_what_it_says(tmp_path: Path) -> None:
    with ScriptedServer(decides) as server:
        for command, printed, expected in walked(
            with_command(tmp_path, with_server(tmp_path, server.url))
        ):
            assert steady(printed) == steady(expected), command


@pytest.mark.timeout(240)
def test_the_python_of_the_tutorial_is_of_the_script_before_it(tmp_path: Path) -> None:
    """As --explain prints it without a key."""
    env, script = with_command(tmp_path, environment(tmp_path)), ""
    for kind, text in BLOCKS:
        for command in re.findall(r"^catagent .*--explain.*?(?= >|$)", text, re.MULTILINE):
            script = shell(command, env).stdout
        if kind == "python":
            assert f"\n{text}" in script


@pytest.mark.full
@pytest.mark.local_model
@pytest.mark.timeout(400)
def test_the_tutorial_works_on_the_embedded_model(tmp_path: Path) -> None:
    assert all(
        printed or ">" in command
        for command, printed, _ in walked(with_command(tmp_path, environment(tmp_path)))
    )
