"""`catagent.show`: the run of an agent on the terminal of the program that it is part of."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, Any

from catagent.api.stream import DEFAULTS, run_events
from catagent.config import Mode, merged, process_environ
from catagent.events.filters import Filters
from catagent.events.types import RunFinished
from catagent.run.event_loop import block_on
from catagent.sinks.base import Sink
from catagent.sinks.plain import PlainSink
from catagent.views.options import is_capable, options_for

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig

    from catagent.api.stream import Agent


def show(
    agent: Agent,
    input: Any,  # noqa: A002 - LangChain's word
    *,
    verbose: bool = False,
    quiet: bool = False,
    fold: int = DEFAULTS.fold,
    mode: Mode = DEFAULTS.mode,
    config: RunnableConfig | None = None,
    filters: Filters | None = None,
    max_steps: int = DEFAULTS.max_steps,
    timeout: float = DEFAULTS.timeout,
    idle_timeout: float = DEFAULTS.idle_timeout,
    max_tokens: int = DEFAULTS.max_tokens,
    max_cost: float = DEFAULTS.max_cost,
    raw: bool = False,
    secrets: Iterable[str] = (),
    record: str | os.PathLike[str] | None = None,
) -> RunFinished:
    """Run an agent, show it on stdout, and return its last event.

    Live on a terminal, in plain lines anywhere else, a notebook too. `verbose` shows more, `quiet`
    less; of a text that is not the answer a terminal gets `fold` rows, 0 for all. All else is as in
    `stream`. Blocks until the run has ended, on a thread of its own where an event loop runs
    already. Ctrl-C cancels the run and raises KeyboardInterrupt.
    """
    given = dict(locals())
    shown = {name: given.pop(name) for name in ("verbose", "quiet", "fold")}

    async def main() -> RunFinished:
        with contextlib.closing(_view(**shown)) as sink:
            async with contextlib.aclosing(run_events((sink,), **given)) as events:
                async for event in events:
                    if isinstance(event, RunFinished):
                        return event
        raise AssertionError("a run ends with run.finished")

    return block_on(main)


def _view(*, fold: int, **shown: bool) -> Sink:
    """What shows a run on stdout, until it is closed."""
    out, environ = sys.stdout, process_environ()
    settings = merged([("the call", {"fold": fold})])
    options = options_for(out, environ, settings, unfold="fold=0", **shown)
    if is_capable(environ, isatty=out.isatty()):
        from catagent.sinks.live import LiveSink

        return LiveSink(options, out).start()
    # After what was printed before, and where stdout leads by then.
    return PlainSink(options, out, put=partial(print, end="", flush=True))
