"""One turn of a chat: shown and kept as `ask` does it, on the chat's own event loop."""

import contextlib
from collections.abc import Sequence
from functools import partial

from catagent.cli.asked import Asked
from catagent.cli.outputs import opened
from catagent.cli.run_request import epilogue, leave, turn_of
from catagent.errors import ExitCode
from catagent.run.event_loop import watchdog
from catagent.run.request import Request
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop


async def turn(
    request: Request, asked: Asked, signals: Interrupts, more: Sequence[RecorderSink]
) -> ExitCode:
    """Run it, show it, keep it, in `more` recorders too, and return its exit code."""
    stop = Stop()
    with opened(asked, stop) as outputs, contextlib.ExitStack() as stack:
        made = turn_of(request, asked, outputs, stop, more)
        stack.callback(setattr, signals, "cancel", signals.cancel)
        signals.cancel, signals.rescue = made.cancel, outputs.rescue
        with watchdog(lambda: made.session, partial(leave, made, outputs, asked)):
            await made.drive()
    epilogue(made, outputs, asked)
    return made.exit_code
