"""How a run ended: its status, its exit code and its error, from what was raised and who asked."""

from __future__ import annotations

import asyncio

from msgspec import Struct

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


class Ending(Struct, frozen=True):
    """The end of one run. `error` is None for a success, and for one that waits for a person."""

    status: ev.RunStatus
    exit_code: ExitCode
    error: ev.ErrorInfo | None = None


def ending(
    raised: BaseException | None, why: CatagentError | ExitCode | None, outcome: Outcome
) -> Ending:
    """The end of a run that `raised` this, None for nothing, where `why` was asked for.

    Who asked for the end is the reason for it, whatever the agent made of that; else it is what
    the source knows, the `outcome`.
    """
    if why is not None:
        return stopped(why)
    if raised is None:
        waits = outcome.interrupted
        return Ending("interrupted", ExitCode.WAITING) if waits else Ending("success", ExitCode.OK)
    if isinstance(raised, asyncio.CancelledError):
        return stopped(_FROM_INSIDE)
    return _failed(raised, outcome.owner)


def stopped(why: CatagentError | ExitCode) -> Ending:
    """The end of a run that somebody ended: with an error of ours, or for no fault of its own."""
    if isinstance(why, CatagentError):
        return _failed(why, None)
    reader_left = why is ExitCode.BROKEN_PIPE
    info = ev.ErrorInfo(
        kind="user",
        type="BrokenPipeError" if reader_left else "Interrupted",
        message="The reader left." if reader_left else "The run was cancelled.",
    )
    return Ending("cancelled", why, info)


def _failed(raised: BaseException, owner: Owner | None) -> Ending:
    error = classify(raised, owner)
    status: ev.RunStatus = "limit" if isinstance(error, LimitError) else "error"
    if error.exit_code is ExitCode.INTERRUPTED:
        status = "cancelled"
    return Ending(status, error.exit_code, error_info(raised, owner))


def lost_output(cause: OSError, timeout_s: float) -> CatagentError | ExitCode:
    """Why a run ends whose output cannot be written: its reader left, or stalls, or an error."""
    if isinstance(cause, BrokenPipeError):
        return ExitCode.BROKEN_PIPE
    if isinstance(cause, StalledError):  # past what the run may take, or what it was given to end
        return took_too_long(timeout_s)
    return OutputError(f"Cannot write the output: {cause.strerror or cause}.")


def took_too_long(timeout_s: float) -> RunTimeoutError:
    """The error of a run that `--timeout` ended."""
    return RunTimeoutError(
        f"The run took over {timeout_s:g} s.", "give it longer with --timeout SECONDS"
    )
