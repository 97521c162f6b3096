"""A Typer program that does nothing, with as many commands as catagent: the start-up to beat."""

from __future__ import annotations

import typer

app = typer.Typer(name="bare", no_args_is_help=True)


@app.command()
def ask(question: str = "") -> None:
    """Ask."""


@app.command()
def tool(name: str = "") -> None:
    """Run a tool."""


@app.command()
def replay(path: str = "") -> None:
    """Replay."""
    typer.echo("a row")


@app.command()
def runs(name: str = "") -> None:
    """List runs."""


@app.command()
def export(path: str = "") -> None:
    """Export."""


@app.command()
def schema() -> None:
    """Print a schema."""
    typer.echo("{}")


@app.command()
def doctor() -> None:
    """Look around."""


if __name__ == "__main__":
    app(prog_name="bare")
