"""A `langgraph.json`: its ids, where they lead, what it brings, and what is wrong with others."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from catagent.agents.code import Code, find
from catagent.agents.interpreter import interpreter_of
from catagent.agents.langgraph_json import Project
from catagent.errors import UsageError
from catagent.loading.registry import AGENTS
from tests.support.cli import catagent, environment, lines, on_terminal

OURS = Path(__file__).parents[2] / "langgraph.json"
PART = """
import os
from langchain_core.runnables import RunnableLambda
agent = RunnableLambda(lambda question: os.environ.get("SOME_API_KEY", "nothing"))
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project, which is the current folder, with an agent in `src` and a dependency."""
    (tmp_path / "src/mine").mkdir(parents=True)
    text = "from .part import agent\nimport neighbour_for_json\nfrom mine import part\n"
    (tmp_path / "src/mine/graph.py").write_text(text)
    (tmp_path / "src/mine/part.py").write_text(PART)
    (tmp_path / "libs/one/src").mkdir(parents=True)
    (tmp_path / "libs/one/src/neighbour_for_json.py").write_text("")
    (tmp_path / "secret.env").write_text("SOME_API_KEY=a-value-of-the-file-0123\n")
    monkeypatch.chdir(tmp_path)
    write(
        graphs={"cat": "./src/mine/graph.py:agent", "mine": {"path": "src/mine/graph.py:agent"}},
        dependencies=["langchain", "./libs/one", "../elsewhere"],
        env="./secret.env",
        python_version="3.11",
    )
    return tmp_path


def write(**content: Any) -> None:
    Path("langgraph.json").write_text(json.dumps(content))


def test_an_id_is_run_with_what_its_file_brings(folder: Path) -> None:
    """Relative imports of a package without an __init__, a folder of the dependencies, the env."""
    done = catagent("ask", "q", "--agent", "mine", "-o", "jsonl", env=environment(folder))
    assert done.returncode == 0
    (answer,) = [e["data"]["output"] for e in lines(done.stdout) if e["type"] == "answer"]
    assert "a-value-of" not in done.stdout
    assert answer.startswith("[redacted")
    assert (
        done.stderr
        == f"catagent: warning: ../elsewhere is left out: not below {folder}/langgraph.json\n"
    )


def test_no_interpreter_above_the_folder_of_the_file_is_looked_for(folder: Path) -> None:
    """Also where the file is named by a link to its folder."""
    linked = folder / "linked"
    linked.symlink_to(folder / "project", target_is_directory=True)
    (folder / "project").mkdir()
    (folder / "project/agent.py").write_text("")
    (folder / "project/langgraph.json").write_text('{"graphs": {"a": "agent.py:agent"}}')
    (folder / ".venv/bin").mkdir(parents=True)
    (folder / ".venv/bin/python").symlink_to(sys.executable)
    code = Code.named(f"{linked}/langgraph.json:a")
    assert code is not None
    assert code.file is not None
    assert interpreter_of(code.file, code.root, {}, None) is None


@pytest.mark.usefixtures("folder")
def test_a_built_in_name_is_ours_and_a_file_says_its_own() -> None:
    assert callable(find("cat", AGENTS, "agent"))
    code = Code.named("./langgraph.json:cat")
    assert code is not None
    assert (code.module, code.attribute) == ("mine.graph", "agent")


def test_agents_lists_what_can_be_asked(folder: Path) -> None:
    (folder / "src/mine/graph.py").write_text("raise SystemExit('it ran')")
    done = catagent("agents", env=environment(folder))
    assert done.returncode == 0
    assert [line["agent"] for line in lines(done.stdout)] == [
        *AGENTS,
        "./langgraph.json:cat",
        "mine",
    ]
    assert "mine  " in on_terminal("agents", env=environment(folder))[1]


@pytest.mark.parametrize(("quiet", "said"), [((), True), (("-q",), False)])
def test_the_cat_says_which_agents_there_are(
    folder: Path, quiet: tuple[str, ...], said: bool
) -> None:
    env = environment(folder, CATAGENT_MODEL="openai:none")
    done = catagent("ask", "q", *quiet, env=env)
    own = "langgraph.json has agents of your own: ./langgraph.json:cat, mine\n"
    assert (own in done.stderr) is said


def test_in_a_checkout_of_catagent_no_agents_are_a_persons_own(tmp_path: Path) -> None:
    """Its langgraph.json has the cat agent for servers; here that is called `cat`."""
    (tmp_path / "langgraph.json").write_bytes(OURS.read_bytes())
    env = environment(tmp_path, CATAGENT_MODEL="openai:none")
    assert "of your own" not in catagent("ask", "q", env=env).stderr
    listed = lines(catagent("agents", env=env).stdout)
    assert [line["agent"] for line in listed] == list(AGENTS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be used: "),
        ("[" * 100_000, "cannot be used: "),
        (" " * 1_000_001, "it is larger than 1 MB"),
        ("{}", "missing required field `graphs`"),
        ('{"graphs": {"a": 1}}', "got `int` - at `$.graphs[...]`"),
        ('{"graphs": {"b": "x.py:y"}}', "has no graph called 'a'"),
        ('{"graphs": {"a": "agent.py"}}', "a of "),
        ('{"graphs": {"a": "../agent.py:agent"}}', "a of "),
        ('{"graphs": {"a": "./none.py:agent"}}', "there is no file"),
        ('{"graphs": {"a": "./src/agent.ts:graph"}}', "src/agent.ts is JavaScript"),
    ],
    ids=lambda text: text[:30],
)
@pytest.mark.usefixtures("folder")
def test_a_file_of_no_use_is_explained(content: str, message: str) -> None:
    Path("langgraph.json").write_text(content)
    with pytest.raises(UsageError) as raised:
        Code.named("./langgraph.json:a")
    assert message in raised.value.message


@pytest.mark.parametrize(
    ("env", "found", "notice"),
    [
        ({"A": "1"}, {"A": "1"}, ""),
        ("secret.env", {"SOME_API_KEY": "a-value-of-the-file-0123"}, ""),
        ("../secret.env", {}, "../secret.env is left out: not below "),
        ("a\0", {}, "a\0 is left out: not below "),
        ("loop", {}, "loop"),  # which Path.resolve refuses before Python 3.13
        ("x" * 5000, {}, "x is left out: not below "),
        (".env", {}, "langgraph.json names .env, which is not there"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_an_env_is_read_below_the_folder_alone(
    env: Any, found: dict[str, str], notice: str
) -> None:
    Path("loop").symlink_to("loop")
    write(graphs={}, env=env)
    project = Project.of(Path())
    assert project is not None
    variables, notices = project.variables()
    assert variables == found
    assert notice in "".join(notices)
    assert bool(notices) is bool(notice)
