"""What ends a run that goes on for too long: steps, tokens, money; and how it does."""

from __future__ import annotations

from collections.abc import Callable

from catagent.errors import CatagentError
from catagent.events.types import Usage, WarningData
from catagent.sources.budget import Budget
from catagent.sources.run_tree import RunTree
from catagent.sources.span import Span
from catagent.sources.step_limit import Steps


class Bounds:
    """The limits of one run. `error` is that of the limit which ended it, once one has.

    An agent may catch what is raised here, and go on. It does not get far: whatever it begins
    next raises the same, and begun twice in one place, the run is cancelled.
    """

    def __init__(
        self, tree: RunTree, steps: Steps, budget: Budget, cancel: Callable[[CatagentError], None]
    ) -> None:
        self.error: CatagentError | None = None
        self.steps = steps
        self._tree = tree
        self._budget = budget
        self._cancel = cancel
        self._refused: set[str] = set()

    def begin(self, span: Span) -> None:
        """Something begins: not after the end, and a node not for ever. Raises the error."""
        self.end(span, self.error)
        if span.is_node:
            self.end(span, self.steps.enter(span))

    def ask(self, llm: Span) -> None:
        """A model is to be asked. Raises the error of a limit that does not allow it."""
        self.end(llm, self.steps.ask(llm, self._tree.turns_around(llm)))
        self.end(llm, self._budget.refuses(llm))

    def answered(self, llm: Span, usage: Usage | None) -> WarningData | None:
        """A model has answered; a warning where nobody knows what that cost."""
        return self._budget.add(llm, usage)

    def behind(self, raised: BaseException) -> BaseException:
        """The error of the limit that made an agent raise this, or what else it raised."""
        return self.error or raised

    def end(self, span: Span, error: CatagentError | None) -> None:
        """Raise what ends the run, if anything does; `span` is of what must not go on."""
        if error is None:
            return
        self.error = self.error or error
        place = span.parent_ids[-1] if span.parent_ids else ""
        if place in self._refused:
            self._cancel(self.error)
        self._refused.add(place)
        raise self.error
