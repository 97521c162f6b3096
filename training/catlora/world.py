"""Places, items, topics and jokes: what the questions are about and what the tools return."""

import random
import re

from .bank import Bank

PREPOSITION = re.compile(
    r"(?i)(on|on top of|under|behind|inside|in|at|next to|beneath|between|above|beside|near|atop) "
)
ITEM = re.compile(r"([^,()]+?) \(([^()]*)\)(?:, |$)")
Items = list[tuple[str, str]]

# The first match decides which things are found in a place.
KINDS = {
    "kitchen": "kitchen pantry fridge cupboard oven sink counter stove bread china wine freezer",
    "bathroom": "bath shower medicine toilet washstand sauna",
    "laundry": "laundry washing dryer ironing hamper utility towels",
    "garage": "garage tool workbench barn workshop paint bicycle",
    "car": "car bus caravan glove dashboard police",
    "garden": "garden greenhouse yard balcony patio porch flower palm conservatory shed vegetable",
    "closet": "closet wardrobe coat suitcase shoe hat umbrella mudroom boots",
    "office": "office desk study filing printer bank court",
    "school": "school class pencil lab art",
    "basement": "basement cellar boiler crawl heater furnace",
    "attic": "attic trunk loft tower chest",
    "toys": "toy nursery doll crib child kids sandbox",
    "bedroom": "bed bedroom nightstand pillow blanket duvet mattress dresser headboard sleeping",
    "living": "living sofa couch armchair fireplace cushion book curtain television rug clock",
    "table": "table tray sideboard shelf mantel",
    "sea": "boat beach ship pirate sea aquarium pool",
    "music": "music concert theater guitar cello stage recording",
    "bag": "bag backpack pocket basket handbag",
    "food": "lunch picnic supermarket candy bakery ice",
    "nature": "forest jungle cave nest tree oak rock log windmill farm",
    "shop": "shop window vending station hotel museum",
    "machine": "engine space robot moon rocket cockpit elevator dumbwaiter",
}


def kind_of(place: str, rng: random.Random) -> str:
    """Which kind of things fit a place; made-up places get cosy or mysterious ones."""
    words = re.findall(r"[a-z]+", place.lower())
    for kind, hints in KINDS.items():
        if any(word.startswith(hint) for word in words for hint in hints.split()):
            return kind
    return rng.choice(["cozy", "cozy", "mystery", "mystery", rng.choice(list(KINDS))])


def listing(items: Items) -> str:
    """The form that the prompt asks for: `thing (description), thing (description)`."""
    return ", ".join(f"{name} ({about})" for name, about in items)


def located(place: str) -> str:
    """A place as part of a sentence: 'behind the sofa', 'in the attic'."""
    if PREPOSITION.match(place):
        return place[0].lower() + place[1:]
    return f"in {place}"


