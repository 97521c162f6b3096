"""`catagent show`, and `--run` of a recording with several runs, as a user runs them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

from catagent.events import types as ev
from catagent.events.codec import encode
from tests.support.cli import catagent, environment, lines, on_terminal
from tests.support.runs import (
    ROOT,
    cat_run,
    failed_run,
    interleaved,
    model,
    stamped,
    started,
    words,
)
from tests.support.runs import finished as finished_

FIXTURES = Path(__file__).parents[1] / "fixtures"
EVENTS = FIXTURES / "v1/events.jsonl"


def written(path: Path, events: Iterable[ev.Event], run: str = ROOT) -> Path:
    path.write_bytes(b"".join(map(encode, events)).replace(ROOT.encode(), run.encode()))
    return path


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A recording of two runs at once: `aaa1`, that went well, and `abb2`, that failed."""
    good = written(tmp_path / "good", cat_run(), "aaa1").read_bytes().splitlines(keepends=True)
    bad = written(tmp_path / "bad", failed_run(), "abb2").read_bytes().splitlines(keepends=True)
    path = tmp_path / "two.jsonl"
    path.write_bytes(b"".join(interleaved(good, bad)))  # type: ignore[arg-type]
    return path


def test_a_run_is_shown_settled_with_what_it_cost(tmp_path: Path) -> None:
    done = catagent("show", str(EVENTS), env=environment(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    for part in ("where_cat_is_hiding", "under the sofa", "answer:", "50 tokens in, 43 out"):
        assert part in done.stdout
    counted = catagent("show", str(EVENTS), "--stats", env=environment(tmp_path))
    assert (counted.returncode, counted.stdout) == (0, done.stdout)
    assert "the run" in counted.stderr
    answer = catagent("show", str(EVENTS), "-q", env=environment(tmp_path)).stdout
    assert answer.count("\n") == 1
    assert "under the sofa" in answer


def test_show_takes_the_last_run_the_beginning_of_an_id_and_a_file(tmp_path: Path) -> None:
    kept = tmp_path / "state/runs"
    kept.mkdir(parents=True)
    written(kept / "00000001-20260101-000000-aaaa1111.jsonl", cat_run())
    last = written(kept / "00000002-20260102-000000-bbbb2222.jsonl", failed_run())
    env = environment(tmp_path)
    shown = [catagent("show", *which, env=env).stdout for which in ([], ["bbb"], [str(last)])]
    assert "The key was refused." in shown[0]
    assert shown[0] == shown[1] == shown[2]
    assert "get_items" in catagent("show", "aaaa", env=env).stdout
    assert on_terminal("runs", "show", "aaaa", env=env) == on_terminal("show", "aaaa", env=env)


def test_the_pager_gets_the_environment_alone_and_starts_nothing(tmp_path: Path) -> None:
    """No `.env` of the folder's: neither what it has for a pager, nor its keys."""
    (tmp_path / ".env").write_text("PAGER=./evil\nOPENAI_API_KEY=sk-of-dotenv\n")
    for name, says in (("less", 'echo "secure=$LESSSECURE key=$OPENAI_API_KEY"'), ("evil", "echo")):
        (tmp_path / name).write_text(f"#!/bin/sh\n{says}\n")
        (tmp_path / name).chmod(0o755)
    long = written(tmp_path / "run.jsonl", cat_run(words("item", 900)))
    env = environment(tmp_path, PATH=str(tmp_path))
    assert on_terminal("show", str(long), env=env) == (0, "secure=1 key=\r\n")
    code, shown = on_terminal("show", str(long), env=env | {"PAGER": ""})
    assert (code, "item899" in shown) == (0, True)


def test_show_of_nothing_is_a_clear_error(tmp_path: Path) -> None:
    done = catagent("show", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "no recording at last, and no run was kept yet\n" in done.stderr
    assert "did you mean" not in done.stderr


def test_a_recording_of_several_runs_is_shown_whole_or_one_run_of_it(
    two: Path, tmp_path: Path
) -> None:
    env = environment(tmp_path)
    whole = catagent("show", str(two), env=env)
    one, other = (catagent("show", str(two), "--run", run, env=env) for run in ("aa", "ab"))
    assert whole.stdout == one.stdout + other.stdout
    assert "get_items" in one.stdout
    assert "get_items" not in other.stdout


@pytest.mark.parametrize("which", [[], ["--run", "a"], ["--run", "zzz"]])
def test_an_export_that_could_be_of_several_runs_lists_them(
    two: Path, tmp_path: Path, which: list[str]
) -> None:
    done = catagent("export", str(two), "run.md", *which, env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (2, "")
    assert "  aaa1  what items are located where the cat is hiding?  success" in done.stderr
    assert "  abb2  what items are located where the cat is hiding?  error" in done.stderr
    assert not (tmp_path / "run.md").exists()


def test_one_of_several_runs_is_exported_as_if_it_were_alone(two: Path, tmp_path: Path) -> None:
    env = environment(tmp_path)
    catagent("export", str(two), "run.md", "--run", "aaa1", env=env)
    catagent("export", str(tmp_path / "good"), "alone.md", env=env)
    assert (tmp_path / "run.md").read_text() == (tmp_path / "alone.md").read_text()


def test_all_runs_of_a_recording_are_replayed_with_their_stats(two: Path, tmp_path: Path) -> None:
    env = environment(tmp_path)
    done = catagent("replay", str(two), "--speed", "0", "--json", "--stats", env=env)
    assert done.returncode == 0
    assert done.stdout == two.read_text()
    assert done.stderr.count("the run ") == 2
    assert "the recorded run failed: The key was refused." in done.stderr


def test_prompts_are_shown_whole_before_what_the_model_wrote(tmp_path: Path) -> None:
    """What was said before stands where it is referred to; what is lost, as its ref."""
    said = ev.Message(type="human", content="Where is " + "the cat? " * 99, id="m1")
    tool = ev.Tool(name="get", description="Gets it.", parameters={"type": "object"})
    first, second = model("one", ["It "]), model("two", ["is there."])
    sent = ev.LlmStartedData(model="m", messages=[said], tools=[tool], parameters={"top_p": 0.5})
    got = ev.Message(type="tool", content="It is a cat.", name="get")
    again = ev.LlmStartedData(
        model="m", messages=[ev.Ref("m1"), ev.Ref("lost"), got], tools=[ev.Ref("get")]
    )
    for events, data in ((first, sent), (second, again)):
        assert isinstance(events[0], ev.LlmStarted)
        events[0].data = data
    path = written(tmp_path / "run.jsonl", stamped([started(), *first, *second, finished_()]))
    env = environment(tmp_path)
    shown = catagent("show", str(path), "--prompts", env=env).stdout
    assert shown.count("human: Where is the cat?") == 2
    assert " ".join(shown.split()).count(" ".join(said.content.split())) == 2
    assert shown.count("may call: get: Gets it.") == 2
    assert shown.count("tool: ") == shown.count("tool: It is a cat.") == 1
    assert shown.count('{"type": "object"}') == 2
    assert "top_p 0.5" in shown
    assert shown.index("ref lost") < shown.index("is there.")
    assert "Gets it." not in catagent("show", str(path), env=env).stdout


def test_an_unfinished_run_is_shown_up_to_its_end(tmp_path: Path) -> None:
    path = written(tmp_path / "cut.jsonl", cat_run()[:-1])
    done = catagent("show", str(path), env=environment(tmp_path))
    assert done.returncode == 1
    assert "get_items" in done.stdout
    assert "unfinished" in done.stderr


@pytest.mark.parametrize(
    "command", [["show"], ["replay", "-o", "plain"], ["replay", "-o", "jsonl"]]
)
def test_errors_nested_in_errors_are_no_more_than_a_list_of_them(
    command: list[str], tmp_path: Path
) -> None:
    """No run of ours nests them; what a stranger's recording nests deep is left out."""
    path = written(tmp_path / "nested.jsonl", failed_run())
    inner = b'{"kind":"tool","type":"E","message":"So was this.","others":['
    deep = b'"others":[' + inner * 250 + b"]}" * 250 + b"]"
    path.write_bytes(path.read_bytes().replace(b'"others":[]', deep))
    done = catagent(*command, str(path), env=environment(tmp_path))
    assert done.returncode == 0
    assert done.stdout.count("So was this.") == 1


def test_a_pause_is_shown_and_listed_as_what_it_is(tmp_path: Path) -> None:
    kept = tmp_path / "state/runs"
    kept.mkdir(parents=True)
    asked = ev.Interrupt(run_id=ROOT, data=ev.InterruptData(id="i1", value="Delete it?"))
    events: list[ev.Event] = [started(), asked, finished_("interrupted", 5)]
    written(kept / "00000001-20260101-000000-aaaa1111.jsonl", stamped(events))
    env = environment(tmp_path)
    assert "Delete it?" in catagent("show", env=env).stdout
    (run,) = lines(catagent("runs", env=env).stdout)
    assert (run["status"], run["exit_code"]) == ("interrupted", 5)
    assert "interrupted" in on_terminal("runs", env=environment(tmp_path, COLUMNS="100"))[1]
