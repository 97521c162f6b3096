"""`catagent schema`: print the JSON Schema of the lines."""

import sys


def schema() -> None:
    """Print the JSON Schema (2020-12) of the lines that catagent prints."""
    from catagent.recordings.schema import text

    sys.stdout.write(text())
