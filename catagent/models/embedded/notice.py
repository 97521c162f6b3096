"""Is this what the embedded model was tuned for? A notice for the person, and nothing else.

It never refuses and never changes what is asked: a 135M model answers anything, and outside of
its few questions about a hiding cat most of it is nonsense that looks like an answer.
"""

import re

from catagent.events.types import WarningData
from catagent.models.spec import ModelSpec

LONG = 300
_TUNED_FOR = frozenset({"cat", "cat-classic"})
_HINT = "choose a bigger model with --model PROVIDER:NAME or --model local:FILE.gguf"

# An English question of some length has one of these words, and hardly another language has any.
_ENGLISH = re.compile(
    r"\b(about|again|and|another|any|are|can|cat|could|does|find|from|give|have|hello|hey|hides?"
    r"|hiding|hideout|how|it|its|jokes?|kitty|know|list|more|my|of|place|please|show|some|tell"
    r"|thanks?|that|the|their|them|there|things?|this|to|us|what|where|which|who|why|with|would"
    r"|your?)\b",
    re.IGNORECASE,
)


def beyond(model: ModelSpec, agent: str, question: str) -> WarningData | None:
    """What to warn of before this agent answers this question on this model, if anything."""
    too_short_to_tell = len(question.split()) < 4 and question.isascii()
    if not model.is_embedded:
        return None
    if agent not in _TUNED_FOR:
        reason = "it was not tuned for this agent"
    elif len(question) > LONG:
        reason = "this one is long"
    elif not too_short_to_tell and _ENGLISH.search(question) is None:
        reason = "this one does not look English"
    else:
        return None
    message = f"The embedded model is tuned for short English questions to the cat agent; {reason}."
    return WarningData(code="embedded_model", message=message, hint=_HINT)
