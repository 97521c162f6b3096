"""`catagent chat`: ask again and again in one thread."""

import sys

import typer

from catagent.cli.asked import Asked
from catagent.cli.mistakes import require_unix
from catagent.cli.options import AGENT, CHAT, FILTERS, KEEP, RUN, TURN, shares
from catagent.errors import UsageError
from catagent.views.options import is_capable


@shares(AGENT, RUN, TURN, CHAT, KEEP, FILTERS)
def chat(asked: Asked) -> None:
    """Ask again and again in one thread, and see every turn as with ask."""
    require_unix("catagent chat", 'catagent ask "QUESTION" asks one at a time')
    on_terminal = sys.stdin.isatty() and sys.stdout.isatty()
    if not is_capable(asked.loaded.environ, isatty=on_terminal):
        hint = 'elsewhere, one turn at a time: catagent ask --thread NAME "QUESTION"'
        raise UsageError("chat needs a terminal", hint)
    if asked.settings.output in ("jsonl", "ag-ui"):
        raise UsageError(f"-o {asked.settings.output} is for programs", "chat has live and plain")
    from catagent.cli.chat.chat import talk

    raise typer.Exit(talk(asked))
