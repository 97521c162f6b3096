"""What is still so in Typer: each test has the name of its row in docs/workarounds.md."""

from __future__ import annotations

import subprocess
import sys

import pytest
import typer

from tests.workarounds.conftest import StillNeeded

pytestmark = pytest.mark.versions


def test_closed_pipes(still_needed: StillNeeded) -> None:
    app = typer.Typer()

    @app.command()
    def write() -> None:
        raise BrokenPipeError(32, "nobody reads")

    with pytest.raises(SystemExit) as left:
        typer.main.get_command(app)([])
    still_needed(left.value.code == 1)


def test_errors_of_usage(still_needed: StillNeeded) -> None:
    still_needed(not hasattr(typer, "UsageError"))


def test_pydantic_for_options(still_needed: StillNeeded) -> None:
    code = (
        "import sys, typer\n"
        "app = typer.Typer()\n"
        "app.command()(lambda: None)\n"
        "typer.main.get_command(app)([], standalone_mode=False)\n"
        "sys.exit('pydantic' in sys.modules)"
    )
    still_needed(subprocess.run([sys.executable, "-c", code], check=False).returncode == 1)
