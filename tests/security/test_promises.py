"""The promises of docs/security.md that are not about secrets: what is run, kept, and read."""

from __future__ import annotations

import ast
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from catagent.config import load
from tests.support.cli import with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "catagent"
SCRIPT = Path(sys.executable).parent / "catagent"

HOSTILE = 'raise SystemExit("a stranger\'s code ran")\n'
SHADOWED = (
    *("langchain", "langchain_openai", "openai", "dotenv", "rich", "asyncio", "msgspec"),
    # What installed packages try for, and is not here.
    *("brotli", "brotlicffi", "h2", "socksio", "trio", "ujson", "cchardet", "zstd", "IPython"),
)


def hostile_folder(folder: Path) -> Path:
    """A folder that somebody else wrote, with modules called like ours."""
    for name in SHADOWED:
        (folder / f"{name}.py").write_text(HOSTILE)
    (folder / "sitecustomize.py").write_text(HOSTILE)
    (folder / ".env").write_text(
        "CATAGENT_AGENT=evil:agent\nPYTHONPATH=.\nPYTHONSTARTUP=evil.py\nOPENAI_BASE_URL=http://x\n"
        "CATAGENT_MODEL=local:evil.gguf\nCATAGENT_LOCAL_MODEL=evil.gguf\nLD_PRELOAD=./evil.so\n"
    )
    (folder / "evil.py").write_text(HOSTILE)
    (folder / "mine.py").write_text(
        "from langchain_core.runnables import RunnableLambda\n"
        "agent = RunnableLambda(lambda question: 'mine answers')\n"
    )
    return folder


def ask(folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """The installed command, started in this folder."""
    home = folder / "home"
    home.mkdir()
    with ScriptedServer(cat(3)) as server:
        env = with_server(home, server.url)
        del env["PYTHONPATH"]
        return subprocess.run(
            [SCRIPT, "ask", "where", "-o", "answer", *more],
            env=env,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )


@pytest.mark.skipif(not SCRIPT.exists(), reason="catagent is not installed as a command")
def test_a_strangers_folder_runs_no_code(tmp_path: Path) -> None:
    """Neither its modules, though they are called like ours, nor what its .env asks for."""
    done = ask(hostile_folder(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert "under the sofa" in done.stdout


@pytest.mark.skipif(not SCRIPT.exists(), reason="catagent is not installed as a command")
def test_an_agent_of_ones_own_is_imported_and_nothing_beside_it(tmp_path: Path) -> None:
    done = ask(hostile_folder(tmp_path), "--agent", "mine:agent")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine answers\n", "")


def test_a_dotenv_cannot_have_native_code_read_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(hostile_folder(tmp_path))
    settings = load({}, {"CATAGENT_HOME": str(tmp_path)}).settings
    assert (settings.agent, settings.model, settings.local_model) == ("cat", None, None)


def test_recordings_and_history_are_their_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask: every folder 0700, every file 0600."""
    home = tmp_path / "deep" / "home"
    with ScriptedServer(cat(3)) as server:
        env = {**with_server(home, server.url), "HOME": str(tmp_path)}
        command = f"umask 0; {sys.executable} -m catagent ask where --record {tmp_path}/r.jsonl"
        subprocess.run(["sh", "-c", command], env=env, check=True, capture_output=True, timeout=60)
    kept = list((tmp_path / "deep").rglob("*"))
    assert any(path.suffix == ".jsonl" for path in kept)
    for path in (tmp_path / "deep", *kept, tmp_path / "r.jsonl"):
        wanted = 0o700 if path.is_dir() else 0o600
        assert stat.S_IMODE(path.stat().st_mode) == wanted, path


FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "yaml", "ctypes"}
FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__"}
# It runs installed modules, as the import system does that it is a part of; it reads no recording.
LOADER = PACKAGE / "loading" / "lazy_imports.py"


@pytest.mark.parametrize("path", sorted({*PACKAGE.rglob("*.py")} - {LOADER}), ids=lambda p: p.stem)
def test_a_recording_is_never_run_as_code(path: Path) -> None:
    """No module that turns bytes into objects or objects into calls, no shell."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            assert not {alias.name.partition(".")[0] for alias in node.names} & FORBIDDEN_MODULES
        elif isinstance(node, ast.ImportFrom):
            assert (node.module or "").partition(".")[0] not in FORBIDDEN_MODULES
        elif isinstance(node, ast.Call):
            assert not (isinstance(node.func, ast.Name) and node.func.id in FORBIDDEN_CALLS)
            assert "shell" not in {keyword.arg for keyword in node.keywords}


def test_every_promise_of_security_md_names_a_test() -> None:
    """docs/security.md: each `tests/…::test_…` exists."""
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", text)
    assert len(named) > 10
    for file, test in named:
        assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{test}"


def test_every_runtime_dependency_is_reviewed() -> None:
    """docs/security.md says of each why it is trusted, at the version that is pinned."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    text = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    pins = dict(
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").split()
        if "==" in line
    )
    for wanted in [*project["dependencies"], *(one for extra in extras.values() for one in extra)]:
        name = re.split(r"[<>=\[; ]", wanted)[0]
        assert f"| `{name}` | {pins[name]} |" in text, f"{name} {pins[name]}"
