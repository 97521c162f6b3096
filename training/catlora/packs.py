"""Packs of conversations: what one training step sees, and in which mixture."""

import copy
import random

from .bank import Bank
from .conversations import KINDS, Talk, said, user
from .paths import use_project
from .shapes import Conversation, Message, Pack
from .threads import Threads
from .world import World, listing

use_project()
from catagent.agents import cat_prompts  # noqa: E402  (the project's own words, not a copy)

OTHER_SYSTEMS = (None, "You are a helpful AI bot.", "You are Cat Agent 007.")
# Shares of the packs: whole agent runs; runs cut at the call, with rare words, which train most
# decisions and arguments per second; small talk; whole conversations of several turns; many ways
# to go on from one conversation; and the texts inside the tools, which stay as they are.
MIXTURE = {
    "agent": 0.13, "copy": 0.06, "talk": 0.03, "thread": 0.24, "branch": 0.32,
    "place": 0.04, "items": 0.12, "joke": 0.06,
}  # fmt: skip
AGENT_KINDS = ("agent", "copy", "talk", "thread", "branch")
TURNS = (2, 3, 4, 5, 6)


def _tool(name: str, description: str, *arguments: str) -> Message:
    parameters = {
        "type": "object",
        "properties": {argument: {"type": "string"} for argument in arguments},
        "required": list(arguments),
    }
    function = {"name": name, "description": description, "parameters": parameters}
    return {"type": "function", "function": function}


TOOLS = [
    _tool("where_cat_is_hiding", cat_prompts.WHERE_DESCRIPTION),
    _tool("get_items", cat_prompts.ITEMS_DESCRIPTION, "place"),
    _tool("tell_me_a_joke_about", cat_prompts.JOKE_DESCRIPTION, "topic"),
]


def make_pack(bank: Bank, seed: int, step: int, worker: int = 0) -> Pack:
    """One worker's pack for a step of the endless series that a seed stands for.

    All workers get the same kind, hence about the same length: they wait for the slowest.
    """
    kinds = random.Random(f"{seed}/{step}")
    kind = kinds.choices(list(MIXTURE), list(MIXTURE.values()))[0]
    rng = random.Random(f"{seed}/{step}/{worker}")
    if kind in AGENT_KINDS:
        return _agent_pack(kind, rng, bank)
    makers = {"place": _places, "items": _items, "joke": _jokes}
    return Pack(kind, None, [], makers[kind](World(rng, bank)))


def _agent_pack(kind: str, rng: random.Random, bank: Bank) -> Pack:
    usual = rng.random() < 0.9  # the product's own system prompt and order of tools
    system = cat_prompts.AGENT_SYSTEM if usual else rng.choice(OTHER_SYSTEMS)
    tools = list(TOOLS) if usual else rng.sample(TOOLS, len(TOOLS))
    if kind == "thread":
        return Pack(kind, system, tools, [_thread(rng, bank) for _ in range(4)])
    if kind == "branch":
        return _branch_pack(system, tools, rng, bank)
    talk = Talk(rng, bank)
    if kind == "talk":
        return Pack(kind, system, tools, [talk.make("direct") for _ in range(24)])
    if kind == "copy":
        kinds = [*rng.choices(("items", "joke"), k=9), "chain", "wjoke", "where", "direct"]
        return Pack(kind, system, tools, [_first_call(talk.make(k)) for k in kinds])
    # Every pack holds questions that begin alike and need different tools.
    kinds = ["where", "chain", "wjoke", *rng.choices(KINDS, (3, 1, 3, 2, 2, 1), k=4)]
    return Pack(kind, system, tools, [talk.make(k) for k in kinds])


def _thread(rng: random.Random, bank: Bank) -> Conversation:
    return Threads(rng, bank).thread(rng.choices(TURNS, (4, 5, 3, 1, 1))[0])


def _branch_pack(system: str | None, tools: list[Message], rng: random.Random, bank: Bank) -> Pack:
    """One conversation and many ways to go on: only the question tells which tool, and for what."""
    talk = Threads(rng, bank)
    history = talk.thread(rng.choices((1, 2, 3, 4, 6), (5, 4, 3, 2, 1))[0])
    ways = []
    for number in range(12):
        other = Threads(rng, bank)
        other.memory = copy.copy(talk.memory)
        pointing = number % 3 and other.memory.subject
        ways.append(_first_call(other.point() if pointing else other.make(rng.choice(KINDS))))
    return Pack("branch", system, tools, ways, history)


def _first_call(conversation: Conversation) -> Conversation:
    """Cut where the answer would only repeat what other packs train."""
    calls = [i for i, message in enumerate(conversation) if message.get("tool_calls")]
    return conversation[: calls[-1] + 1] if calls else conversation


def _places(world: World) -> list[Conversation]:
    asked = user(cat_prompts.WHERE_PROMPT)
    return [[asked, said(world.hiding_place())] for _ in range(60)]


def _items(world: World) -> list[Conversation]:
    conversations = []
    for _ in range(12):
        place = world.hiding_place() if world.rng.random() < 0.5 else world.asked_place()[1]
        asked = user(cat_prompts.ITEMS_PROMPT.format(place=place))
        conversations.append([asked, said(listing(world.items(place)))])
    return conversations


def _jokes(world: World) -> list[Conversation]:
    conversations = []
    for _ in range(20):
        hiding = world.rng.random() < 0.4
        topic = world.hiding_place() if hiding else world.topic()
        asked = user(cat_prompts.JOKE_PROMPT.format(topic=topic))
        conversations.append([asked, said(world.joke(topic, hiding))])
    return conversations
