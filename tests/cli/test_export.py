"""`catagent export`, as a user runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from catagent.exports import EXPORTERS, save
from tests.support.cli import catagent, environment

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
    assert "Everything else" not in (tmp_path / "run.html").read_text()
