"""Whatever is given to `--explain`, it stands in the script as a literal: never as code."""

from __future__ import annotations

import ast
import io
import subprocess
import sys
import tokenize
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.config import load
from catagent.errors import UsageError
from catagent.events.filters import Filters
from catagent.explain.explain import explain
from catagent.explain.literal import literal
from catagent.models.spec import ModelSpec
from catagent.remote.address import Address
from catagent.run.request import Request
from tests.support.cli import catagent, environment

KEY = "sk-live-0123456789abcdef"
HOSTILE = [
    *(
        "'); import os #",
        '"""',
        "'''",
        'a"b',
        "a'b",
        "a\"'b",
        "\\",
        "\\'",
        '\\"',
        "x\n# y\nz",
        "\r",
    ),
    *("${stream}", "$said", "$", "{INPUT}", "%s", "\x00", "\x1b[31m", "\u202e", "\ud800", "\u2028"),
    *(
        "# ---",
        "def ",
        "\n\n\n",
        "async def main",
        "ü" * 60,
        "猫" * 60,
        "x" * 70,
        "x" * 90,
        "x" * 400,
    ),
]
LOADED = load({}, {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://127.0.0.1/v1"})


def request(**given: Any) -> Request:
    spec = ModelSpec(provider="openai", name="m")
    basic: dict[str, Any] = {"agent": "cat", "question": "q", "model": spec, "tool_model": spec}
    return Request(**{"filters": Filters(), **basic, **given})


def cases(text: str) -> dict[str, tuple[Request, str]]:
    """A request for each place where a person's text may stand, and the name of its thread."""
    model = ModelSpec(provider=text, name=text)
    server = Address("http://127.0.0.1:1", text)
    return {
        "question": (request(question=text), ""),
        "classic": (request(agent="cat-classic", question=text), ""),
        "input": (request(input={text: [text, {"a": text}]}), ""),
        "context": (request(context={text: text}), ""),
        "configurable": (request(configurable={text: text}), ""),
        "filters": (request(filters=Filters(include_names=(text, text))), ""),
        "model": (request(model=model, tool_model=model), ""),
        "thread": (request(), text),
        "tool": (request(tool="get_items", tool_input={text: text}), ""),
        "server": (request(agent="u", address=server, input=[text]), ""),
    }


def skeleton(script: str) -> tuple[str, list[str]]:
    """What a script does, whatever its texts are; and its comments."""
    tree = ast.parse(script)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            node.value = ""
    tokens = tokenize.generate_tokens(io.StringIO(script).readline)
    comments = [token.string for token in tokens if token.type == tokenize.COMMENT]
    # A provider that has a name as packages have is in the line that says what to install.
    return ast.dump(tree), [each for each in comments if not each.startswith("# pip install")]


def constants(script: str) -> set[str]:
    return {str(n.value) for n in ast.walk(ast.parse(script)) if isinstance(n, ast.Constant)}


@pytest.mark.parametrize("where", cases("x"))
def test_a_hostile_text_changes_no_code(where: str, tmp_path: Path) -> None:
    expected = skeleton(explain(cases("x")[where][0], LOADED, thread=cases("x")[where][1]))
    for index, text in enumerate(HOSTILE):
        asked, thread = cases(text)[where]
        script = explain(asked, LOADED, thread=thread)
        assert skeleton(script) == expected, repr(text)
        assert any(text in each for each in constants(script)), repr(text)
        (tmp_path / f"s{index}.py").write_text(script, encoding="utf-8")
    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", str(tmp_path)]
    laid = subprocess.run(ruff, capture_output=True, text=True, check=False)
    assert laid.stdout == ""


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
VALUES = st.recursive(SCALARS, lambda of: st.lists(of) | st.dictionaries(st.text(), of))


@given(VALUES)
def test_a_literal_is_the_value_again(value: Any) -> None:
    assert repr(eval(literal(value), {"float": float})) == repr(value)  # noqa: S307


def test_what_is_nested_too_deep_is_refused() -> None:
    deep: Any = 1
    for _ in range(60):
        deep = [deep]
    with pytest.raises(UsageError, match="nested too deep"):
        explain(request(input=deep), LOADED)


@pytest.mark.parametrize("where", cases("x"))
def test_no_key_is_in_a_script(where: str) -> None:
    asked, thread = cases(f"it is {KEY}")[where]
    assert KEY not in explain(asked, LOADED, thread=thread)


def test_no_login_of_a_server_is_in_a_script(tmp_path: Path) -> None:
    urls = {"OPENAI_BASE_URL": "https://ann:swordfish@127.0.0.1/v1", "OPENAI_API_KEY": KEY}
    script = explain(request(), load({}, urls))
    assert "swordfish" not in script
    assert "# OPENAI_BASE_URL is read from the environment.\n" in script
    there = ["ask", "hello you", "--explain", "--agent", "https://ann:swordfish@127.0.0.1/cat"]
    done = catagent(*there, env=environment(tmp_path))
    assert (done.returncode, "swordfish" in done.stdout + done.stderr) == (0, False)


def test_a_hostile_name_of_a_file_changes_no_code(tmp_path: Path) -> None:
    found = set()
    for name in ("plain", "o'\n#\"; import os", "${name}"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / f"{name}.py").touch()
        asked = request(agent=f"{folder / name}.py:graph", python=Path(f"/bin/{name}"))
        found.add(skeleton(explain(asked, LOADED))[0])
    assert len(found) == 1
    with pytest.raises(UsageError, match="is no name"):
        explain(request(agent=f"{folder / name}.py:graph;os"), LOADED)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--agent", "nowhere"], "no agent called 'nowhere'"),
        (["--agent", "cat-classic", "--thread", "den"], "has no memory"),
        (["--agent", "http://127.0.0.1:1/cat", "--thread", "den"], "found by asking"),
        (["--continue"], "no thread was kept yet"),
        (["--continue", "--thread", "den"], "name a thread each"),
        (["--thread", "den", "--no-history"], "keeps nothing"),
    ],
)
def test_what_no_script_can_do_is_refused(arguments: list[str], said: str, tmp_path: Path) -> None:
    done = catagent("ask", "hello you", "--explain", *arguments, env=environment(tmp_path))
    assert (done.returncode, done.stdout, said in done.stderr) == (2, "", True), done.stderr


@pytest.mark.parametrize(
    ("provider", "packages"),
    [
        ("local", "langchain langchain-core"),
        ("azure_openai", "langchain langchain-core langchain-openai"),
        ("bedrock_converse", "langchain langchain-aws langchain-core"),
        ("google_genai", "langchain langchain-core langchain-google-genai"),
    ],
)
def test_a_script_says_which_packages_it_needs(provider: str, packages: str) -> None:
    spec = ModelSpec(provider=provider, name="m")
    script = explain(request(model=spec, tool_model=spec), LOADED)
    assert f"# pip install {packages}\n" in script


def test_what_a_script_leaves_out_is_said(tmp_path: Path) -> None:
    given = ["-v", "--stats", "--record", "r.jsonl", "--max-cost", "2", "--break", "get_items"]
    given += ["--mode", "steps", "--include-names", "x", "--env-file", "/dev/null", "--detach"]
    env = environment(tmp_path, OPENAI_API_KEY=KEY)
    notes = catagent("ask", "hello you", "--explain", *given, env=env).stdout
    for flag in ("verbose", "stats", "record", "max-cost", "break", "include-names", "env-file"):
        assert f"--{flag}" in notes.partition("import")[0]
    assert "--detach" in notes
