"""What the models of a run have used, and may use: tokens and money."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from catagent.errors import BudgetError, CatagentError, UsageError
from catagent.events.types import WarningData
from catagent.sources.prices import NoPriceError, price_of
from catagent.sources.span import Span
from catagent.sources.usage import Used, used_by


class Budget:
    """The tokens and US dollars that a run may use, 0 for no limit; asked before every request.

    Requests that are under way at once may go over it together. `free` are the names of the models
    that run on this machine. Every other has the list price of its provider.
    """

    def __init__(
        self, max_tokens: int = 0, max_cost: float = 0.0, free: frozenset[str] = frozenset()
    ) -> None:
        self._max_tokens = max_tokens
        self._max_cost = Decimal(str(max_cost))
        self._free = free
        self._tokens = 0
        self._cost = Decimal(0)
        self._warned = False

    def refuses(self, llm: Span) -> CatagentError | None:
        """Why this model must not be asked now, None where it may be."""
        if self._max_tokens and self._tokens >= self._max_tokens:
            return BudgetError(
                f"The run used {self._tokens:,} tokens, and --max-tokens allows "
                f"{self._max_tokens:,}.",
                "allow more with --max-tokens N",
            )
        if self._max_cost and self._cost >= self._max_cost:
            return BudgetError(
                f"The run cost ${_short(self._cost)} by list prices, and --max-cost allows "
                f"${_short(self._max_cost)}.",
                "allow more with --max-cost USD",
            )
        return self._unpriced(llm.provider, llm.model)

    def _unpriced(self, provider: str, model: str) -> UsageError | None:
        if self._max_cost:
            try:
                self._price(provider, model, Used())
            except NoPriceError as unknown:
                return unknown
        return None

    def add(self, llm: Span, response: Any) -> WarningData | None:
        """Count what an answer used; a warning, the first time, where nobody said how much."""
        if not (self._max_tokens or self._max_cost):
            return None
        used = used_by(llm.message, response)
        if used is None:
            return self._uncounted(llm)
        self._tokens += used.total
        if self._max_cost:
            self._cost += self._price(llm.provider, llm.model, used)
        return None

    def _price(self, provider: str, model: str, used: Used) -> Decimal:
        return Decimal(0) if model in self._free else price_of(provider, model, used)

    def _uncounted(self, llm: Span) -> WarningData | None:
        if self._warned:
            return None
        self._warned = True
        limit = "--max-tokens" if self._max_tokens else "--max-cost"
        return WarningData(
            code="uncounted_usage",
            message=f"{llm.model} did not say how many tokens it used: {limit} cannot count them.",
        )


def _short(dollars: Decimal) -> str:
    """To the cent, or where that says little, in two digits: 12.30, 0.0042."""
    exponent = int(dollars.normalize().as_tuple().exponent)
    return f"{dollars:.{max(2, min(1 - dollars.adjusted(), -exponent))}f}"
