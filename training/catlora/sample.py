"""Samples the texts that a checkpoint writes inside the tools, for the last part of training.

The agent has to copy what its own tools say. Texts from the banks come close to that, the
model's own are the thing itself; here the well-formed ones are kept.
"""

import argparse
import json
import random
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from . import serve
from .bank import Bank
from .paths import WORK, use_project
from .world import ITEM, World

use_project()
from catagent.agents import cat_prompts  # noqa: E402

SLOTS = 4


def ask(address: str, prompt: str, **sampling: Any) -> str:
    """One completed answer, or nothing where it ran into its limit."""
    body = {"messages": [{"role": "user", "content": prompt}], **serve.TOOL_SAMPLING, **sampling}
    request = urllib.request.Request(  # noqa: S310 - our own server on loopback
        f"{address}/v1/chat/completions",
        json.dumps(body).encode(),
        {"content-type": "application/json"},
    )
    with urllib.request.urlopen(request) as response:  # noqa: S310
        choice = json.load(response)["choices"][0]
    return choice["message"]["content"].strip() if choice["finish_reason"] == "stop" else ""


def is_listing(text: str) -> bool:
    """Three or more different things in the form that the prompt asks for, and nothing else."""
    names = [name.strip().lower() for name, _ in ITEM.findall(text)]
    return not ITEM.sub("", text) and len(set(names)) == len(names) >= 3


def sample(address: str, count: int, seed: int) -> dict[str, list[str]]:
    """Sample places, then lists and jokes about these and other places and topics."""
    world = World(random.Random(seed), Bank.load())
    with ThreadPoolExecutor(SLOTS) as pool:
        places = list(pool.map(lambda _: ask(address, cat_prompts.WHERE_PROMPT), range(count)))
        places = [place for place in places if place and "\n" not in place]
        asked = [world.rng.choice([place, world.asked_place()[1]]) for place in places]
        lists = pool.map(
            lambda place: ask(address, cat_prompts.ITEMS_PROMPT.format(place=place)), asked
        )
        topics = [world.rng.choice([place, world.topic()]) for place in places]
        jokes = pool.map(
            lambda topic: ask(address, cat_prompts.JOKE_PROMPT.format(topic=topic)), topics
        )
        texts = {"items": list(lists), "jokes": list(jokes)}
    return {
        "places": places,
        "items": [text for text in texts["items"] if is_listing(text)],
        "jokes": [text for text in texts["jokes"] if text and "\n" not in text],
    }


def main() -> None:
    """Run as `python -m catlora.sample ADAPTER`."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, default=WORK / "own.json")
    args = parser.parse_args()
    server = serve.start(args.adapter, SLOTS)
    texts = sample(server.listening_address, args.count, args.seed)
    args.out.write_text(json.dumps(texts, ensure_ascii=False, indent=1))
    for kind, found in texts.items():
        print(f"{kind}: {len(found)} kept of {args.count}, {len(set(found))} different")


if __name__ == "__main__":
    main()
