"""`catagent schema`: print the JSON Schema of the lines, or that of config.toml."""

import sys
from typing import Annotated

import typer


def schema(
    *,
    config: Annotated[
        bool, typer.Option("--config", help="That of config.toml, for an editor.")
    ] = False,
) -> None:
    """Print the JSON Schema (2020-12) of the lines that catagent prints."""
    from catagent import settings
    from catagent.recordings.schema import text

    sys.stdout.write(settings.schema() if config else text())
