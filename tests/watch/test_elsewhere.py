"""`ask` of an agent in another interpreter: the run that it has in ours, and every way to fail.

The interpreter is that of a virtual environment made for it, with the packages of these tests.
"""

from __future__ import annotations

import ast
import os
import signal
import subprocess
import sys
import venv
from pathlib import Path
from typing import Any

import pytest

from catagent.agents.driver import __main__ as driver
from catagent.events.codec import decode
from catagent.workarounds import stream_writer
from tests.support import scripts
from tests.support.cli import COMMAND, catagent, environment, lines, on_terminal
from tests.support.contract import Played, played, resolved, story
from tests.support.interpreters import twin
from tests.support.replies import Reply
from tests.support.server import ScriptedServer
from tests.support.waiting import wait_until

CAT = '''
from langchain.agents import create_agent
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from questions import WHERE, ITEMS

print("printed by the agent")
model = ChatOpenAI(model="scripted", max_retries=0)
model.invoke(WHERE)  # a run of its own, which is none of the agent's

@tool
def where_cat_is_hiding() -> str:
    """Where is the cat hiding right now?"""
    return model.invoke(WHERE).content

@tool
def get_items(place: str) -> str:
    """Items in a place."""
    return model.invoke(ITEMS.format(place=place)).content

agent = create_agent(model, [where_cat_is_hiding, get_items])
'''
QUESTIONS = """
from catagent.agents import cat_prompts
WHERE, ITEMS = cat_prompts.WHERE_PROMPT, cat_prompts.ITEMS_PROMPT
"""
SMALL = """
import asyncio, contextlib, os, sys, threading, time
from typing import TypedDict
from langchain_core.runnables import RunnableLambda

async def wait(question):
    print("it waits", os.getpid(), flush=True)
    try:
        await asyncio.sleep(60)
    finally:
        print("it was cancelled", flush=True)

def model():
    from langchain_openai import ChatOpenAI
    return ChatOpenAI(model="scripted", max_retries=0)

modelled = RunnableLambda(lambda question: model().invoke(question).content)

def leave(question):
    print("small printed")
    threading.Thread(target=time.sleep, args=(60,)).start()
    return "left: " + question

waiting = RunnableLambda(wait)
leaving = RunnableLambda(leave)
dying = RunnableLambda(lambda question: os._exit(3))
failing = RunnableLambda(lambda question: [][1])
os.environ["SOME_API_KEY"] = "a-value-of-the-program-0123"
leaking = RunnableLambda(lambda question: "a-value-of-the-program-0123")
telling = RunnableLambda(lambda _: f"{sys.prefix} {os.environ['X_KEY']}")
number, tools = 42, []

@contextlib.asynccontextmanager
async def made(config, runtime):
    import helping  # in src
    open = [helping.name, *config["configurable"]]
    yield RunnableLambda(lambda question: f"{open} {question}")
    open.clear()
    print("it was closed", flush=True)

@contextlib.asynccontextmanager
async def unclosed():
    yield RunnableLambda(lambda question: question)
    raise OSError("it was not closed")

@contextlib.asynccontextmanager
async def held():
    try:
        yield waiting
    finally:
        await asyncio.sleep(0)
        print("it was closed", flush=True)

def pause(state):
    from langgraph.config import get_store
    from langgraph.types import interrupt
    get_store().put(("a",), "b", {"c": "May I?"})
    return {"answer": interrupt(get_store().get(("a",), "b").value["c"])}

def pausing(runtime):
    from langgraph.graph import START, StateGraph
    state = TypedDict("State", {"question": str, "lock": object, "answer": str})
    graph = StateGraph(state).add_node("lock", lambda _: {"lock": threading.Lock()})
    graph.add_node("pause", pause).add_edge(START, "lock").add_edge("lock", "pause")
    return graph

def note(state):
    with open("log", "a") as log:
        print("begins", file=log, flush=True)
        time.sleep(6)  # the other has begun by then
        print("ends", file=log)

def noting():
    from langgraph.graph import START, MessagesState, StateGraph
    return StateGraph(MessagesState).add_node("note", note).add_edge(START, "note")

def wanting(model):
    return waiting
"""

