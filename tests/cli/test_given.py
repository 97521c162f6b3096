"""What an agent is given: --input in the place of a question, --context, --configurable."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from catagent.cli.given import pairs, read_json, read_object
from catagent.errors import UsageError
from tests.support.cli import catagent, environment, lines
from tests.support.interpreters import twin

AGENT = """
from dataclasses import dataclass
from typing import TypedDict
from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.runtime import Runtime

@dataclass
class Context:
    greeting: str = "hello"

class State(TypedDict):
    names: list[str]
    said: str

def greet(state, config: RunnableConfig, runtime: Runtime[Context]):
    times = config["configurable"].get("times", 1)
    return {"said": " ".join([runtime.context.greeting, *state["names"]] * times)}

graph = StateGraph(State, context_schema=Context)
graph = graph.add_node("greet", greet).add_edge(START, "greet").compile()
"""


DESCRIBED = """\
input
  names: list[str]
  said: str
output
  names: list[str]
  said: str
context
  greeting: str = 'hello'
configurable
  thread_id: str
  greeting: str = 'hello'
catagent ask --agent agent.py:graph "a question"
"""


@pytest.mark.parametrize("text", ["null", "{", "@absent.json", "@.", "[" * 100_000])
def test_what_is_not_json_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_json("--input", text)
    assert "--input" in refused.value.hint


def test_json_is_read_of_the_option_or_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"n": 1}')
    assert read_json("--input", '{"n": 1}') == read_json("--input", f"@{tmp_path}/input.json")
    assert read_object("--context", None) is None
    with pytest.raises(UsageError, match="not a JSON object"):
        read_object("--context", "[1]")


def test_pairs_are_split_at_the_first_sign() -> None:
    assert pairs(["a=b=c", "d="], "configurable", "") == {"a": "b=c", "d": ""}
    with pytest.raises(UsageError, match="'=x' is not configurable"):
        pairs(["=x"], "configurable", "")


@pytest.mark.parametrize("elsewhere", [False, True])
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "hello ann ben"),
        (["--context", '{"greeting": "dear"}', "--configurable", "times=2"], "dear ann ben " * 2),
    ],
)
def test_an_agent_gets_its_input_and_more(
    tmp_path: Path, given: list[str], said: str, elsewhere: bool
) -> None:
    (tmp_path / "agent.py").write_text(AGENT)
    told: dict[str, Any] = {"names": ["ann", "ben"]}
    where = ["--python", str(twin(tmp_path))] if elsewhere else []
    arguments = ["--agent", "agent.py:graph", "--input", "-", *given, *where]
    done = catagent("ask", *arguments, env=environment(tmp_path), stdin=json.dumps(told))
    started, *_, finished = lines(done.stdout)
    assert (done.returncode, started["data"]["input"]) == (0, told)
    assert finished["data"]["state"] == {**told, "said": said.strip()}


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_an_agent_takes_is_described(tmp_path: Path, elsewhere: bool) -> None:
    """In the interpreter that is named, with more variables, whatever limits a run has."""
    (tmp_path / "agent.py").write_text(f"import os\nprint(os.environ['WHOSE'])\n{AGENT}")
    (tmp_path / "more.env").write_text("WHOSE=ann\n")
    chosen = ["agents", "agent.py:graph", "--env-file", "more.env"]
    if elsewhere:
        chosen += ["--python", str(twin(tmp_path / "other"))]
    env = environment(tmp_path, CATAGENT_MAX_COST="1")
    env.pop("VIRTUAL_ENV", None)
    done = catagent(*chosen, env=env)
    assert done.returncode == 0, done.stderr
    assert done.stdout == DESCRIBED
    described = json.loads(catagent(*chosen, "--json", env=env).stdout)
    assert described["schemas"]["context"]["properties"]["greeting"]["default"] == "hello"


@pytest.mark.parametrize(
    ("name", "code", "message"),
    [("absent.py:graph", 2, "there is no file"), ("agent.py:graph", 1, "no such cat")],
)
def test_what_cannot_be_described_is_an_error(
    tmp_path: Path, name: str, code: int, message: str
) -> None:
    (tmp_path / "agent.py").write_text("raise ValueError('no such cat')")
    done = catagent("agents", name, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (code, "")
    assert message in done.stderr


def test_a_question_and_an_input_are_not_given_at_once(tmp_path: Path) -> None:
    done = catagent("ask", "a question", "--input", "{}", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "leave one of them out" in done.stderr
