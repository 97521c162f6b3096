"""How far the stream of a run has been read, so that it can be taken up there, exactly."""

import re
from typing import Any

from langgraph_sdk.schema import StreamPart

from catagent.errors import NetworkError
from catagent.failures.server_words import one_line, words_in

BEGINNING = "-1"
"""What to ask for instead of an id: before the first of LangGraph's, and unknown to Aegra, which
has all sent again then."""
_FIRST = ("metadata", "error")
# LangGraph's ids: milliseconds, and a number.
_TIMED = re.compile(r"(\d+)-(\d+)")
HINT = "the run may go on there: catagent watch shows what runs"
_FORGOTTEN = "a server that is started again may have forgotten its runs: ask again"


class Position:
    """The place in a stream up to which its parts were read, whatever connections they came over.

    An id alone does not tell it. LangGraph's server in memory has milliseconds as ids, which
    several parts share; and it repeats, after what was stored, what came while it sent that. So
    it is the id before the last that is asked from, and all of the last id is counted. Nothing may
    be missing at the beginning of a run that `is_ours`.
    """

    def __init__(self, is_ours: bool) -> None:
        self._is_ours = is_ours
        self._first: str | None = None
        self._before: str | None = None
        self._last: str | None = None
        self._alike: list[tuple[str, Any]] = []
        self._awaited = 0
        self._is_resumed = self._is_recognised = False

    def resume(self) -> str:
        """Begin anew on another connection; return the id after which it is to send.

        Raises NetworkError where the parts had no ids: what was missed would not be sent again.
        """
        if self._alike and self._last is None:
            raise lost("its server cannot send again what was missed")
        self._awaited = len(self._alike)
        self._is_resumed, self._is_recognised = True, False
        return self._before or BEGINNING

    def is_new(self, part: StreamPart) -> bool:
        """Whether a part is the next one, and not one again; it counts as read then.

        Raises NetworkError where parts between it and the last one were not sent.
        """
        if self._awaited and not self._is_anew(part):
            self._recognise(part)
            return False
        if self._is_resumed and self._is_again(part):
            return False
        is_late = self._is_ours and self._is_resumed and part.event not in _FIRST
        if is_late and not self._alike:
            raise lost("its server does not send its beginning")
        if part.id != self._last or self._first is None:
            self._first, self._before = self._first or part.id, self._last
            self._last, self._alike = part.id, []
        self._alike.append((part.event, part.data))
        return True

    def ended(self, *, is_known: bool) -> None:
        """Raise NetworkError where the stream ended before it had come to this place again.

        A run that the server does not know, `is_known` says, does not go on either.
        """
        if self._awaited or (self._is_ours and not self._alike):
            raise lost("its server has no more of it", HINT if is_known else _FORGOTTEN)

    def _is_anew(self, part: StreamPart) -> bool:
        """Whether a server that was started again runs the run again, from its last checkpoint."""
        is_known = self._is_recognised or part.id in (self._first, self._before, self._last)
        if part.event == "metadata" and not is_known:
            self._awaited, self._alike = 0, []
            return True
        return False

    def _recognise(self, part: StreamPart) -> None:
        if not self._is_recognised and part.id not in (self._first, self._before, self._last):
            if part.event == "error":  # which is the server's, about a run that it does not find
                raise lost(f"its server says: {one_line(words_in(part.data), 500)}", _FORGOTTEN)
            raise lost("its server went on elsewhere")
        self._is_recognised = True
        self._awaited -= part.id == self._last

    def _is_again(self, part: StreamPart) -> bool:
        if part.id == self._last:
            return (part.event, part.data) in self._alike
        one, other = _TIMED.fullmatch(part.id or ""), _TIMED.fullmatch(self._last or "")
        return one is not None and other is not None and _numbers(one) < _numbers(other)


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(map(int, match.groups()))


def lost(why: str, hint: str = HINT) -> NetworkError:
    """The error of a run that is not read on: the connection broke off, and `why` it ends there."""
    return NetworkError(f"The connection broke off, and {why}.", hint)
