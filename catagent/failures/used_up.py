"""Whether a server says that a quota or a credit is used up: what no waiting mends."""

from __future__ import annotations

import re
from typing import Any

from catagent.failures.server_words import codes_in, words_in

# As providers, and resellers of theirs, write it, in codes and in words.
_USED_UP = re.compile(
    r"""insufficient[\ _-](user[\ _-])?(quota|balance|credits?|funds)  # OpenAI, DeepSeek
    | exceeded_current_quota|billing[\ _](hard_limit|not_active)|balance\ is\ insufficient
    | (out\ of|no|(do|does)n.t\ have\ any|requires\ more)\ credits|add\ \d+\ credits
    | not[\ _]enough[\ _](balance|credits?|quota)|quota\ is\ not\ enough|payment[\ _]required
    | credit\ balance\ is\ too\ low  # Anthropic
    | used\ all\ available\ credits|spending\ limit  # xAI, Fireworks
    | budget_exceeded|budget\ has\ been\ exceeded  # LiteLLM
    | limited\ to\ \d+\ api\ calls\ /\ month|monthly\ included\ credits  # Cohere, Hugging Face
    | \bArrearage\b|FreeTierOnly|overdue[\ _-]?(payment|error)  # Qwen, Volcengine
    | \u4f59\u989d\u4e0d\u8db3|\u6b20\u8d39  # "balance too low", "in arrears"
    | PerDay  # Google""",
    re.IGNORECASE | re.VERBOSE,
)
# A number, where it stands alone: GLM's of an empty account.
_CODE = "1113"
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
    codes = codes_in(body)
    said = f"{codes} {words_in(body)[:_MOST_READ]}"
    if _USED_UP.search(said) or _CODE in codes.split():
        return True
    passes = retry_after is not None or _PASSES.search(str(body)[:_MOST_READ])
    return not passes and _MAYBE.search(said) is not None
