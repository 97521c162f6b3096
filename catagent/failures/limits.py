"""Limits that a run met: an agent's author's, a quota of a key's, a server's for a while."""

import email.utils
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from catagent.errors import StepLimitError
from catagent.failures.server_words import MOST_READ, codes_in, words_in

# A longer wait than this is not waited for, but reported to the person.
MAX_RETRY_AFTER_S = 60.0
# An author's: of a graph and of a RunnableLambda that goes on returning another, both raised; of
# AgentExecutor and `create_react_agent`, in the place of an answer; of middleware, in both places.
_SENTENCES = re.compile(
    r"Recursion limit (of \d+ reached|reached when invoking)"
    r"|Agent stopped due to (iteration limit or time limit|max iterations)\."
    r"|Sorry, need more steps to process this request\."
    r"|Model call limits exceeded: (thread|run) limit \("
    r"|('.*' tool|Tool) call limit reached: (thread|run) limit exceeded \("
)
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
# Google's RetryInfo, and what it and others write in words: `1.2s`, `820ms`, `7m12s`.
_IN_A_BODY = re.compile(
    r"(?:retryDelay[\"']\s*:\s*[\"']|(?:re)?try (?:again )?in )"
    r"((?:\d{1,9}(?:\.\d{1,9})?(?:ms|[hms])){1,4})"
)
_PART = re.compile(r"([\d.]+)(ms|[hms])")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}


def author_limit(said: str) -> StepLimitError | None:
    """The error of a limit of the author's that says so, None for whatever else is said."""
    if _SENTENCES.match(said) is None:
        return None
    message = f"The agent was stopped by its author's limit: {said.partition('. ')[0].rstrip('.')}."
    return StepLimitError(
        message, "allow more where the agent is made: --max-steps cannot raise it"
    )


def is_used_up(body: Any, retry_after: float | None = None) -> bool:
    """Whether the body of an error says so; parsed JSON, or text that may be JSON.

    `retry_after` are the seconds after which the server wants to be asked again, where it says so.
    """
    codes = codes_in(body)
    said = f"{codes} {words_in(body)[:MOST_READ]}"
    if _USED_UP.search(said) or _CODE in codes.split():
        return True
    passes = retry_after is not None or _PASSES.search(str(body)[:MOST_READ])
    return not passes and _MAYBE.search(said) is not None


def retry_after(headers: Mapping[str, str], now: float, body: str = "") -> float | None:
    """Seconds that `retry-after-ms` or `retry-after` (a number or a date) asks for; None without.

    `now` is the time of day, in seconds since the epoch. Where the headers do not say it, the
    body of an error may.
    """
    if (milliseconds := _number(headers.get("retry-after-ms"))) is not None:
        return milliseconds / 1000
    value = headers.get("retry-after") or ""
    if (seconds := _number(value)) is not None:
        return seconds
    with suppress(ValueError, OverflowError):
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - now)
    if (found := _IN_A_BODY.search(body, 0, MOST_READ)) is None:
        return None
    return sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(found[1]))


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except (TypeError, ValueError):
        return None
    return max(0.0, number) if math.isfinite(number) else None
