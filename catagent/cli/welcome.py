"""What `catagent` alone shows: what it is, how to begin, and the last runs."""

import shutil
import sys
from itertools import islice
from typing import Any

from catagent.cli.asked import Asked
from catagent.cli.help import examples
from catagent.cli.recordings import history
from catagent.cli.runs_table import table
from catagent.views.style import live_look


def welcome(program: Any) -> None:
    """Print a few rows of help and the last three runs, newest last."""
    what, _, more = program.help.partition("\n\n")
    shown = [what, "", *(f"  {example}" for example in examples("catagent")), ""]
    shown += [f"Commands: {', '.join(program.commands)}.", more]
    asked = Asked.of({})
    if last := list(islice(history(asked.loaded).runs(), 3)):
        look, width = live_look(asked.view(sys.stdout)), shutil.get_terminal_size().columns
        shown += ["", *table(last[::-1], look, width)]
    sys.stdout.write("".join(f"{row}\n" for row in shown))
