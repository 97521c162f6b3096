"""One turn of a chat: a run, shown and kept as `ask` does it, on the chat's own event loop."""

import contextlib
import uuid
from collections.abc import Sequence
from functools import partial

from catagent.cli.asked import Asked
from catagent.cli.outputs import opened
from catagent.cli.recordings import history
from catagent.cli.run_request import _epilogue, _leave, kind_of_run
from catagent.run.event_loop import watchdog
from catagent.run.recorders import recorders
from catagent.run.request import Request
from catagent.run.session import Session
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop


async def turn(
    request: Request, asked: Asked, signals: Interrupts, more: Sequence[RecorderSink]
) -> Session:
    """Run it, show it, keep it, in `more` recorders too."""
    run_id, stop = uuid.uuid4(), Stop()
    kept = history(asked.loaded) if asked.settings.history else None
    with (
        recorders(str(run_id), stop, history=kept) as recording,
        opened(asked, stop) as outputs,
        contextlib.ExitStack() as stack,
    ):
        run = kind_of_run(request)(
            request,
            asked.loaded,
            sinks=outputs.sinks,
            recorders=[*recording, *more],
            stop=stop,
            run_id=run_id,
            on_status=outputs.status,
        )
        epilogue = partial(_epilogue, run.session, outputs, asked)
        stack.callback(setattr, signals, "cancel", signals.cancel)
        signals.cancel, signals.rescue = run.session.cancel, outputs.rescue
        with watchdog(run.session, partial(_leave, outputs, [*recording, *more], epilogue)):
            await run.drive()
    epilogue()
    return run.session
