"""When a person is warned that a question is beyond the embedded model."""

from __future__ import annotations

import pytest

from catagent.models.embedded.notice import beyond
from catagent.models.spec import choose_model

EMBEDDED = choose_model("local", {})


@pytest.mark.parametrize(
    "question",
    [
        "what's items are located where the cat is hiding?",
        "WHERE IS THE CAT",
        "cat?",
        "joke: dogs",
        "Thanks!",
        "Tell me a joke about crème brûlée",
    ],
)
def test_an_ordinary_question_brings_no_notice(question: str) -> None:
    assert beyond(EMBEDDED, "cat", question) is None
    assert beyond(EMBEDDED, "cat-classic", question) is None


@pytest.mark.parametrize(
    ("agent", "question", "reason"),
    [
        ("mine:agent", "where is the cat?", "not tuned for this agent"),
        ("cat", "where is the cat? " * 20, "long"),
        ("cat", "Wo hat sich die Katze heute versteckt?", "English"),
        ("cat", "Was ist in der Kiste auf dem Tisch?", "English"),
        ("cat", "猫はどこに隠れていますか", "English"),
    ],
)
def test_a_question_beyond_the_embedded_model_brings_a_notice_with_a_hint(
    agent: str, question: str, reason: str
) -> None:
    warning = beyond(EMBEDDED, agent, question)
    assert warning is not None
    assert reason in warning.message
    assert "--model" in warning.hint


def test_other_models_bring_no_notice() -> None:
    assert beyond(choose_model("gpt-4.1", {}), "mine:agent", "Wo ist die Katze bloß hin?") is None
