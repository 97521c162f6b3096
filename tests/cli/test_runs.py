"""`catagent runs`, as a user runs it."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from catagent.events.codec import encode
from catagent.recordings.history import History
from catagent.recordings.schema import schema
from catagent.sinks.recorder import Recorder
from tests.support.cli import catagent, environment, lines, on_terminal, with_server
from tests.support.runs import cat_run, failed_run, started
from tests.support.scripts import cat
from tests.support.server import ScriptedServer


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two kept runs, `aaa…` and the newer `bbb…`."""
    history = History(folder=tmp_path / "state" / "runs")
    for run_id, run in (("aaaa1111", cat_run()), ("bbbb2222", failed_run())):
        recorder = Recorder(history.place_for(run_id), required=False)
        for event in run:
            recorder.write(event)
        recorder.close()
    return tmp_path


def test_catagent_alone_says_how_to_begin_and_shows_the_last_runs(home: Path) -> None:
    shown = catagent(env=environment(home))
    *_, first, last, _why = shown.stdout.splitlines()
    assert (shown.returncode, first[:8], last[:8]) == (0, "aaaa1111", "bbbb2222")
    assert 'catagent "what items are located where the cat is hiding?"' in shown.stdout


def test_catagent_alone_is_as_short_where_there_are_no_runs(tmp_path: Path) -> None:
    shown = catagent(env=environment(tmp_path))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert "run" not in shown.stdout.splitlines()[-1]


def test_every_run_is_kept_unless_turned_off(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=2)) as server:
        env = with_server(tmp_path, server.url)
        asked = catagent("ask", "where is it?", env=env)
        catagent("ask", "and now?", "--no-history", env=env)
    (run,) = lines(catagent("runs", env=env).stdout)
    assert (run["type"], run["question"], run["status"]) == ("run", "where is it?", "success")
    assert (run["agent"], run["steps"]) == ("cat", 2)
    assert catagent("replay", "last", "--speed", "0", env=env).stdout == asked.stdout


def test_what_is_refused_before_its_agent_begins_is_no_run(tmp_path: Path) -> None:
    """Lines of JSON say that it began and ended all the same; a recording asked for is kept."""
    env = with_server(tmp_path, "http://127.0.0.1:9/v1")
    done = catagent("ask", "where?", "-a", "nobody", "--record", "run.jsonl", env=env)
    assert done.returncode == 2
    assert [line["type"] for line in lines(done.stdout)] == ["run.started", "run.finished"]
    assert (tmp_path / "run.jsonl").is_file()
    assert catagent("ask", "where?", "--max-retries", "0", env=env).returncode == 1
    assert [run["status"] for run in lines(catagent("runs", env=env).stdout)] == ["error"]


def test_runs_in_a_pipe_are_json_lines_newest_first(home: Path) -> None:
    done = catagent("runs", env=environment(home))
    assert done.returncode == 0
    assert [run["id"] for run in lines(done.stdout)] == ["bbbb2222", "aaaa1111"]
    assert catagent("runs", "--json", env=environment(home)).stdout == done.stdout


def test_runs_on_a_terminal_are_a_table(home: Path) -> None:
    code, shown = on_terminal("runs", env=environment(home, COLUMNS="100"))
    assert code == 0
    for part in ("aaaa1111", "bbbb2222", "what items are", "success", "error", "3.4 s"):
        assert part in shown


def test_a_terminal_gets_the_newest_runs_last_and_is_told_of_the_others(home: Path) -> None:
    env = environment(home, COLUMNS="100")
    _, shown = on_terminal("runs", env=env)
    rows = shown.splitlines()
    assert [row[:8] for row in rows[-3:-1]] == ["aaaa1111", "bbbb2222"]
    assert "The key was refused." in rows[-1]
    _, shown = on_terminal("runs", "--limit", "1", env=env)
    assert "aaaa1111" not in shown
    assert "1 older: --limit 0 shows all" in shown
    assert [run["id"] for run in lines(catagent("runs", "--limit", "1", env=env).stdout)] == [
        "bbbb2222"
    ]


@pytest.mark.parametrize(
    ("options", "ids", "match"),
    [
        ("--failed", ["bbbb2222"], None),
        ("--agent cat", ["bbbb2222", "aaaa1111"], None),
        ("--agent nobody", [], None),
        ("--search REFUSED", ["bbbb2222"], "The key was refused."),
        ("--search get_items", ["aaaa1111"], "get_items"),
        ("--search GPT-4o --limit 1", ["bbbb2222"], "openai:gpt-4o-mini"),
        ("--search nowhere", [], None),
    ],
)
def test_runs_are_chosen_by_what_they_were(
    home: Path, options: str, ids: list[str], match: str | None
) -> None:
    done = catagent("runs", *options.split(), env=environment(home))
    assert (done.returncode, [run["id"] for run in lines(done.stdout)]) == (0, ids)
    assert match in [None, *(run.get("match") for run in lines(done.stdout))]
    _, shown = on_terminal("runs", *options.split(), env=environment(home, COLUMNS="100"))
    assert all(run in shown for run in ids)
    assert (match or "") in shown
    assert ("no such run is kept" in shown) == (not ids)


