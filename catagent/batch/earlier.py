"""The results of an earlier batch that broke off: which questions need not be asked again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from hashlib import blake2b
from typing import BinaryIO

import msgspec

from catagent.batch.questions import Question, masked
from catagent.events.codec import encode_plain
from catagent.events.result import Result

_decoder = msgspec.json.Decoder(Result)


class Earlier:
    """What was answered: a question is found by its place, and by its `id` and what it says.

    Of questions that say the same, each is one of its own. Where the input was changed, what was
    answered at a place that has another question now counts for the first that says the same
    elsewhere. Only success is an answer: whatever else a question came to, it is asked again.
    `damaged` are the lines that are no results, `moved` the answers found at another place.
    Results hold no `secrets`: an input is compared as it would be in one.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.damaged = self.moved = 0
        self._secrets = tuple(secrets)
        self._at: dict[int, bytes] = {}
        self._elsewhere: Counter[bytes] = Counter()

    def read(self, results: BinaryIO) -> int:
        """Take in a file of results; return where its last whole line ends.

        A line without its end was torn, whatever it says: its question is asked again.
        """
        whole = 0
        for line in results:
            if not line.endswith(b"\n"):
                break
            whole += len(line)
            try:
                result = _decoder.decode(line)
            except (msgspec.DecodeError, RecursionError):
                self.damaged += bool(line.strip())
                continue
            if result.status == "success":
                self._at[result.n] = _key(result.id, result.input)
        return whole

    def expect(self, questions: Iterable[Question]) -> int:
        """Look through an input that can be read again; return how many are not answered there."""
        kept, count = {}, 0
        for each in questions:
            count += 1
            if self._at.get(each.n) == (key := self._key(each)):
                kept[each.n] = key
        self._elsewhere.update(key for n, key in self._at.items() if n not in kept)
        self._at = kept
        return count - len(kept)

    def has(self, question: Question) -> bool:
        """Whether it was answered. To be asked once of each, in the order of the input."""
        there, key = self._at.pop(question.n, None), self._key(question)
        if there == key:
            return True
        self._elsewhere.update([there] if there else [])
        if is_moved := self._elsewhere[key] > 0:
            self._elsewhere[key] -= 1
            self.moved += 1
        return is_moved

    def _key(self, question: Question) -> bytes:
        return _key(question.id, masked(question.input, self._secrets))

    @property
    def unasked(self) -> int:
        """How many answers are left to which nobody asked the question."""
        return len(self._at) + self._elsewhere.total()


def _key(own: object, given: object) -> bytes:
    """What tells questions apart, in a few bytes."""
    return blake2b(encode_plain([own, given]), digest_size=12).digest()
