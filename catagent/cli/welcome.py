"""What `catagent` alone shows: what it is, how to begin, and the last runs."""

import shutil
import sys
from itertools import islice

from catagent.cli.asked import Asked
from catagent.cli.recordings import history
from catagent.cli.runs_table import table
from catagent.views.style import live_look

_SHORT = """\
Look inside a LangChain agent while it runs: every step and every token, live.

  catagent "what items are located where the cat is hiding?"
  catagent watch -- python my_program.py
  catagent show last

Commands: ask, tool, watch, agents, replay, show, runs, export, schema.
catagent --help says what each does, catagent COMMAND --help how.
"""


def welcome() -> None:
    """Print a few lines of help and the last three runs, newest last."""
    sys.stdout.write(_SHORT)
    asked = Asked.of({})
    last = list(islice(history(asked.loaded).runs(), 3))[::-1]
    if last:
        look, width = live_look(asked.view(sys.stdout)), shutil.get_terminal_size().columns
        rows = table(last, look, width)
        sys.stdout.write("\n" + "".join(f"{row}\n" for row in rows))
