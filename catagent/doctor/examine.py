"""Runs the checks: what is known at once comes first, what waits for others goes on meanwhile."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

from catagent.config import Loaded
from catagent.doctor import agent, machine, models, packages, settings
from catagent.errors import UsageError
from catagent.events.report import Check
from catagent.views.options import ViewOptions

_LONGEST_S = 12.0


def examine(
    loaded: Loaded, problems: Sequence[UsageError], python: str | None, view: ViewOptions
) -> Iterator[Check]:
    """Yield what is found, by group. `problems` are those of the settings."""
    pool = ThreadPoolExecutor()
    server = pool.submit(lambda: list(models.reached(loaded)))
    programs = pool.submit(lambda: list(machine.programs(loaded)))
    pool.shutdown(wait=False)
    yield from packages.checks()
    yield from settings.checks(loaded, problems)
    yield from machine.terminal(loaded, view)
    yield from machine.places(loaded)
    yield from agent.checks(loaded, python)
    yield from programs.result()
    yield from models.choices(loaded)
    try:
        yield from server.result(_LONGEST_S)
    except TimeoutError:
        remedy = "is its name found? a proxy, or a name server, may be silent"
        yield Check("model", "server", f"no answer in {_LONGEST_S:g} s", "broken", remedy=remedy)
