"""`catagent export`, as a user runs it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from catagent.exports import EXPORTERS, save
from tests.support.cli import catagent, environment
from tests.support.recordings import read_recording
from tests.support.warm import Warm

EVENTS = Path(__file__).parents[1] / "fixtures/v1/events.jsonl"


@pytest.mark.parametrize("ending", sorted(EXPORTERS))
def test_the_ending_of_the_name_chooses_the_export(tmp_path: Path, ending: str) -> None:
    done = catagent("export", str(EVENTS), f"run{ending}", env=environment(tmp_path))
    assert (done.returncode, done.stdout) == (0, "")
    assert f"run{ending}" in done.stderr
    assert "get" in (tmp_path / f"run{ending}").read_text()


def test_an_unknown_ending_is_a_usage_error(tmp_path: Path) -> None:
    done = catagent("export", str(EVENTS), "run.pdf", env=environment(tmp_path))
    assert done.returncode == 2
    assert ".html" in done.stderr


def test_export_overwrites_only_with_force(tmp_path: Path) -> None:
    env = environment(tmp_path)
    (tmp_path / "run.md").write_text("dear data")
    refused = catagent("export", str(EVENTS), "run.md", env=env)
    assert (refused.returncode, (tmp_path / "run.md").read_text()) == (1, "dear data")
    assert "--force" in refused.stderr
    assert catagent("export", str(EVENTS), "run.md", "--force", env=env).returncode == 0


def test_an_export_that_cannot_be_written_whole_replaces_nothing(tmp_path: Path) -> None:
    (tmp_path / "run.md").write_text("dear data")
    with pytest.raises(UnicodeEncodeError):
        save(tmp_path / "run.md", "whole \ud800", force=True)
    assert (tmp_path / "run.md").read_text() == "dear data"
    with pytest.raises(UnicodeEncodeError):
        save(tmp_path / "new.md", "whole \ud800", force=False)
    assert [path.name for path in tmp_path.iterdir()] == ["run.md"]


def test_an_export_replaces_a_dangling_link(tmp_path: Path) -> None:
    (tmp_path / "run.md").symlink_to(tmp_path / "elsewhere")
    save(tmp_path / "run.md", "whole", force=True)
    assert not (tmp_path / "elsewhere").exists()
    assert (tmp_path / "run.md").read_text() == "whole"


def test_a_damaged_recording_is_exported_up_to_the_damage(tmp_path: Path) -> None:
    lines = EVENTS.read_bytes().splitlines(keepends=True)
    (tmp_path / "cut.jsonl").write_bytes(b"".join(lines[:30])[:-9])
    done = catagent("export", "cut.jsonl", "run.html", env=environment(tmp_path))
    assert done.returncode == 1
    assert "damaged at line 30" in done.stderr
    assert "where_cat_is_hiding" in (tmp_path / "run.html").read_text()


def test_exports_leave_out_langchains_plumbing(tmp_path: Path) -> None:
    catagent("export", str(EVENTS), "run.html", env=environment(tmp_path))
    assert not re.search(r"\b(chain|prompt|parser) ", (tmp_path / "run.html").read_text())


def test_a_run_goes_from_stdin_to_stdout_in_any_format(warm: Warm, tmp_path: Path) -> None:
    """Byte for byte what a file would have, but for the time in a recording's header."""
    env, given = environment(tmp_path), EVENTS.read_bytes()
    for ending in EXPORTERS:
        piped = warm.run(["export", "-", "-", "--format", ending[1:]], env, stdin=given)
        assert (piped.code, piped.err) == (0, b"")
        warm.run(["export", str(EVENTS), f"run{ending}"], env)
        written = (tmp_path / f"run{ending}").read_bytes()
        assert piped.out.split(b"\n", 1)[1] == written.split(b"\n", 1)[1]
    assert read_recording(tmp_path / "run.jsonl") == read_recording(EVENTS)
    bare = warm.run(["export", "-", "-", "--format", "jsonl", "--structure-only"], env, stdin=given)
    shown = warm.run(["show", "-"], env, stdin=bare.out)
    assert (shown.code, b"where_cat_is_hiding" in shown.out, b"hiding?" in shown.out) == (0, 1, 0)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "there is no file"),
        (["last"], "there is no file"),
        (["-"], "--format"),
        (["run.html", "-"], "--format"),
        (["-", "run.md"], "the recording is empty"),
        (["run.md", "--open"], "--open shows a page"),
        (["-", "--format", "html", "--open"], "--open shows a page"),
        (["run.html"], "no run was kept yet"),
    ],
)
def test_what_cannot_be_exported_leaves_no_file(
    warm: Warm, tmp_path: Path, arguments: list[str], said: str
) -> None:
    done = warm.run(["export", *arguments], environment(tmp_path))
    assert done.code in (1, 2)
    assert said in done.err.decode()
    assert (done.out, [*tmp_path.iterdir()]) == (b"", [])


def test_a_terminal_is_sent_what_a_person_can_read_there(warm: Warm, tmp_path: Path) -> None:
    env = environment(tmp_path)
    refused = warm.run_on_terminal(["export", str(EVENTS), "-", "--format", "svg"], env)
    assert refused.code == 2
    assert b"svg is not for a terminal" in refused.out
    assert b"<svg" not in refused.out
    shown = warm.run_on_terminal(["export", str(EVENTS), "-", "--format", "md"], env)
    assert (shown.code, b"# what items" in shown.out) == (0, True)
    stdin = warm.run_on_terminal(["export", "-", "run.md"], env)
    assert (stdin.code, b"stdin is a terminal" in stdin.out) == (2, True)


def test_the_last_run_is_opened_in_the_browser_once_it_is_written(
    warm: Warm, tmp_path: Path
) -> None:
    kept = tmp_path / "state/runs/00000001-20261126-072923-64a4dd0f.jsonl"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(EVENTS.read_bytes())
    done = warm.run(["export", "run.html", "--open"], environment(tmp_path, BROWSER="/bin/echo"))
    page = tmp_path / "run.html"
    assert (done.code, done.err.decode()) == (0, "catagent: wrote run.html\n")
    assert done.out.decode() == f"{page.as_uri()}\n"
    assert "where_cat_is_hiding" in page.read_text()
