"""What servers say of a credit that is used up, and of a limit that passes."""

from __future__ import annotations

import json
from typing import Any

import openai
import pytest

from catagent.failures.classify import Owner, classify
from catagent.failures.limits import is_used_up


def error(message: str, **fields: Any) -> dict[str, Any]:
    return {"error": {"message": message, **fields}}


USED_UP: dict[str, Any] = {
    "xAI": {"code": "x", "error": "Your team has either used all available credits."},
    "xAI, a month's": {"code": "x", "error": "It reached its monthly spending limit."},
    "xAI, new": {"code": "x", "error": "Your newly created teams doesn't have any credits yet."},
    "GLM": error("No.", code="1113"),
    "GLM, in words": error("\u4f59\u989d\u4e0d\u8db3", code="1"),
    "Qwen": error("The account is not in good standing.", code="Arrearage"),
    "Qwen, free": error("It has been exhausted.", code="AllocationQuota.FreeTierOnly"),
    "LiteLLM": error("Budget has been exceeded! Current cost: 1.1, Max budget: 1.0"),
    "LiteLLM, by type": error("No.", type="budget_exceeded"),
    "Cohere": {"message": "A Trial key, which is limited to 1000 API calls / month."},
    "OpenRouter, free": error("free-models-per-day. Add 10 credits to unlock 1000 requests"),
    "Fireworks": error("Suspended, possibly due to reaching the monthly spending limit."),
    "Hugging Face": {"error": "You have exceeded your monthly included credits."},
    "SiliconFlow": {"code": 30001, "message": "Sorry, your account balance is insufficient"},
    "Novita": {"reason": "NOT_ENOUGH_BALANCE", "message": "No."},
    "Volcengine": error("No.", code="AccountOverdueError"),
}
PASSING: dict[str, Any] = {
    "Groq, a day's": error("Rate limit reached on tokens per day: Limit 1113. Try later."),
    "Azure": error("Requests have exceeded call rate limit.", code="429"),
    "OpenAI": error("Rate limit. Visit your billing page to raise your quota.", type="requests"),
    "GLM": error("Too fast.", code="1302"),
}


@pytest.mark.parametrize("body", USED_UP.values(), ids=USED_UP.keys())
def test_a_credit_that_is_used_up_is_known_in_a_body_and_in_a_stream(body: Any) -> None:
    assert is_used_up(body)
    assert is_used_up(json.dumps(body))
    raised = openai.APIError("No.", None, body=body)  # type: ignore[arg-type]
    assert classify(raised, Owner("model")).hint == "check the plan and billing"


@pytest.mark.parametrize("body", PASSING.values(), ids=PASSING.keys())
def test_a_limit_that_passes_is_not_a_credit_that_is_used_up(body: Any) -> None:
    assert not is_used_up(body)
