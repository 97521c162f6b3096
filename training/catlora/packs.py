"""Packs of conversations: what one training step sees, and in which mixture."""

import random

from .bank import Bank
from .conversations import KINDS, Talk, said, user
from .paths import use_project
from .shapes import Conversation, Message, Pack
from .world import World, listing

use_project()
from catagent.agents import cat_prompts  # noqa: E402  (the project's own words, not a copy)

OTHER_SYSTEMS = (None, "You are a helpful AI bot.", "You are Cat Agent 007.")
# Shares of the packs: whole agent runs; runs cut at the call, with rare words, which train most
# decisions and arguments per second; small talk; and the texts inside the tools. Decisions come
# fast, sensible texts slowly: the first third of the shipped adapter's training had three agent
# and copy packs to two of the rest.
MIXTURE = {
    "agent": 0.16, "copy": 0.08, "talk": 0.06, "place": 0.06, "items": 0.44, "joke": 0.20
}  # fmt: skip


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
    if kind in ("agent", "copy", "talk"):
        return _agent_pack(kind, rng, bank)
    makers = {"place": _places, "items": _items, "joke": _jokes}
    return Pack(kind, None, [], makers[kind](World(rng, bank)))


def _agent_pack(kind: str, rng: random.Random, bank: Bank) -> Pack:
    usual = rng.random() < 0.9  # the product's own system prompt and order of tools
    system = cat_prompts.AGENT_SYSTEM if usual else rng.choice(OTHER_SYSTEMS)
    tools = list(TOOLS) if usual else rng.sample(TOOLS, len(TOOLS))
    talk = Talk(rng, bank)
    if kind == "talk":
        return Pack(kind, system, tools, [talk.make("direct") for _ in range(24)])
    if kind == "copy":
        kinds = [*rng.choices(("items", "joke"), k=9), "chain", "wjoke", "where", "direct"]
        return Pack(kind, system, tools, [_first_call(talk.make(k)) for k in kinds])
    # Every pack holds questions that begin alike and need different tools.
    kinds = ["where", "chain", "wjoke", *rng.choices(KINDS, (3, 1, 3, 2, 2, 1), k=4)]
    if rng.random() < 0.3:
        kinds.append("follow")
    return Pack(kind, system, tools, [talk.make(k) for k in kinds])


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