def test_a_hostile_question_cannot_touch_the_terminal(home: Path) -> None:
    recorder = Recorder(
        History(folder=home / "state" / "runs").place_for("cccc3333"), required=False
    )
    hostile = started("\x1b]0;pwned\x07[bold]x[/] \u202e\x9b2J")
    os.write(os.open(recorder.path, os.O_WRONLY | os.O_APPEND), encode(hostile))
    recorder.close()
    for arguments in (["runs"], ["runs", "--json"], ["runs", "show", "cccc", "--json"]):
        _, shown = on_terminal(*arguments, env=environment(home, COLUMNS="100"))
        assert "\x1b]0;" not in shown
        assert not {"\u202e", "\x9b"} & set(shown)
        assert "[bold]x[/]" in shown


def test_no_runs_yet_is_not_an_error(tmp_path: Path) -> None:
    assert catagent("runs", env=environment(tmp_path)).returncode == 0
    code, shown = on_terminal("runs", env=environment(tmp_path, COLUMNS="100"))
    assert (code, "no such run is kept" in shown) == (0, True)


def test_runs_show_is_a_transcript_for_people_and_a_summary_for_programs(home: Path) -> None:
    code, shown = on_terminal("runs", "show", "aaaa", env=environment(home, COLUMNS="100"))
    assert code == 0
    for part in ("what items are located", "get_items", "books (old), a lamp", "done in"):
        assert part in shown
    (summary,) = lines(catagent("runs", "show", "aaaa", env=environment(home)).stdout)
    assert summary["id"] == "aaaa1111"


def test_runs_path_names_the_file_and_runs_rm_removes_it(home: Path) -> None:
    env = environment(home)
    path = Path(catagent("runs", "path", "bbbb", env=env).stdout.strip())
    assert path.is_file()
    assert catagent("runs", "rm", "bbbb", env=env).returncode == 0
    assert not path.exists()
    assert [run["id"] for run in lines(catagent("runs", env=env).stdout)] == ["aaaa1111"]


def test_runs_rm_removes_nothing_when_one_name_is_wrong(home: Path) -> None:
    done = catagent("runs", "rm", "aaaa", "zzzz", env=environment(home))
    assert done.returncode == 1
    assert "no recording at zzzz" in done.stderr
    assert len(lines(catagent("runs", env=environment(home)).stdout)) == 2


def test_the_history_is_bounded_by_the_settings(tmp_path: Path) -> None:
    with ScriptedServer(cat(tokens=1)) as server:
        env = with_server(tmp_path, server.url, CATAGENT_HISTORY_RUNS="2")
        for number in range(3):
            catagent("ask", f"question {number}", env=env)
    kept = lines(catagent("runs", env=env).stdout)
    assert [run["question"] for run in kept] == ["question 2", "question 1"]


def test_an_unreadable_dotenv_is_reported_and_ignored(home: Path) -> None:
    (home / ".env").write_text("CATAGENT_THEME=dark", encoding="utf-16")
    done = catagent("runs", env=environment(home))
    assert (done.returncode, len(lines(done.stdout))) == (0, 2)
    assert done.stderr == "catagent: warning: .env is ignored: it is not UTF-8 text\n"


def test_runs_stats_in_a_pipe_are_a_line_of_json_for_each(home: Path) -> None:
    """Of the runs that are chosen, as those that are listed."""
    env = environment(home)
    (whole,) = lines(catagent("runs", "--stats", env=env).stdout)
    assert (whole["type"], whole["runs"], whole["failed"]) == ("stats", 2, 1)
    assert whole["statuses"] == {"error": 1, "success": 1}
    by_agent = lines(catagent("runs", "--stats", "--by", "agent", "--json", env=env).stdout)
    assert [(each["by"], each["key"], each["runs"]) for each in by_agent] == [("agent", "cat", 2)]
    for options, runs in (("--failed", 1), ("--limit 1", 1), ("--search get_items", 1)):
        (some,) = lines(catagent("runs", "--stats", *options.split(), env=env).stdout)
        assert some["runs"] == runs
    for line in (whole, *by_agent):
        Draft202012Validator(schema()).validate(line)


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_runs_stats_on_a_terminal_are_a_table_that_fits(home: Path, columns: int) -> None:
    killed = History(folder=home / "state" / "runs").place_for("cccc3333")
    killed.write_bytes(encode(started(agent="\x1b[2Jwide" + "0123456789" * 9)))
    env = environment(home, COLUMNS=str(columns), NO_COLOR="1", LC_ALL="C.UTF-8")
    code, shown = on_terminal("runs", "--stats", "--by", "agent", env=env)
    rows = [re.sub(r"\x1b\[2?m|\x1b\[0m", "", row) for row in shown.splitlines()]
    assert code == 0
    assert all(len(row) <= columns for row in rows)
    assert [row.split()[0] for row in rows[:4]] == [
        "agent",
        "cat",
        "\u241b[2Jwide012345678901234…",
        "all",
    ]
    assert re.search(r"all +3 +1", rows[3])
    assert "≥ time: known for 2 of 3 runs" in rows
    assert ("unfinished" in rows[0], "≥6.8 s" in rows[3]) == (columns == 200, columns > 40)


def test_runs_stats_of_no_runs_are_none(tmp_path: Path) -> None:
    assert catagent("runs", "--stats", "--by", "day", env=environment(tmp_path)).stdout == ""
    _, shown = on_terminal("runs", "--stats", env=environment(tmp_path))
    assert "no such run is kept" in shown
    wrong = catagent("runs", "--stats", "--by", "colour", env=environment(tmp_path))
    assert (wrong.returncode, "model, agent, day" in wrong.stderr) == (2, True), wrong.stderr
