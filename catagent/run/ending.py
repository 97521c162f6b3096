"""How a run ended: its status, its exit code and its error, from what was raised and who asked."""

import asyncio

from catagent.errors import (
    AgentError,
    CatagentError,
    ExitCode,
    LimitError,
    OutputError,
    RunTimeoutError,
)
from catagent.events import types as ev
from catagent.failures.classify import Owner, classify, error_info
from catagent.sinks.fd_writer import StalledError
from catagent.sources.base import Outcome

_FROM_INSIDE = AgentError(
    "The run was cancelled from inside, by the agent or one of its tools.",
    "a tool should raise an exception, or return what went wrong",
)


def ending(
    raised: BaseException | None, why: CatagentError | ExitCode | None, outcome: Outcome
) -> ev.RunFinishedData:
    """The end of a run that `raised` this, None for nothing, where `why` was asked for.

    Who asked for the end is the reason for it, whatever the agent made of that; else it is what
    the source knows, the `outcome`. There is no error in that of a success, nor of a run that
    waits for a person.
    """
    if why is None and isinstance(raised, asyncio.CancelledError):
        why = _FROM_INSIDE
    if why is not None:
        return stopped(why)
    if raised is not None:
        return _failed(raised, outcome.owner)
    if outcome.interrupted:
        return ev.RunFinishedData(status="interrupted", exit_code=int(ExitCode.WAITING))
    return ev.RunFinishedData(status="success", exit_code=int(ExitCode.OK))


def stopped(why: CatagentError | ExitCode) -> ev.RunFinishedData:
    """The end of a run that somebody ended: with an error of ours, or for no fault of its own."""
    if isinstance(why, CatagentError):
        return _failed(why, None)
    kind, message = "Interrupted", "The run was cancelled."
    if why is ExitCode.BROKEN_PIPE:
        kind, message = "BrokenPipeError", "The reader left."
    error = ev.ErrorInfo(kind="user", type=kind, message=message)
    return ev.RunFinishedData(status="cancelled", exit_code=int(why), error=error)


def _failed(raised: BaseException, owner: Owner | None) -> ev.RunFinishedData:
    error = classify(raised, owner)
    status: ev.RunStatus = "limit" if isinstance(error, LimitError) else "error"
    if error.exit_code is ExitCode.INTERRUPTED:
        status = "cancelled"
    code, info = int(error.exit_code), error_info(raised, owner)
    return ev.RunFinishedData(status=status, exit_code=code, error=info)


def lost_output(cause: OSError, timeout_s: float) -> CatagentError | ExitCode:
    """Why a run ends whose output cannot be written: its reader left, or stalls, or an error."""
    if isinstance(cause, BrokenPipeError):
        return ExitCode.BROKEN_PIPE
    if isinstance(cause, StalledError):  # past what the run may take, or what it was given to end
        return took_too_long(timeout_s)
    return OutputError(f"Cannot write the output: {cause.strerror or cause}.")


def took_too_long(timeout_s: float) -> RunTimeoutError:
    """The error of a run that `--timeout` ended."""
    hint = "give it longer with --timeout SECONDS"
    return RunTimeoutError(f"The run took over {timeout_s:g} s.", hint)
