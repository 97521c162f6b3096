"""`catagent schema`, as a user runs it."""

from __future__ import annotations

from pathlib import Path

from catagent import settings
from catagent.recordings.schema import text
from tests.support.cli import catagent, environment


def test_schema_prints_the_committed_schema(tmp_path: Path) -> None:
    done = catagent("schema", env=environment(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, text(), "")


def test_schema_config_prints_the_schema_of_the_config_file(tmp_path: Path) -> None:
    done = catagent("schema", "--config", env=environment(tmp_path))
    assert (done.returncode, done.stdout, done.stderr) == (0, settings.schema(), "")
