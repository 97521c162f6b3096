"""One question of a batch, asked as often as it takes, in runs of its own."""

from __future__ import annotations

import asyncio
import random
import time
from functools import reduce
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from catagent.batch.questions import Question, masked
from catagent.config import Loaded
from catagent.errors import CatagentError, ExitCode
from catagent.events import types as ev
from catagent.events.result import Result
from catagent.events.summary import together
from catagent.failures.again import wait_before_again
from catagent.failures.classify import classify
from catagent.failures.exceptions import causes_of, status_of
from catagent.run.answers import Asker
from catagent.run.request import Request
from catagent.run.turns import Keep, Turn
from catagent.sinks.base import Sink

if TYPE_CHECKING:
    from catagent.run.session import Session

# A server that wants to be left alone for longer is not waited for, in seconds.
_LONGEST_WAIT_S = 300.0
_LONGEST_BACKOFF_S = 60.0
# A server that is away is asked again for so long at least, as a stream is taken up again.
_PATIENCE_S = 30.0


class Attempts:
    """The runs of one question, the last of which counts.

    What another try may mend is asked again up to `retries` times; where there are any, a server
    that was there and is away, for half a minute. `keep` opens the recording of a run, `approve`
    decides on tool calls. `has_lost` says that a recording is incomplete.
    """

    def __init__(
        self,
        question: Question,
        request: Request,
        loaded: Loaded,
        *,
        retries: int,
        keep: Keep,
        approve: Asker | None = None,
    ) -> None:
        self.has_lost = False
        self._question, self._loaded, self._retries = question, loaded, retries
        self._keep, self._approve = keep, approve
        is_text = isinstance(question.input, str)
        given: dict[str, Any] = {"question" if is_text else "input": question.input}
        self._request = replace(request, **given)
        self._ends: list[ev.RunFinishedData] = []
        self._turn: Turn | None = None
        self._why: ExitCode | None = None
        self._count = 0
        self._failed_at: float | None = None

    @property
    def session(self) -> Session | None:
        """That of the last run."""
        return self._turn.session if self._turn else None

    def cancel(self, why: ExitCode) -> None:
        """Cancel what runs. Safe in a signal handler and on any thread."""
        self._why = why
        if self._turn is not None:
            self._turn.cancel(why)

    async def ask(self, begun: asyncio.Event) -> None:
        """Ask it; `begun` is set when the agent runs.

        Raises CatagentError where no run can be begun, nor recorded.
        """
        if self._question.problem:
            return
        self._count, self._begun = self._count + 1, begun
        self._turn = Turn(
            self._request,
            self._loaded,
            sinks=[_Beginning(begun)],
            keep=self._keep,
            ask=self._approve,
        )
        if self._why is not None:  # cancelled while it was made
            self._turn.cancel(self._why)
        await self._turn.drive()
        self.has_lost = self.has_lost or self._turn.runs[-1].broadcast.has_lost
        ends = (session.state.finished for session in self._turn.sessions)
        self._ends += [end.data for end in ends if end is not None]

    def wait(self, *, is_there: bool | None) -> float | None:
        """When to ask it again, in seconds; None for not at all.

        `is_there` says whether others were answered last. None where none was asked: then an
        answer of whatever status says it, or that an agent runs there.
        """
        end, session = self._ends[-1] if self._ends else None, self.session
        if end is None or end.error is None or session is None:
            return None
        self._failed_at = self._failed_at or time.monotonic()
        asked = wait_before_again(end.error.kind, session.raised)
        if asked is None or asked > _LONGEST_WAIT_S:
            return None
        if is_there is None and session.raised is not None:
            runs_there = self._request.address is not None and self._begun.is_set()
            is_there = runs_there or any(map(status_of, causes_of(session.raised)))
        is_away = is_there and end.error.kind == "network"
        is_early = time.monotonic() - self._failed_at < _PATIENCE_S
        if self._count > self._retries and not (self._retries and is_away and is_early):
            return None
        backoff = min(2.0 ** (self._count - 1), _LONGEST_BACKOFF_S)
        return asked + backoff * random.uniform(0.5, 1.0)  # noqa: S311 - spreads them

    @property
    def error(self) -> CatagentError | None:
        """What the last run failed for."""
        if (session := self.session) is None or self._ends[-1].error is None:
            return None
        if session.raised is not None:
            return classify(session.raised, session.outcome.owner)
        return session.stop.why if isinstance(session.stop.why, CatagentError) else None

    def result(self) -> Result:
        """What it came to by now."""
        end = self._end()
        started = self.session.state.started if self.session else None
        return Result(
            n=self._question.n,
            id=self._question.id,
            input=masked(self._question.input, self._loaded.secrets),
            status=end.status,
            output=end.output,
            run_id=started.run_id if started else "",
            attempts=self._count,
            duration_s=round(end.duration_s, 6),
            usage=end.usage,
            cost=end.cost,
            error=end.error,
        )

    def _end(self) -> ev.RunFinishedData:
        if self._ends:
            return reduce(together, self._ends)
        said = self._question.problem
        error = ev.ErrorInfo(kind="user", type="UsageError", message=said) if said else None
        status: ev.RunStatus = "error" if said else "cancelled"
        return ev.RunFinishedData(status=status, exit_code=int(ExitCode.USAGE), error=error)


class _Beginning(Sink):
    """Says when an agent runs: by then all that it is made of has been imported."""

    def __init__(self, begun: asyncio.Event) -> None:
        self._begun = begun

    def write(self, event: ev.Event) -> None:
        if not isinstance(event, ev.RunStarted | ev.Warned | ev.RunFinished):
            self._begun.set()