SHAPES = """
from tests.support.shapes import SHAPES

def made_of(shape):
    made = shape.make()
    return made[0] if isinstance(made, tuple) else made

globals().update({s.name.replace(" ", "_"): lambda s=s: made_of(s) for s in SHAPES})
"""
CHAINED = """
from dataclasses import dataclass
from langchain_core.runnables import RunnableLambda
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.types import StreamWriter

@dataclass
class Context:
    model: str

def node(state, runtime, *, writer: StreamWriter):
    writer({"asks": runtime.context.model})
    return {"messages": [("ai", f"by {runtime.context.model}")]}

graph = StateGraph(MessagesState, context_schema=Context).add_node("node", node)
asked = RunnableLambda(lambda question: {"messages": [question]})
last = RunnableLambda(lambda state: [message.text for message in state["messages"]])
agent = asked | graph.add_edge(START, "node").compile() | last
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with agents in it, and an environment that sees the packages of this one."""
    folder = tmp_path_factory.mktemp("project")
    twin(folder)
    (folder / "src/agents").mkdir(parents=True)
    (folder / "pyproject.toml").write_text("")
    (folder / "src/agents/questions.py").write_text(QUESTIONS)
    (folder / "src/helping.py").write_text("name = 'helped: '\n")
    (folder / "src/agents/cat.py").write_text(CAT)
    (folder / "src/agents/small.py").write_text(SMALL)
    (folder / "src/agents/shapes.py").write_text(SHAPES)
    (folder / "src/agents/chained.py").write_text(CHAINED)
    return folder


def agent(project: Path, name: str) -> str:
    return f"{project}/src/agents/{name.replace(':', '.py:')}"


def python(project: Path) -> str:
    return str(project / ".venv/bin/python")


def home(tmp_path: Path, **more: str) -> dict[str, str]:
    """An environment in which no virtual environment is active."""
    env = environment(tmp_path, TMPDIR=str(tmp_path), **more)
    env.pop("VIRTUAL_ENV", None)
    return env