class World:
    """Draws places, items, topics and jokes."""

    def __init__(self, rng: random.Random, bank: Bank) -> None:
        self.rng, self.bank = rng, bank

    def place(self, section: str) -> str:
        """One entry of the places bank."""
        return self.rng.choice(self.bank.places[section])

    def rare(self) -> str:
        """A word that was hardly ever seen, sometimes glued from two pieces."""
        words, roll = self.bank.words, self.rng.random()
        word = self.rng.choice(words)
        if roll < 0.15:
            return word + self.rng.choice(words)[:6]
        return word + "s" if roll < 0.45 and word[-1] not in "sy" else word

    # -- where a cat hides ------------------------------------------------------------------

    def hiding_place(self) -> str:
        """A place as the model inside `where_cat_is_hiding` should name it."""
        roll = self.rng.random()
        if roll < 0.10:
            return f"the {self.place('fancy adjective')} {self.place('fancy noun')}"
        if roll < 0.28:
            return self._adjective(self.place("alone"))
        preposition = self.rng.choice(
            ["under", "behind", "inside", "on top of", "inside", "under", "behind", "between"]
        )
        place = f"{preposition} {self.place(preposition)}"
        if preposition == "between":
            return place
        return self._room(self._adjective(place), 0.1)

    def _adjective(self, place: str, chance: float = 0.12) -> str:
        if self.rng.random() > chance:
            return place
        return re.sub(r"\b(the|an?) ", f"the {self.place('adjective')} ", place, count=1)

    def _room(self, place: str, chance: float) -> str:
        room = self.place("rooms")
        if self.rng.random() > chance or room.split()[0] in place:
            return place
        return f"{place} in the {room}"

    def odd_place(self) -> str:
        """A place to copy that no house has: rare words, labels, names, numbers."""
        roll, rare = self.rng.random(), self.rare
        if roll < 0.3:
            return f"{self.rng.choice(['the', 'a', 'my', 'under the', 'behind the'])} {rare()}"
        if roll < 0.5:
            return f"the {rare()} {rare()}"
        if roll < 0.62:
            thing = self.rng.choice(["box", "crate", "jar", "drawer", "tin", "trunk", "bag"])
            how = self.rng.choice(["marked", "labeled", "called", "stamped", "that says"])
            return f'the {thing} {how} "{self.place("label")}"'
        if roll < 0.8:
            return f"{self.place('owner')} {rare()}"
        number = self.rng.randint(1, 99)
        return f"{rare().capitalize()} {self.place('fancy noun')} {number}"

    def result_place(self) -> str:
        """A place as a tool returns it: mostly the model's own, some to stretch the copying."""
        roll = self.rng.random()
        if self.bank.own.places and roll < 0.6:
            return self.rng.choice(self.bank.own.places)
        return self.hiding_place() if roll < 0.78 else self.odd_place()

    # -- places in questions ----------------------------------------------------------------

    def asked_place(self) -> tuple[str, str]:
        """(with its preposition, as the argument); 'under the bed' stays whole in both."""
        roll = self.rng.random()
        if roll < 0.22:
            place = self.place("asked in")
        elif roll < 0.32:
            return self._pair("on", self.place("asked on"))
        elif roll < 0.44:
            near = self.rng.choice(["under", "under", "behind", "next to", "above", "near"])
            place = f"{near} {self.place('asked near')}"
            return place, place
        elif roll < 0.62:
            place = self._nested()
        elif roll < 0.72:
            place = f"the {self.place('fancy adjective')} {self.place('fancy noun')}"
            place = place.replace("the", "The") if self.rng.random() < 0.5 else place
        elif roll < 0.78:
            place = f"{self.place('owner')} {self.place('asked in').split(' ', 1)[1]}"
        else:
            place = self.odd_place()
        return (place, place) if PREPOSITION.match(place) else self._pair("", place)

    def _pair(self, preposition: str, place: str) -> tuple[str, str]:
        preposition = preposition or self.rng.choice(["in", "in", "in", "inside"])
        return f"{preposition} {place}", place

    def _nested(self) -> str:
        thing = self.place(self.rng.choice(["inside", "under", "asked on", "asked in"]))
        if self.rng.random() < 0.25:
            thing = f"the {self.rare()}"
        how = self.rng.choice(["in", "in", "in", "under", "behind", "next to", "of", "on", "near"])
        near = f"the {self.place('rooms')}" if how in ("in", "of") else self.place("asked near")
        return f"{thing} {how} {near}"

    # -- items ------------------------------------------------------------------------------

    def items(self, place: str, sizes: tuple[int, ...] = (3, 3, 4)) -> Items:
        """Different things that fit a place, each with a brief description."""
        lines = self.bank.items[kind_of(place, self.rng)]
        if self.rng.random() < 0.15:
            lines = lines + self.bank.items["cozy"]
        chosen: dict[str, str] = {}
        for line in self.rng.sample(lines, len(lines)):
            name, _, about = line.partition(" | ")
            chosen.setdefault(name, about)
        names = list(chosen)[: self.rng.choice(sizes)]
        return [(name, chosen[name]) for name in names]

    def odd_items(self) -> Items:
        """Things that no description predicts, so that only copying helps."""
        count = self.rng.choice((3, 3, 4, 4, 5))
        return [(self._odd_name(), self._odd_about()) for _ in range(count)]

    def _odd_name(self) -> str:
        return " ".join(self.rare() for _ in range(self.rng.choice((1, 2, 2))))

    def _odd_about(self) -> str:
        about = self.rng.choice(self.rng.choice(list(self.bank.items.values())))
        return about.partition(" | ")[2] if self.rng.random() < 0.6 else f"{self.rare()} and old"

    def result_items(self, place: str) -> tuple[str, list[str]]:
        """(what `get_items` returns, the items' names in it)."""
        roll = self.rng.random()
        if self.bank.own.items and roll < 0.6:
            text = self.rng.choice(self.bank.own.items)
            return text, [name.strip() for name, _ in ITEM.findall(text)]
        items = self.items(place, (3, 3, 4, 4, 5)) if roll < 0.75 else self.odd_items()
        names = [name for name, _ in items]
        return (self._messy(items) if self.rng.random() < 0.15 else listing(items)), names

    def _messy(self, items: Items) -> str:
        names = [name for name, _ in items]
        numbered = "\n".join(f"{i}. {n}: {about}." for i, (n, about) in enumerate(items, 1))
        dashed = "\n".join(f"- {name}" for name in names)
        return self.rng.choice([numbered, dashed, ", ".join(names), f"{listing(items)}."])

    # -- jokes ------------------------------------------------------------------------------

    def topic(self) -> str:
        """What a joke is asked about."""
        roll, choose = self.rng.random(), self.rng.choice
        topics = self.bank.topics
        if roll < 0.34:
            return choose(topics["plain"])
        if roll < 0.48:
            return f"{choose(['a', 'a', 'the', 'my'])} {choose(topics['mood'])} {self._head()}"
        if roll < 0.58:
            return f"{choose(['a', 'the', 'my'])} {self._head()} {choose(topics['where'])}"
        if roll < 0.74:
            return f"{self._plain()} {choose(['and', 'and', 'and', 'or', 'with'])} {self._plain()}"
        if roll < 0.78:
            return f"{choose(self.bank.places['owner'])} {self.rare()}"
        article = choose(["", "", "", "", "the ", "a ", "my "])
        return article + choose([self.rare(), f"{self.rare()} {self.rare()}"])

    def _head(self) -> str:
        return self.rng.choice(self.bank.topics["head"])

    def _plain(self) -> str:
        return self.rng.choice([self.rng.choice(self.bank.topics["plain"]), self.rare()])

    def joke(self, topic: str, hiding: bool = False) -> str:
        """A short joke about a topic or a place."""
        jokes = self.bank.jokes
        if topic in jokes and self.rng.random() < 0.7:
            return self.rng.choice(jokes[topic])
        if PREPOSITION.match(topic) or (hiding and self.rng.random() < 0.75):
            return self.rng.choice(jokes["place"]).replace("{in}", located(topic))
        text = self.rng.choice(jokes["general"]).replace("{t}", topic)
        return text[0].upper() + text[1:]

    def result_joke(self, topic: str, hiding: bool = False) -> str:
        """A joke as the tool returns it."""
        if self.bank.own.jokes and self.rng.random() < 0.6:
            return self.rng.choice(self.bank.own.jokes)
        return self.joke(topic, hiding)
