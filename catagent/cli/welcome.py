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
from catagent.views.wrap import wrap


def welcome(program: Any) -> None:
    """Print a few rows of help and the last three runs, newest last."""
    what, _, more = program.help.partition("\n\n")
    shown = [what, "", *(f"  {example}" for example in examples("catagent")), ""]
    shown += [f"Commands: {', '.join(program.commands)}.", more]
    width = shutil.get_terminal_size().columns
    shown = [row for line in shown for row in wrap(line, width)]
    asked = Asked.of({})
    if last := list(islice(history(asked.loaded).runs(), 3)):
        shown += ["", *table(last[::-1], live_look(asked.view(sys.stdout)), width)]
    sys.stdout.write("".join(f"{row}\n" for row in shown))
