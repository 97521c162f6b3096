"""`--explain`: the scripts that it prints are run, and do what the command does."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli import environment, quiet
from tests.support.script_runner import ScriptRunner
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.warm import Warm

QUESTION = "what items are located where the cat is hiding?"
OWN = '''
from dataclasses import dataclass
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import tool
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.runtime import Runtime

@dataclass
class Context:
    user: str = "nobody"

def reply(state: MessagesState, runtime: Runtime[Context]):
    text = f"{state['messages'][-1].content} {runtime.context.user}"
    return {"messages": [("ai", text)]}

builder = StateGraph(MessagesState, context_schema=Context).add_node("reply", reply)
builder = builder.add_edge(START, "reply")
graph = builder.compile()
shout = RunnableLambda(lambda text: text.upper())

def make():
    return graph

@tool
def double(number: int) -> int:
    """Double a number."""
    return 2 * number

def spell(word: str) -> str:
    """Spell a word."""
    return "-".join(word)
'''


@pytest.fixture(scope="module")
def server() -> Any:
    with ScriptedServer(cat(tokens=3)) as server:
        yield server


@pytest.fixture(scope="module")
def runner() -> Any:
    with ScriptRunner() as runner:
        yield runner


def printed(warm: Warm, home: Path, arguments: list[str], server: ScriptedServer) -> str:
    """The script that is printed, which ruff would leave as it is."""
    done = warm.run([*arguments, "--explain"], quiet(home, server))
    assert (done.code, done.err) == (0, b""), done.err
    assert "sk-test" not in done.out.decode()
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", "-"]
    laid = subprocess.run(ruff, input=done.out, capture_output=True, check=False)
    assert laid.stdout == b"", laid.stdout.decode()
    return done.out.decode()


def said(runner: ScriptRunner, script: str, home: Path) -> str:
    """What the script prints; stderr stays empty."""
    code, out, err = runner.run(script, home)
    assert (code, err) == (0, ""), err
    return out


def alone(script: bytes, home: Path) -> str:
    """What the script prints in a process of its own, as somebody would run it."""
    (home / "script.py").write_bytes(script)
    command = [sys.executable, "-W", "error", "script.py"]
    ran = subprocess.run(
        command, cwd=home, env=environment(home), capture_output=True, text=True, check=False
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout


def told(warm: Warm, home: Path, arguments: list[str], server: ScriptedServer) -> list[Any]:
    """The events of the same command."""
    done = warm.run([*arguments, "-o", "jsonl"], quiet(home, server))
    assert done.code == 0, done.err
    return done.events


def as_said(events: list[dict[str, Any]]) -> str:
    """What a script that goes by astream_events prints of a run with these events."""
    text = ""
    for event in events:
        name, data = event["name"], event["data"]
        match event["type"]:
            case "llm.started":
                text += f"{name}: "
            case "llm.token" if data["channel"] == "text":
                text += data["delta"]
            case "llm.finished":
                text += "\n"
            case "tool.started":
                text += f"{name} starts: {data['tool_input']}\n"
            case "tool.finished":
                text += f"{name} ends: {data['output']}\n"
    return text


def plain(text: str) -> str:
    """The observations of an agent are messages: their content alone."""
    return re.sub(r"ends: content='(.*?)' name=.*", r"ends: \1", text)


CAT = ["ask", QUESTION]


@pytest.mark.parametrize(
    "arguments",
    [
        *(CAT, [*CAT, "--agent", "cat-classic"]),
        [*CAT, "--thread", "den", "--timeout", "60", "--max-steps", "9", "--idle-timeout", "30"],
        [*CAT, "--include-names", "get_items", "--include-tags", "hiding_spot"],
        [*CAT, "--exclude-types", "llm", "--exclude-names", "where_cat_is_hiding"],
        ["ask", "--input", '{"messages": [["user", "where?"]]}', "--configurable", "user=7"],
        ["tool", "get_items", "place=on a table"],
    ],
    ids=" ".join,
)
def test_a_script_of_events_prints_what_ask_shows(
    arguments: list[str],
    warm: Warm,
    tmp_path: Path,
    server: ScriptedServer,
    runner: ScriptRunner,
) -> None:
    script = printed(warm, tmp_path, arguments, server)
    assert not list(tmp_path.rglob("*.sqlite"))
    shown = plain(said(runner, script, tmp_path))
    # Under filters, LangChain gives the first event that passes them the input of the run.
    shown = shown.replace(f"{{'messages': [{{'role': 'user', 'content': '{QUESTION}'}}]}}", "{}")
    assert shown == as_said(told(warm, tmp_path, arguments, server))
    assert shown


def test_a_script_of_the_log_prints_each_operation(
    warm: Warm,
    tmp_path: Path,
    server: ScriptedServer,
    runner: ScriptRunner,
) -> None:
    arguments = [
        *CAT,
        "-m",
        "log",
        "--include-types",
        "chat_model",
        "--exclude-names",
        "ChatOpenAI",
    ]
    script = printed(warm, tmp_path, arguments, server)
    code, shown, err = runner.run(script, tmp_path)
    assert (code, err.count("\n"), "astream_log is deprecated" in err) == (0, 2, True), err
    tokens = re.findall(r"^add /logs/(.*)/streamed_output_str/- '(.+)'$", shown, re.MULTILINE)
    events = told(warm, tmp_path, arguments, server)
    texts = [(e["name"], e["data"]["delta"]) for e in events if e["type"] == "llm.token"]
    assert tokens == texts
    assert "replace /final_output" in shown


@pytest.mark.parametrize("agent", ["cat", "cat-classic"])
def test_a_script_of_steps_prints_actions_observations_and_the_answer(
    agent: str,
    warm: Warm,
    tmp_path: Path,
    server: ScriptedServer,
    runner: ScriptRunner,
) -> None:
    arguments = [*CAT, "--mode", "steps", "--agent", agent]
    shown = said(runner, printed(warm, tmp_path, arguments, server), tmp_path)
    events = told(warm, tmp_path, arguments, server)
    words = [e["name"] for e in events if e["type"] == "action"]
    words += [e["data"]["output"] for e in events if e["type"] in ("observation", "answer")]
    assert len(words) == 5
    assert [word for word in words if word not in shown] == []


ANN = ["--context", '{"user": "ann"}']
OWN_CASES = [
    (
        ["ask", "--agent", "my_agents.py:graph", *ANN, "hello you"],
        "you ann",
    ),
    (
        ["ask", "--agent", "my_agents:builder", *ANN, "hello you"],
        "you ann",
    ),
    (["ask", "--agent", "my_agents.py:make", *ANN, "-m", "steps", "hi you"], "hi you ann"),
    (["ask", "--agent", "shout", "-m", "log", "hello you"], "HELLO YOU"),
    (["ask", "--agent", "my_agents.py:shout", "hello you"], "HELLO YOU"),
    (["ask", "--agent", "my_agents.py:shout", "--include-types", "chain", "hey you"], "HEY YOU"),
    (["tool", "my_agents.py:double", "number=4"], "double ends: 8"),
    (["tool", "my_agents:spell", "word=cat", "--mode", "steps"], "c-a-t"),
]


@pytest.mark.parametrize(("arguments", "words"), OWN_CASES, ids=lambda each: str(each))
def test_a_script_asks_what_a_person_brings(
    arguments: list[str],
    words: str,
    warm: Warm,
    tmp_path: Path,
    server: ScriptedServer,
    runner: ScriptRunner,
) -> None:
    """Its code is not run to print the script."""
    (tmp_path / "my_agents.py").write_text(f"open('ran', 'w').close()\n{OWN}")
    (tmp_path / "langgraph.json").write_text('{"graphs": {"shout": "my_agents.py:shout"}}')
    script = printed(warm, tmp_path, arguments, server)
    assert not (tmp_path / "ran").exists()
    code, out, err = runner.run(script, tmp_path)
    assert (code, words in out) == (0, True), err


def test_a_script_runs_on_its_own_against_a_server_that_wants_no_key(
    warm: Warm, tmp_path: Path, server: ScriptedServer
) -> None:
    env = environment(tmp_path, OPENAI_BASE_URL=server.url)
    done = warm.run([*CAT, "--explain"], env)
    shown = alone(done.out, tmp_path)
    assert "The cat is **under the sofa**." in shown


def test_a_script_stops_at_the_step_limit(
    warm: Warm, tmp_path: Path, server: ScriptedServer, runner: ScriptRunner
) -> None:
    """Two rounds of tool calls and an answer are within two steps, as they are for `ask`."""
    for agent, stopped in (("cat", "GraphRecursionError"), ("cat-classic", "stop condition")):
        for most in (1, 2):
            asked = [*CAT, "--agent", agent, "--max-steps", f"{most}"]
            _, out, err = runner.run(printed(warm, tmp_path, asked, server), tmp_path)
            assert ("The cat is **under" in out, stopped in err) == (most == 2, most == 1)


def test_a_script_asks_an_agent_on_a_server(
    warm: Warm,
    tmp_path: Path,
    langgraph_dev: str,
    server: ScriptedServer,
    runner: ScriptRunner,
) -> None:
    arguments = ["ask", "--agent", f"{langgraph_dev}/cat", QUESTION]
    shown = said(runner, printed(warm, tmp_path, arguments, server), tmp_path)
    assert "get_items starts: {'place': " in shown
    assert "ChatOpenAI: The cat is" in shown


@pytest.mark.local_model
def test_a_script_has_the_embedded_model_of_catagent(warm: Warm, tmp_path: Path) -> None:
    script = warm.run(["tool", "get_items", "place=bed", "--explain"], environment(tmp_path)).out
    shown = alone(script, tmp_path)
    assert re.search(r"^Get Items LLM: \w.*\nget_items ends: \w", shown, re.MULTILINE)
