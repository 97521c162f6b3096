"""What can go wrong, and what the shell gets to know of it.

Whatever is no CatagentError, and leaves the program, is a defect of the program itself (`kind`
"program").
"""

from collections.abc import Collection, Iterable
from enum import IntEnum
from typing import ClassVar, Literal

ErrorKind = Literal["user", "credentials", "model", "network", "tool", "agent", "output", "program"]


class ExitCode(IntEnum):
    """The process exit codes, a public contract. `WAITING` alone comes with no error."""

    OK = 0
    FAILED = 1
    USAGE = 2
    STEP_LIMIT = 3
    CREDENTIALS = 4
    WAITING = 5
    TIMEOUT = 124
    HANGUP = 129
    INTERRUPTED = 130
    BROKEN_PIPE = 141
    TERMINATED = 143


def nearest(name: str, known: Iterable[str], cutoff: float = 0.6) -> str:
    """The one of these names that another is nearly, empty where it is none: in case or order."""
    from difflib import get_close_matches  # for mistakes alone

    names, lower = {each.lower(): each for each in known}, name.lower()
    swapped = [each for each in names if sorted(each) == sorted(lower)]
    near = swapped or get_close_matches(lower, names, n=1, cutoff=cutoff)
    return names[near[0]] if near else ""


def did_you_mean(
    name: str, known: Collection[str], more: str | None = None, cutoff: float = 0.6
) -> str:
    """A hint: the nearest of these names, if one is near, and then `more`, else all there are."""
    near = nearest(name, known, cutoff)
    if more is None:
        more = f"there is: {', '.join(known)}" if known else ""
    return f"did you mean {near}? {more}".rstrip() if near else more


class CatagentError(Exception):
    """An error that a person can do something about: `message` says what, `hint` what next."""

    kind: ClassVar[ErrorKind] = "program"
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED

    def __init_subclass__(
        cls, *, kind: ErrorKind | None = None, exit_code: ExitCode | None = None
    ) -> None:
        super().__init_subclass__()
        cls.kind, cls.exit_code = kind or cls.kind, exit_code or cls.exit_code

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(CatagentError, kind="user", exit_code=ExitCode.USAGE):
    """The command line or the configuration asks for something that is not there."""


class CredentialsError(CatagentError, kind="credentials", exit_code=ExitCode.CREDENTIALS):
    """There is no API key, or the server refused it."""


class ModelError(CatagentError, kind="model"):
    """The model, or the server in front of it, answered with an error or with nonsense."""


class NetworkError(CatagentError, kind="network"):
    """No connection, no answer, or a stream that broke off."""


class ToolError(CatagentError, kind="tool"):
    """A tool raised an exception."""


class AgentError(CatagentError, kind="agent"):
    """The agent failed, or ended without an answer."""


class LimitError(CatagentError, kind="agent", exit_code=ExitCode.STEP_LIMIT):
    """A limit ended the run, ours or one that the agent's author set."""


class StepLimitError(LimitError):
    """The agent took more steps than `--max-steps`, or its author, allows."""


class BudgetError(LimitError):
    """The run used more tokens than `--max-tokens` allows, or more money than `--max-cost`."""


class RunTimeoutError(CatagentError, kind="network", exit_code=ExitCode.TIMEOUT):
    """The run took longer than `--timeout` allows."""


class OutputError(CatagentError, kind="output"):
    """A file or stream that we write to failed."""


class ViewerLeftError(CatagentError, kind="user", exit_code=ExitCode.INTERRUPTED):
    """Whoever watched a run of another program left before its end, of which nothing is known."""


class RecordingError(CatagentError, kind="user"):
    """A recording is missing, damaged or unfinished."""
