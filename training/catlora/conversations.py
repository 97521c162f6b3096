"""The six kinds of conversation, each ending in a short and faithful answer."""

import random
from dataclasses import dataclass, field

from .bank import Bank, normal
from .shapes import Conversation, Message
from .speech import Speech
from .world import World, located

KINDS = ("chain", "where", "items", "joke", "wjoke", "direct")


def user(text: str) -> Message:
    """What a person says."""
    return {"role": "user", "content": text}


def said(text: str) -> Message:
    """What the model answers."""
    return {"role": "assistant", "content": text}


def call(name: str, **arguments: str) -> Message:
    """A tool call that the model makes."""
    function = {"name": name, "arguments": arguments}
    return {"role": "assistant", "content": "", "tool_calls": [{"function": function}]}


def result(text: str) -> Message:
    """What a tool returns."""
    return {"role": "tool", "content": text}


def numbered(names: list[str]) -> str:
    """Items one a line: counting keeps a small model from dropping the last."""
    return "\n".join(f"{i}. {name}" for i, name in enumerate(names, 1))


@dataclass
class Memory:
    """What a conversation has been about so far: what 'there' and 'another' point to."""

    last: str = ""  # the kind of the last turn that was no small talk
    place: str = ""  # the place talked about last: 'there'
    subject: str = ""  # the place or topic talked about last: 'it'
    hiding: str = ""  # where the cat was found last
    topic: str = ""  # what the last joke was about: 'another one'
    joke: str = ""
    names: list[str] = field(default_factory=list)
    listed: str = ""  # the answer that listed these


class Talk:
    """Makes whole conversations of each kind, and remembers what they were about."""

    def __init__(self, rng: random.Random, bank: Bank) -> None:
        self.rng, self.bank = rng, bank
        self.speech, self.world = Speech(rng, bank), World(rng, bank)
        self.memory = Memory()

    def make(self, kind: str) -> Conversation:
        """A conversation of a kind."""
        conversation: Conversation = getattr(self, kind)()
        return conversation

    def _found(self, section: str) -> tuple[Conversation, str]:
        """A question, the call that finds the cat, its result; and the place to copy."""
        raw, place = self._place_result()
        asked = self.speech.ask(section)
        self.memory.last, self.memory.hiding, self.memory.place = section, place, place
        self.memory.subject = place
        return [user(asked), call("where_cat_is_hiding"), result(raw)], place

    def _place_result(self) -> tuple[str, str]:
        place, roll = self.world.result_place(), self.rng.random()
        if roll < 0.88:
            return place, place
        if roll < 0.91:
            return f"{place}.", place
        if roll < 0.94:
            return f'"{place}"', place
        capital = place[0].upper() + place[1:]
        if roll < 0.97:
            return capital, capital
        return f"The cat is hiding {located(place)}.", place

    def where(self, section: str = "where") -> Conversation:
        """Where the cat hides."""
        start, place = self._found(section)
        self.memory.last = "where"
        return [*start, self._hides(place)]

    def _hides(self, place: str) -> Message:
        return said(f"The cat is hiding {located(place)}.")

    def chain(self) -> Conversation:
        """Items where the cat hides: two calls."""
        start, place = self._found("chain")
        told = f"The items located where the cat is hiding ({place}) are:"
        return [*start, *self._looked_up(place, told)]

    def _looked_up(self, place: str, told: str) -> Conversation:
        """The call that looks a place up, its result, and the answer."""
        text, names = self.world.result_items(place)
        answer = f"{told}\n{numbered(names)}"
        self.memory.place = self.memory.subject = place
        self.memory.names, self.memory.listed = names, answer
        return [call("get_items", place=place), result(text), said(answer)]

    def wjoke(self) -> Conversation:
        """A joke about the place where the cat hides: two calls."""
        start, place = self._found("wjoke")
        told = f"The cat is hiding {located(place)}. Here is a joke about it:"
        return [*start, *self._joked(place, told, hiding=True)]

    def _joked(
        self, topic: str, told: str = "Here is a joke for you:", hiding: bool = False
    ) -> Conversation:
        """The call that makes a joke, its result, and the answer."""
        joke = self.world.result_joke(topic, hiding)
        self.memory.subject, self.memory.topic, self.memory.joke = topic, topic, joke
        answer = said(f"{told} {joke}")
        return [call("tell_me_a_joke_about", topic=topic), result(joke), answer]

    def items(self, section: str = "") -> Conversation:
        """Items in a named place."""
        inside, place = self.world.asked_place()
        plain = '"' in place or inside == place
        quote = "" if plain else self.rng.choice(["", "", "", "", "", "'", '"'])
        section = section or ("items" if inside != place else "items_placed")
        inside = inside.replace(place, f"{quote}{place}{quote}")
        slots = {"in": inside, "p": f"{quote}{place}{quote}"}
        asked = self.speech.ask(section, keep=place, **slots)
        self.memory.last = "items"
        return [user(asked), *self._found_there(place)]

    def _found_there(self, place: str) -> Conversation:
        return self._looked_up(place, f"The items you might find {located(place)} are:")

    def joke(self, section: str = "joke") -> Conversation:
        """A joke about a topic."""
        topic = self.world.topic()
        asked = self.speech.ask(section, keep=topic, t=topic)
        self.memory.last = "joke"
        return [user(asked), *self._joked(topic)]

    def direct(self) -> Conversation:
        """Small talk: no tool."""
        while True:
            if self.rng.random() < 0.06:
                question, answer = self._sum()
            else:
                template, answer = self.rng.choice(self.bank.smalltalk)
                question = self.speech.dress(self.speech.spin(template))
            if normal(question) not in self.bank.unseen:
                return [user(question), said(answer)]

    def _sum(self) -> tuple[str, str]:
        a, b = self.rng.randint(1, 9), self.rng.randint(1, 9)
        question = self.rng.choice(["what is {} plus {}?", "what's {}+{}?", "how much is {} + {}?"])
        return question.format(a, b), f"{a} + {b} is {a + b}."
