"""`--explain`: the script behind a command, in the place of a run."""

from __future__ import annotations

import sys
from contextlib import suppress

from catagent.cli.asked import Asked
from catagent.cli.recordings import threads
from catagent.cli.threads import has_thread
from catagent.errors import UsageError
from catagent.remote.address import Address
from catagent.run.request import Request
from catagent.threads.store import Thread


def known_thread(asked: Asked) -> Thread | None:
    """The thread to go on with, None for a new one, and for a server's, which is not asked.

    Raises UsageError.
    """
    if not has_thread(asked) or Address.parse(asked.settings.agent) is not None:
        return None
    if not asked.thread:
        return threads(asked.loaded).last()
    with suppress(UsageError):
        return threads(asked.loaded).find(asked.thread)
    return None


def print_script(request: Request, asked: Asked) -> None:
    """Print the script that does what is asked. Raises UsageError for what none can do."""
    from catagent.explain.explain import explain  # not for a run

    thread = request.thread.label if request.thread else asked.thread or ""
    given = {name for name, value in asked.given.items() if value}
    sys.stdout.write(explain(request, asked.loaded, given, thread))
