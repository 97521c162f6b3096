"""What the models below each part of a run have used, as of any event."""

from bisect import bisect_left
from operator import itemgetter

from catagent.events.types import Usage
from catagent.inspect.span import Span

_KINDS = ("input_tokens", "output_tokens")


class Totals:
    """Tokens by span. Asked for an event near the last one, it adds or takes away what is between.

    `moves` are how often what has used something was put elsewhere, after which it counts anew.
    """

    def __init__(self) -> None:
        self._models, self._sums = list[tuple[int, Span]](), dict[Span, dict[str, int]]()
        self._counted, self._moves = 0, 0

    def add(self, model: Span, position: int) -> None:
        """Take the next model's call that came to an end."""
        self._models.append((position, model))

    def of(self, span: Span, at: int, moves: int) -> Usage:
        """The tokens of a model, or of all models below another; None where none of them said."""
        if moves != self._moves:
            self._sums, self._counted, self._moves = {}, 0, moves
        wanted = bisect_left(self._models, at, key=itemgetter(0))
        sign = 1 if wanted > self._counted else -1
        for _, model in self._models[min(wanted, self._counted) : max(wanted, self._counted)]:
            self._count(model, sign)
        self._counted = wanted
        return Usage(**self._sums.get(span, {}))

    def _count(self, model: Span, sign: int) -> None:
        around: Span | None = model
        given = [(kind, n) for kind in _KINDS if (n := getattr(model.usage, kind, None))]
        while around is not None and given:
            sums = self._sums.setdefault(around, {})
            for kind, number in given:
                sums[kind] = sums.get(kind, 0) + sign * number
                if not sums[kind]:
                    del sums[kind]
            around = around.parent
