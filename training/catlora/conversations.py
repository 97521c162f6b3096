"""The six kinds of conversation, each ending in a short and faithful answer."""

import random

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


class Talk:
    """Makes whole conversations of each kind."""

    def __init__(self, rng: random.Random, bank: Bank) -> None:
        self.rng, self.bank = rng, bank
        self.speech, self.world = Speech(rng, bank), World(rng, bank)

    def make(self, kind: str) -> Conversation:
        """A conversation of a kind."""
        conversation: Conversation = getattr(self, kind)()
        return conversation

    def _found(self, section: str) -> tuple[Conversation, str]:
        """A question, the call that finds the cat, its result; and the place to copy."""
        raw, place = self._place_result()
        asked = self.speech.ask(section)
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

    def where(self) -> Conversation:
        """Where the cat hides."""
        start, place = self._found("where")
        return [*start, said(f"The cat is hiding {located(place)}.")]

    def chain(self) -> Conversation:
        """Items where the cat hides: two calls."""
        start, place = self._found("chain")
        text, names = self.world.result_items(place)
        answer = f"The items located where the cat is hiding ({place}) are:\n{numbered(names)}"
        return [*start, call("get_items", place=place), result(text), said(answer)]

    def wjoke(self) -> Conversation:
        """A joke about the place where the cat hides: two calls."""
        start, place = self._found("wjoke")
        joke = self.world.result_joke(place, hiding=True)
        answer = f"The cat is hiding {located(place)}. Here is a joke about it: {joke}"
        return [*start, call("tell_me_a_joke_about", topic=place), result(joke), said(answer)]

    def items(self) -> Conversation:
        """Items in a named place."""
        inside, place = self.world.asked_place()
        plain = '"' in place or inside == place
        quote = "" if plain else self.rng.choice(["", "", "", "", "", "'", '"'])
        section = "items" if inside != place else "items_placed"
        inside = inside.replace(place, f"{quote}{place}{quote}")
        slots = {"in": inside, "p": f"{quote}{place}{quote}"}
        asked = self.speech.ask(section, keep=place, **slots)
        text, names = self.world.result_items(place)
        answer = f"The items you might find {located(place)} are:\n{numbered(names)}"
        return [user(asked), call("get_items", place=place), result(text), said(answer)]

    def joke(self) -> Conversation:
        """A joke about a topic."""
        topic = self.world.topic()
        asked = self.speech.ask("joke", keep=topic, t=topic)
        joke = self.world.result_joke(topic)
        answer = f"Here is a joke for you: {joke}"
        return [user(asked), call("tell_me_a_joke_about", topic=topic), result(joke), said(answer)]

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

    def follow(self) -> Conversation:
        """A second question that leans on the first answer."""
        start, place = self._found("where")
        start.append(said(f"The cat is hiding {located(place)}."))
        roll = self.rng.random()
        if roll < 0.4:
            text, names = self.world.result_items(place)
            asked = self.speech.ask("items_there")
            answer = f"The items you might find {located(place)} are:\n{numbered(names)}"
            return [*start, user(asked), call("get_items", place=place), result(text), said(answer)]
        if roll < 0.75:
            joke, asked = self.world.result_joke(place, hiding=True), self.speech.ask("joke_there")
            told = said(f"Here is a joke for you: {joke}")
            return [
                *start, user(asked), call("tell_me_a_joke_about", topic=place), result(joke), told
            ]  # fmt: skip
        return [*start, *self.direct()]
