"""What tokens cost, by the list prices that the package genai-prices brings along.

Nothing is fetched. The package is imported where a price is asked for, which takes half a second.
"""

from __future__ import annotations

from decimal import Decimal

from catagent.errors import UsageError
from catagent.sources.usage import Used


class NoPriceError(UsageError):
    """Nobody here knows what a model costs."""


def price_of(provider: str, model: str, used: Used) -> Decimal:
    """The list price in US dollars of what a model used.

    By its provider, named as LangChain has it. Where that one lists no such model (a gateway, which
    passes for OpenAI), by the model's own name. Raises NoPriceError where neither is known.
    """
    read = min(used.cache_read, used.input)
    from genai_prices import Usage, calc_price

    usage = Usage(
        input_tokens=used.input,
        output_tokens=used.output,
        cache_read_tokens=read,
        cache_write_tokens=min(used.cache_write, used.input - read),
    )
    for provider_id, name in ((provider, model), (None, model), (None, model.rpartition("/")[2])):
        try:
            return calc_price(usage, model_ref=name, provider_id=provider_id).total_price
        except LookupError:
            continue
    raise NoPriceError(
        f"There is no price for the model {model}, so --max-cost cannot count what it costs.",
        "limit it with --max-tokens N instead",
    )