def told(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """What tools and models did, without the ids, times and state of one run."""
    names = {event["call"]: event["name"] for event in events if event["type"] == "tool.started"}
    return [
        (
            event["type"],
            names.get(event["call"], event["name"]),
            event["data"].get("delta") or event["data"].get("output"),
        )
        for event in events
        if event["type"].startswith(("llm.", "tool.", "answer"))
    ]


def test_the_run_is_the_one_that_it_is_in_our_process(project: Path, tmp_path: Path) -> None:
    """Token by token, each with its owner; and in the recording. What it prints goes to stderr."""
    with ScriptedServer(scripts.cat(tokens=30)) as server:
        env = home(tmp_path, OPENAI_API_KEY="sk-test-0123456789", OPENAI_BASE_URL=server.url)
        asked = ("ask", "--agent", agent(project, "cat:agent"), "-o", "jsonl", "where is it?")
        there = catagent(*asked, "--record", str(tmp_path / "run.jsonl"), env=env)
        here = catagent(*asked, env={**env, "VIRTUAL_ENV": sys.prefix})
    events = lines(there.stdout)
    assert (there.returncode, here.returncode) == (0, 0), there.stderr + here.stderr
    assert told(events) == told(lines(here.stdout))
    started, finished = events[0]["data"], events[-1]["data"]
    assert started["agent"] == agent(project, "cat:agent")
    assert started["versions"]["python"] == ".".join(map(str, sys.version_info[:3]))
    assert (started["model"], started["mode"]) == (None, "events")
    assert finished["output"] == "".join(scripts.ANSWER_TOKENS)
    recorded = {event.get("seq"): event for event in lines((tmp_path / "run.jsonl").read_text())}
    assert [recorded[event["seq"]] for event in events] == events
    assert there.stderr.splitlines() == [
        f"catagent: {agent(project, 'cat:agent')} runs in {python(project)}",
        "printed by the agent",
    ]
    assert list(tmp_path.glob("catagent-*/*")) == []


def named_here(story: dict[str, list[Any]]) -> dict[str, list[Any]]:
    """What happened, without what an agent is called: that is its path there."""
    whole = {"run.started", "run.finished", "answer", "interrupt"}
    return {
        kind: [{**each, "name": None} if kind in whole else each for each in found]
        for kind, found in story.items()
    }


@pytest.mark.parametrize(
    "name",
    [
        "talking in a nested agent",
        "dicts of openai",
        "functional with an agent",
        "graph in the middle of a chain",
        "pause that a chain answers",
        "pause before a node",
    ],
)
def test_a_shape_comes_to_what_it_comes_to_in_our_process(
    project: Path, tmp_path: Path, name: str
) -> None:
    here, path = played(name, "events"), tmp_path / "run.jsonl"
    asked = ("ask", "--agent", agent(project, f"shapes:{name.replace(' ', '_')}"))
    question = here.lines[0]["data"]["input"]
    result = catagent(*asked, "--record", str(path), question, env=home(tmp_path))
    events = [decode(line) for line in path.read_bytes().splitlines()[1:]]
    there = Played(here.shape, "events", events, resolved(events))
    assert named_here(story(there)) == named_here(story(here)), result.stderr


def test_a_graph_in_a_chain_has_its_context_and_a_writer(project: Path, tmp_path: Path) -> None:
    asked = ("ask", "-o", "jsonl", "--agent", agent(project, "chained:agent"), "hi")
    result = catagent(*asked, "--context", '{"model": "m"}', env=home(tmp_path))
    events = lines(result.stdout)
    [written] = [event for event in events if event["data"].get("kind") == "custom"]
    assert (written["data"]["content"], written["tags"]) == ({"asks": "m"}, ["graph:step:1"])
    assert events[-1]["data"]["output"] == '["hi","by m"]', result.stderr


@pytest.mark.parametrize(
    ("name", "code", "message", "hint", "source"),
    [
        ("small:numbr", 2, "small.py has no attribute 'numbr'", "did you mean number?", ""),
        (
            "small:number",
            2,
            "number is an object of class int, which cannot",
            "bring a Runnable",
            "",
        ),
        ("small:tools", 2, "tools is an object of class list", "give these tools to", ""),
        ("small:wanting", 2, "wants an argument called 'model'", "a factory here may take", ""),
        (
            "missing:agent",
            2,
            "No module named 'no_such_module' in {python}",
            "install it there",
            "import no",
        ),
        ("broken:agent", 2, "broken.py, line 1: ", "mend it for Python 3.", "def agent(:"),
        ("raising:agent", 1, "The agent failed: ValueError: at import", "", "raise V"),
        ("keyless:agent", 4, "There is no API key.", "set OPENAI_API_KEY", "agent = Chat"),
        ("small:failing", 1, "The agent failed: IndexError: list index out of", "", "failing = "),
        ("small:unclosed", 1, "The agent failed: OSError: it was not closed", "", "raise OS"),
        ("small:dying", 1, "{python} ended before the agent did", "", ""),
        ("leaving:agent", 1, "{python} ended (7), and no run was seen in it", "", ""),
    ],
)
def test_what_goes_wrong_there_is_said_with_the_exit_code_that_it_has_here(
    project: Path, tmp_path: Path, name: str, code: int, message: str, hint: str, source: str
) -> None:
    for module, text in {
        "missing": "import no_such_module",
        "broken": "def agent(:",
        "raising": "raise ValueError('at import')",
        "keyless": "from langchain_openai import ChatOpenAI\nagent = ChatOpenAI(model='m')",
        "leaving": "import os\nos._exit(7)",
    }.items():
        (project / f"src/agents/{module}.py").write_text(text)
    result = catagent(
        "ask", "-o", "jsonl", "--debug", "--agent", agent(project, name), "hi", env=home(tmp_path)
    )
    *_, last = lines(result.stdout)
    assert (result.returncode, last["data"]["exit_code"]) == (code, code), result.stderr
    assert message.format(python=python(project)) in last["data"]["error"]["message"]
    assert last["data"]["error"]["hint"].startswith(hint)
    shown = last["data"]["error"].get("source", "")
    assert (shown[: len(source)], bool(shown)) == (source, bool(source))
    assert (f'/{name.partition(":")[0]}.py", line ' in result.stderr) == bool(source)


def test_a_secret_that_the_agent_brought_is_masked(project: Path, tmp_path: Path) -> None:
    result = catagent(
        "ask", "-o", "jsonl", "--agent", agent(project, "small:leaking"), "hi", env=home(tmp_path)
    )
    assert lines(result.stdout)[-1]["data"]["output"] == "[redacted]"
    assert "a-value-of-the-program" not in result.stdout


def test_an_id_runs_in_its_projects_interpreter_with_its_environment(
    project: Path, tmp_path: Path
) -> None:
    """A file that is nearer to another project's folder too: the root is that of langgraph.json."""
    (project / "langgraph.json").write_text(
        '{"graphs": {"one": "./src/agents/small.py:telling"}, "env": {"X_KEY": "a-value-0123"}}'
    )
    (project / "src/agents/setup.py").write_text("")
    asked = ("ask", "-o", "answer", "--agent", f"{project}/langgraph.json:one", "hi")
    result = catagent(*asked, env=home(tmp_path))
    for name in ("langgraph.json", "src/agents/setup.py"):
        (project / name).unlink()
    assert result.stdout == f"{project}/.venv [redacted]\n"


def test_a_factory_may_hold_its_agent_open_and_import_what_is_in_src(
    project: Path, tmp_path: Path
) -> None:
    asked = ("ask", "-o", "answer", "--agent", agent(project, "small:made"), "hi")
    result = catagent(*asked, env=home(tmp_path))
    assert result.stdout == "['helped: ', 'thread_id'] hi\n"
    assert "it was closed" in result.stderr


def test_a_store_and_a_checkpointer_are_supplied_there(project: Path, tmp_path: Path) -> None:
    result = catagent("ask", "--agent", agent(project, "small:pausing"), "hi", env=home(tmp_path))
    *_, asked, warning, end = lines(result.stdout)
    assert (result.returncode, end["data"]["status"]) == (5, "interrupted"), result.stderr
    assert asked["data"]["value"] == "May I?"
    assert warning["data"]["message"] == "The state of the agent cannot be stored: lock."


def test_a_thread_of_the_agents_keeps_nobody(project: Path, tmp_path: Path) -> None:
    result = catagent("ask", "--agent", agent(project, "small:leaving"), "hi", env=home(tmp_path))
    assert lines(result.stdout)[-1]["data"]["output"] == "left: hi"


def test_a_timeout_cancels_the_agent_there(project: Path, tmp_path: Path) -> None:
    asked = ("ask", "--agent", agent(project, "small:waiting"), "--timeout", "8", "hi")
    result = catagent(*asked, env=home(tmp_path))
    assert result.returncode == 124
    assert "it was cancelled" in result.stderr


def test_a_model_that_falls_silent_there_ends_the_run(project: Path, tmp_path: Path) -> None:
    with ScriptedServer(lambda _: Reply(("one ", "two"), pause=30)) as server:
        env = home(tmp_path, OPENAI_API_KEY="sk-test-0123456789", OPENAI_BASE_URL=server.url)
        asked = ("ask", "-o", "jsonl", "--agent", agent(project, "small:modelled"))
        result = catagent(*asked, "--idle-timeout", "1", "hi", env=env)
        assert len(server.requests) == 1
    assert result.returncode == 124, result.stderr
    assert "The model was silent for 1 s." in result.stderr


def test_the_live_view_shows_it_with_what_it_prints(project: Path, tmp_path: Path) -> None:
    code, shown = on_terminal(
        "ask", "--agent", agent(project, "small:leaving"), "hi", env=home(tmp_path)
    )
    assert code == 0
    assert "left: hi" in shown
    assert "small printed" in shown


def test_an_interrupt_cancels_the_agent_there(project: Path, tmp_path: Path) -> None:
    process = subprocess.Popen(
        [*COMMAND, "ask", "-o", "jsonl", "--agent", agent(project, "small:held"), "hi"],
        env=home(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    waits = next(line for line in process.stderr if line.startswith("it waits"))
    process.send_signal(signal.SIGINT)
    output, talk = process.communicate(timeout=60)
    assert process.returncode == 130
    assert lines(output)[-1]["data"]["status"] == "cancelled"
    assert "it was cancelled\nit was closed" in talk
    with pytest.raises(ProcessLookupError):
        os.kill(int(waits.split()[-1]), 0)


def test_a_run_in_a_thread_waits_there_for_the_one_that_has_it(
    project: Path, tmp_path: Path
) -> None:
    asked = (*COMMAND, "ask", "--agent", agent(project, "small:noting"), "--thread", "den", "-q")
    runs = []
    for question in ("one", "two"):
        runs.append(subprocess.Popen([*asked, question], env=home(tmp_path), cwd=tmp_path))
        wait_until((tmp_path / "log").exists, 60)
    assert [run.wait(60) for run in runs] == [0, 0]
    log = (tmp_path / "log").read_text().split()
    assert log == ["begins", "ends"] * 2


@pytest.mark.parametrize(("limit", "code"), [("60", 130), ("1", 124)])
def test_an_interpreter_that_does_not_begin_keeps_no_run_from_its_end(
    project: Path, tmp_path: Path, limit: str, code: int
) -> None:
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\necho it began >&2\nexec sleep 60\n")
    slow.chmod(0o755)
    asked = ("ask", "--agent", agent(project, "small:held"), "--python", "./slow", "hi")
    process = subprocess.Popen(
        [*COMMAND, *asked, "-o", "jsonl", "--timeout", limit],
        cwd=tmp_path,
        env=home(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    assert any("it began" in line for line in process.stderr)
    if code == 130:
        process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == code
    assert lines(output)[-1]["data"]["exit_code"] == code


@pytest.mark.parametrize(
    "option",
    [
        *("--mode=steps", "--model=openai:m", "--tool-model=openai:m", "--max-steps=3"),
        *("--raw", "--max-tokens=3", "--max-cost=1"),
    ],
)
def test_what_cannot_hold_there_is_refused(project: Path, tmp_path: Path, option: str) -> None:
    asked = ("ask", "--agent", agent(project, "small:leaking"), option, "hi")
    result = catagent(*asked, env=home(tmp_path))
    assert (result.returncode, result.stdout) == (2, "")
    assert f"{option.partition('=')[0]} cannot hold in {python(project)}" in result.stderr


def test_a_limit_in_the_settings_is_not_lifted_in_silence(project: Path, tmp_path: Path) -> None:
    env = home(tmp_path, CATAGENT_MAX_COST="1", CATAGENT_MODE="steps")
    asked = ("ask", "--agent", agent(project, "small:leaking"), "hi")
    assert catagent(*asked, env=env).returncode == 2
    assert catagent(*asked, "--max-cost", "0", env=env).returncode == 0


def test_a_module_runs_in_the_interpreter_that_is_named(project: Path, tmp_path: Path) -> None:
    env = home(tmp_path)
    env["HOME"] = str(project / "src")  # where it is run
    asked = ("ask", "--agent", "agents.small:leaking", "-o", "answer", "hi")
    assert catagent(*asked, "--python", python(project), env=env).stdout == "[redacted]\n"


def test_an_interpreter_without_langchain_says_so(project: Path, tmp_path: Path) -> None:
    venv.create(tmp_path / "bare", symlinks=True)
    env = {**home(tmp_path), "VIRTUAL_ENV": str(tmp_path / "bare")}
    result = catagent("ask", "--agent", agent(project, "small:leaking"), "hi", env=env)
    assert result.returncode == 2
    bare = tmp_path / "bare/bin/python"
    assert f"No module named 'langchain_core' in {bare}" in result.stderr
    assert "hint: LangChain is not installed there" in result.stderr


def test_an_interpreter_that_is_none_is_no_defect(project: Path, tmp_path: Path) -> None:
    """It ends without reading what it is asked."""
    asked = ("ask", "-o", "jsonl", "--agent", agent(project, "small:telling"), "hi")
    result = catagent(*asked, "--python", "/bin/false", env=home(tmp_path))
    error = lines(result.stdout)[-1]["data"]["error"]
    assert error["message"] == "/bin/false ended (1), and no run was seen in it."


def test_an_agent_of_ours_takes_no_interpreter(tmp_path: Path) -> None:
    result = catagent("ask", "--python", sys.executable, "hi", env=home(tmp_path))
    assert (result.returncode, result.stdout) == (2, "")
    assert "--python is for an agent of your own" in result.stderr


def test_the_driver_is_written_for_python_3_9_and_knows_nothing_of_ours() -> None:
    imports: set[str] = set()
    for file in (*Path(driver.__file__).parent.glob("*.py"), Path(stream_writer.__file__)):
        for node in ast.walk(ast.parse(file.read_text(), feature_version=(3, 9))):
            if isinstance(node, ast.Import):
                imports |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imports.add(str(node.module))
    # The work-around is of what has been imported there when it is.
    allowed = sys.stdlib_module_names | {"langchain_core"}
    assert {name.partition(".")[0] for name in imports} <= allowed
