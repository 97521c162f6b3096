"""Whether a server says that a quota or a credit is used up: what no waiting mends."""

from __future__ import annotations

import re
from typing import Any

from catagent.failures.server_words import codes_in, words_in

# As OpenAI, Anthropic, OpenRouter, DeepSeek, Moonshot and resellers of theirs call it.
_USED_UP = re.compile(
    r"insufficient[ _-](?:user[ _-])?(?:quota|balance|credits?|funds)|exceeded_current_quota"
    r"|billing[ _](?:hard_limit|not_active)|credit balance is too low"
    r"|(?:out of|no|requires more) credits|payment[ _]required|quota is not enough|PerDay",
    re.IGNORECASE,
)
# Google says this of a minute's quota, too, and then when to come back.
_MAYBE = re.compile(
    r"exceed\w* (?:your|the) (?:\w+ )?quota|hard limit|plan and billing", re.IGNORECASE
)
_PASSES = re.compile(r"per[ _-]?(?:minute|second|hour)", re.IGNORECASE)
_MOST_READ = 1 << 16


def is_used_up(body: Any, retry_after: float | None = None) -> bool:
    """Whether the body of an error says so; parsed JSON, or text that may be JSON.

    `retry_after` are the seconds after which the server wants to be asked again, where it says so.
    """
    said = f"{codes_in(body)} {words_in(body)[:_MOST_READ]}"
    if _USED_UP.search(said):
        return True
    passes = retry_after is not None or _PASSES.search(str(body)[:_MOST_READ])
    return not passes and _MAYBE.search(said) is not None
