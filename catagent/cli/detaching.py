"""Starts a run on a server and leaves it: `ask --detach`."""

import asyncio
import sys
from shlex import quote

from catagent.cli.asked import Asked
from catagent.cli.stderr import say
from catagent.run.request import Request
from catagent.run.served import RunServed


def detach(request: Request, asked: Asked) -> None:
    """Start it, and print on stdout the command that joins it. Raises CatagentError."""
    thread, run = asyncio.run(RunServed(request, asked.loaded).detach())
    there = f"{quote(request.agent)} --thread {quote(thread)} --run {quote(run)}"
    sys.stdout.write(f"catagent watch {there}\n")
    if request.address is not None and request.address.login:
        say("catagent: the login of the server stands there as ***: write it in its place")
