"""What ends a run that goes on for too long: steps, tokens, money; what it cost, and how it ends.

Prices are the list prices that the package genai-prices brings along: nothing is fetched. It is
imported while the answer of a model that may charge is awaited, or --max-cost asks, and takes 30 ms
where LangChain is there, 150 ms where it is not.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cache, partial
from importlib import import_module
from threading import Timer

from catagent.errors import BudgetError, CatagentError, StepLimitError, UsageError
from catagent.events import types as ev
from catagent.sources.span import Span

# What is put in a server's cache of its input: Anthropic's, in all or by how long it is kept.
_WRITTEN = ("cache_creation", "ephemeral_")
# Those of LangChain's providers that charge nothing: models on this machine.
_LOCAL = ("local", "ollama", "chatllamacpp", "llamacpp")
# What has the prices; a moment, in seconds, after which the request has been sent.
_PRICES, _MOMENT = "genai_prices.data", 0.1


class Budget:
    """The tokens and US dollars that a run may use, 0 for no limit; asked before every request.

    And what it did use: `costs` has that in US dollars, `steps` those of the runs before this one.
    """

    def __init__(self, max_tokens: int = 0, max_cost: float = 0.0) -> None:
        self._max_tokens = max_tokens
        self._max_cost = Decimal(str(max_cost))
        self.steps = 0
        self._tokens = 0
        self._cost = Decimal(0)
        self._warned = False
        self._prices: dict[str, Callable[[], Decimal] | None] = {}

    def costs(self) -> dict[str, float | None]:
        """What each model run cost in US dollars; null where nobody charges for it.

        Those are left out of which nobody knows, the usage or the price.
        """
        found: dict[str, float | None] = {}
        for run_id, price in self._prices.items():
            with suppress(Exception):  # whatever a package raises, a run comes to its end
                found[run_id] = None if price is None else float(price())
        return found

    def refuses(self, llm: Span) -> CatagentError | None:
        """Why this model must not be asked now, None where it may be."""
        if self._max_tokens and self._tokens >= self._max_tokens:
            used = f"used {self._tokens:,} tokens"
            return _over(used, "--max-tokens", f"{self._max_tokens:,}", "N")
        if self._max_cost and self._cost >= self._max_cost:
            used = f"cost ${self._cost.normalize():f} by list prices"
            return _over(used, "--max-cost", f"${self._max_cost:f}", "USD")
        try:
            if self._max_cost:
                price_of(llm.provider, llm.model)
        except UsageError as unknown:
            return unknown
        if llm.provider and llm.provider not in _LOCAL:
            _load_prices()
        return None

    def add(self, llm: Span, usage: ev.Usage | None) -> ev.WarningData | None:
        """Count what an answer used; a warning, the first time, where nobody said how much."""
        given = getattr(llm.message, "usage_metadata", None) or {}
        is_cached = given.get("total_cost") == 0  # by LangChain
        if is_cached or llm.provider in _LOCAL:
            self._prices[llm.run_id] = None
        used = usage or ev.Usage()
        tokens = used.total_tokens or (used.input_tokens or 0) + (used.output_tokens or 0)
        if is_cached:
            return None
        if tokens and llm.provider not in _LOCAL:
            self._price(llm, used, given.get("input_token_details") or {})
        if not (self._max_tokens or self._max_cost):
            return None
        self._tokens += tokens
        if tokens or self._warned:
            return None
        self._warned = True
        limit = "--max-tokens" if self._max_tokens else "--max-cost"
        return ev.WarningData(
            code="uncounted_usage",
            message=f"{llm.model} did not say how many tokens it used: {limit} cannot count them.",
        )

    def _price(self, llm: Span, used: ev.Usage, details: Mapping[str, int]) -> None:
        """Keep what it takes to price an answer."""
        written = sum(n for name, n in details.items() if name.startswith(_WRITTEN) and n)
        by_name = bool(self._max_cost)
        price = partial(price_of, llm.provider, llm.model, used, written, by_name=by_name)
        if self._max_cost:
            self._cost += price()
        self._prices[llm.run_id] = price


@cache
def _load_prices() -> None:
    """Import the prices alongside, once, so that no run waits for them at its end."""

    def load() -> None:
        with suppress(Exception):  # whoever needs them imports them, and says what is wrong
            import_module(_PRICES)

    with suppress(RuntimeError):  # there may be too many threads
        loading = Timer(_MOMENT, load)
        loading.daemon = True
        loading.start()


def _over(used: str, option: str, allowed: str, unit: str) -> BudgetError:
    words = f"The run {used}, and {option} allows {allowed}."
    return BudgetError(words, f"allow more with {option} {unit}")


def price_of(
    provider: str,
    model: str,
    usage: ev.Usage | None = None,
    written: int = 0,
    *,
    by_name: bool = True,
) -> Decimal:
    """The list price in US dollars of what a model used; of its input, `written` to a cache.

    By its provider, named as LangChain has it. Where that one lists no such model (a gateway, which
    passes for OpenAI), `by_name` by the model's own. Raises UsageError where neither is known.
    """
    if provider in _LOCAL:
        return Decimal(0)
    from genai_prices import Usage, calc_price

    used = usage or ev.Usage()
    inputs = used.input_tokens or 0
    read = min(used.cached_tokens or 0, inputs)
    counts = Usage(
        input_tokens=inputs,
        output_tokens=used.output_tokens or 0,
        cache_read_tokens=read,
        cache_write_tokens=min(written, inputs - read),
    )
    named = [(None, model), (None, model.rpartition("/")[2])] if by_name else []
    for provider_id, name in ((provider, model), *named):
        with suppress(LookupError):
            return calc_price(counts, model_ref=name, provider_id=provider_id).total_price
    raise UsageError(
        f"There is no price for the model {model}, so --max-cost cannot count what it costs.",
        "limit it with --max-tokens N instead",
    )


# What a step may take that is not counted as one: model calls in a loop of a person's own. For a
# graph, supersteps: two a step, and one for every middleware hook.
_BACKSTOP = 20


class Bounds:
    """The limits of one run. `error` is that of the limit which ended it, once one has.

    Every agent decides `max_steps` times on tool calls, and so does every node of a graph. A turn
    is a decision or, in a graph, a superstep in which a node asks a model: a fan-out is one. What
    an agent begins after it caught the error raises it again, and cancels the run.
    """

    def __init__(
        self, max_steps: float, budget: Budget, cancel: Callable[[CatagentError], None]
    ) -> None:
        self.error: CatagentError | None = None
        self.budget = budget
        self._max_steps = max_steps
        self._cancel = cancel
        self._decided: defaultdict[str, set[str]] = defaultdict(set)
        self._taken: defaultdict[object, set[object]] = defaultdict(set)

    def begin(self, span: Span) -> None:
        """Something begins: not after the end, and a node not for ever. Raises the error."""
        if self.error is not None:
            self._cancel(self.error)
            raise self.error
        if span.is_node:
            self._take(("graph", *span.parent_ids[-1:]), span.superstep)

    def ask(self, llm: Span, around: Iterable[Span]) -> None:
        """A model is to be asked; `around` are its `steps_around`. Raises the error of a limit."""
        turn: tuple[object, ...] = (llm.run_id,)
        for span in around:
            self._take(span.run_id, turn)
            turn = (span.run_id,)
            if span.is_node and span.superstep is not None:
                turn = (*span.parent_ids[-1:], span.node, span.superstep)
                self._take(turn[:-1], turn, self._max_steps + 1)
            if span.kind == "tool":  # what is around it does not count
                break
        self.end(self.budget.refuses(llm))

    def _take(self, whose: object, turn: object, most: float = 0) -> None:
        taken = self._taken[whose]
        taken.add(turn)
        if len(taken) > (most or _BACKSTOP * (self._max_steps + 1)):
            self.end(self._step_limit())

    def count(self, llm: Span) -> None:
        """The tools that this model run called for are being run: one step of its agent."""
        self._decided[llm.scope].add(llm.run_id)

    def act(self, llm: Span) -> None:
        """An executor runs a tool. Raises the error where that is a step too many."""
        if llm.run_id not in self._decided[llm.scope]:
            self.end(self.over_limit(llm))
        self.count(llm)

    def over_limit(self, llm: Span) -> StepLimitError | None:
        """The error of an agent that has taken all of its steps, and wants another."""
        taken = len(self._decided[llm.scope])
        if llm.scope == llm.parent_ids[0]:
            taken += self.budget.steps
        return self._step_limit() if taken >= self._max_steps else None

    def end(self, error: CatagentError | None) -> None:
        """Raise what ends the run, if anything does."""
        self.error = self.error or error
        if self.error is not None:
            raise self.error

    def _step_limit(self) -> StepLimitError:
        return StepLimitError(
            f"The agent was stopped after {self._max_steps} steps without an answer.",
            hint=f"allow more with --max-steps (now {self._max_steps})",
        )
