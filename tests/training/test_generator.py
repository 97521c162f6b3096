"""The training data: seeded, in the product's own words, and free of evaluation questions."""

import random
import sys
from pathlib import Path
from typing import Any

import pytest

TRAINING = Path(__file__).parents[2] / "training"
sys.path.insert(0, str(TRAINING))

from catlora.bank import (  # noqa: E402
    POINTING,
    THREADS,
    Bank,
    normal,
    read_questions,
    read_threads,
)
from catlora.conversations import KINDS, Talk  # noqa: E402
from catlora.packs import TOOLS, make_pack  # noqa: E402
from catlora.sample import is_listing  # noqa: E402
from catlora.speech import Speech  # noqa: E402
from catlora.threads import ERRORS, Threads  # noqa: E402
from catlora.world import World, kind_of, listing, located  # noqa: E402

from catagent.agents import cat_prompts  # noqa: E402

seeded = random.Random  # makes test data, not keys


@pytest.fixture(scope="module")
def bank() -> Bank:
    return Bank.load()


def test_a_seed_and_a_number_give_one_pack(bank: Bank) -> None:
    """A resumed run must see the data that an unbroken one would."""
    assert make_pack(bank, 3, 17) == make_pack(bank, 3, 17)
    assert make_pack(bank, 3, 17) != make_pack(bank, 4, 17)


def test_no_evaluation_question_is_ever_asked(bank: Bank) -> None:
    asked = {
        normal(message["content"])
        for number in range(150)
        for conversation in make_pack(bank, 5, number).conversations
        for message in conversation
        if message["role"] == "user"
    }
    assert len(asked) > 500
    assert not asked & bank.unseen


def test_a_held_out_question_is_drawn_again(bank: Bank) -> None:
    """The filter is tried on a question that the grammar can make."""
    speech = Speech(seeded(0), bank)
    speech.bank = Bank(**{**vars(bank), "unseen": set()})
    made = {normal(speech.ask("where")) for _ in range(200)}
    speech.bank.unseen = made
    assert normal(speech.ask("where")) not in made


def test_the_sets_for_evaluation_do_not_overlap() -> None:
    dev, held = ({normal(q) for _, q, _ in read_questions(n)} for n in ("dev", "heldout"))
    own = {normal("what's items are located where the cat is hiding?"),
           normal("what items are located where the cat is hiding?")}  # fmt: skip
    assert dev & held == own
    assert len(held) >= 120
    assert {kind for kind, _, _ in read_questions("heldout")} == set(KINDS)


def test_what_points_back_is_asked_in_other_words_of_each_set() -> None:
    turns = [[turn for thread in read_threads(name) for turn in thread] for name in THREADS]
    dev, held = ({normal(t.question) for t in each if t.kind in POINTING} for each in turns)
    assert len(held) >= 55
    assert not dev & held


def test_tools_are_described_in_the_words_of_the_product() -> None:
    described = {tool["function"]["name"]: tool["function"]["description"] for tool in TOOLS}
    assert described == {
        "where_cat_is_hiding": cat_prompts.WHERE_DESCRIPTION,
        "get_items": cat_prompts.ITEMS_DESCRIPTION,
        "tell_me_a_joke_about": cat_prompts.JOKE_DESCRIPTION,
    }


@pytest.mark.parametrize("kind", KINDS)
def test_arguments_and_answers_of_the_training_data_are_copies(bank: Bank, kind: str) -> None:
    """What a conversation teaches to say stands in what came before it."""
    talk = Talk(seeded(1), bank)
    for _ in range(40):
        *before, last = talk.make(kind)
        seen = "\n".join(message["content"] for message in before)
        for message in before:
            for call in message.get("tool_calls", ()):
                assert all(value in seen for value in call["function"]["arguments"].values())
        if kind == "joke":
            assert before[-1]["content"] in last["content"]


def arguments(turn: list[dict[str, Any]]) -> list[str]:
    calls = [call["function"] for message in turn for call in message.get("tool_calls", ())]
    return [value for call in calls for value in call["arguments"].values()]


def test_what_points_back_points_into_the_conversation(bank: Bank) -> None:
    """Arguments are copies there too, and what is said again was said before."""
    for seed in range(40):
        talk = Threads(seeded(seed), bank)
        conversation = [*talk.where(), *talk.items(), *talk.direct()]
        for _ in range(4):
            turn = talk.point()
            before = "\n".join(message["content"] for message in [*conversation, *turn[:-1]])
            assert all(value in before for value in arguments(turn))
            if len(turn) == 2:
                assert turn[1]["content"].partition(": ")[2] in before
            conversation += turn


def test_that_place_is_the_last_one_talked_about(bank: Bank) -> None:
    """Small talk and a joke about something else come between, a failed call does not count."""
    for seed in range(40):
        talk = Threads(seeded(seed), bank)
        place = arguments(talk.items())
        talk.direct()
        talk.joke()
        talk.memory.last = "failed"
        assert arguments(talk.joke_there()) == place


def test_conversations_hold_calls_that_never_returned(bank: Bank) -> None:
    thread = Threads(seeded(0), bank).thread(100)
    closed = [at for at, message in enumerate(thread) if message["content"] == ERRORS[0]]
    assert closed
    assert all(thread[at - 1]["tool_calls"] for at in closed)


def test_ways_to_go_on_share_one_history(bank: Bank) -> None:
    branches = [pack for n in range(30) if (pack := make_pack(bank, 1, n)).history]
    assert branches
    assert all(way[0]["role"] == "user" for pack in branches for way in pack.conversations)


def test_listings_have_the_form_that_the_prompt_asks_for(bank: Bank) -> None:
    world = World(seeded(2), bank)
    assert all(is_listing(listing(world.items("the kitchen"))) for _ in range(50))
    assert not is_listing("lamp (old), lamp (new), rug (red)")
    assert not is_listing("a lamp and a rug")


def test_no_description_breaks_the_form_of_a_listing(bank: Bank) -> None:
    lines = [line for lines in bank.items.values() for line in lines]
    assert all(line.count(" | ") == 1 and not set(line) & set(",()") for line in lines)


def test_places_are_put_into_sentences() -> None:
    assert located("the attic") == "in the attic"
    assert located("Behind the sofa") == "behind the sofa"
    assert kind_of("behind the fridge", seeded(0)) == "kitchen"
