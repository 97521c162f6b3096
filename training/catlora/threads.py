"""Conversations of several turns: questions of their own, and questions that point back.

Two rules. A question that names the cat asks anew, since the cat may have moved; "there", "it",
"that place", "another one" mean what was talked about last. And what was said already is said
again without a tool: "where was that again?".
"""

import copy
import re

from .conversations import KINDS, Talk, result, said, user
from .shapes import Conversation

# How a call is closed that never returned: the first is the product's own, after a stop.
ERRORS = (
    "The turn was stopped before this tool returned.",
    "The turn was stopped before this tool returned.",
    "The tool was cancelled.",
    "Error: the tool failed.",
    "Error: TimeoutError",
    "ConnectionError: Connection refused",
    "Error invoking tool: please try again.",
)
REFUSAL = "User rejected the tool call for `{}`"
SORRY, OBEYED = "I'm sorry, that did not work.", "All right, I did not do that."
ORDINALS = ("first", "second", "third", "fourth")
NUMBERS = ("one", "two", "three", "four")


class Threads(Talk):
    """Makes conversations of several turns, one turn at a time."""

    def thread(self, turns: int) -> Conversation:
        """A conversation of so many exchanges, a few of them stopped or failed."""
        conversation: Conversation = []
        for _ in range(turns):
            conversation += self.next()
        return conversation

    def next(self) -> Conversation:
        """What is said next: something new, something that points back, or a turn that fails."""
        roll = self.rng.random()
        if roll < 0.07:
            return self._failed()
        if roll < 0.55 and self.memory.subject:
            return self.point()
        return self.make(self.rng.choices(KINDS, (2, 4, 3, 3, 2, 3))[0])

    def point(self) -> Conversation:
        """A question that only the conversation so far explains."""
        kinds = {name: share for name, share in self._possible().items() if share}
        return self.make(self.rng.choices(list(kinds), list(kinds.values()))[0])

    def _possible(self) -> dict[str, float]:
        """What can be pointed at now, and how often it should be."""
        memory = self.memory
        listed = memory.last in ("items", "chain")
        joked = memory.last in ("joke", "wjoke")
        here = bool(memory.hiding) and memory.hiding == memory.subject
        on_topic = memory.place != memory.subject
        return {
            "items_there": 7 if memory.place else 0.5,
            "joke_there": 7 if memory.place else 0,
            "joke_topic": 3 * on_topic,
            "another": 5 * joked,
            "also_items": 2 * listed,
            "also_joke": 2 * joked,
            "still": 1.5 * here,
            "recall_place": 2 * here,
            "recall_items": 1.5 * listed,
            "recall_joke": 1 * joked,
            "joke_nth": 2.5 * (listed and len(memory.names) > 1),
            "joke_any": 0.7 * (listed and bool(memory.names)),
        }

    def items_there(self) -> Conversation:
        """The place that was talked about is looked up, again or for the first time."""
        asked = user(self.speech.ask("items_there", **self._by_noun("there", "in that {}")))
        self.memory.last = "items"
        return [asked, *self._found_there(self.memory.place or self.memory.subject)]

    def joke_there(self) -> Conversation:
        """A joke about the place that was talked about, be it before another topic."""
        place = self.memory.place
        slots = {} if self.memory.subject == place else {"that": "<that_place>"}
        slots |= self._by_noun("that", "that {}")
        asked = user(self.speech.ask("joke_there", **slots))
        self.memory.last = "joke"
        return [asked, *self._joked(place, hiding=self.memory.hiding == place)]

    def _by_noun(self, slot: str, form: str) -> dict[str, str]:
        """Now and then a place is pointed at by its last word: "that attic"."""
        noun = re.search(r"\b(?:the|an?|my) .*?([a-z]+)$", self.memory.place)
        return {slot: form.format(noun[1])} if noun and self.rng.random() < 0.12 else {}

    def joke_topic(self) -> Conversation:
        """One more joke about the topic that was talked about: "another about it"."""
        asked = user(self.speech.ask("joke_there", that="<that_topic>"))
        return [asked, *self._joked(self.memory.subject)]

    def another(self) -> Conversation:
        """One more joke about the same."""
        return [user(self.speech.ask("another")), *self._joked(self.memory.topic)]

    def also_items(self) -> Conversation:
        """The same for another place: "and in the attic?"."""
        return self.items("also_items")

    def also_joke(self) -> Conversation:
        """The same for another topic: "how about dogs?"."""
        return self.joke("also_joke")

    def still(self) -> Conversation:
        """Whether the cat has moved: only looking tells."""
        return self.where("still")

    def recall_place(self) -> Conversation:
        """Where it was, said again."""
        asked = self.speech.ask("recall_place")
        return [user(asked), self._hides(self.memory.hiding)]

    def recall_items(self) -> Conversation:
        """The list, said again."""
        return [user(self.speech.ask("recall_items")), said(self.memory.listed)]

    def recall_joke(self) -> Conversation:
        """The joke, told again."""
        answer = said(f"Here is a joke for you: {self.memory.joke}")
        return [user(self.speech.ask("recall_joke")), answer]

    def joke_nth(self) -> Conversation:
        """A joke about one of the things of the list."""
        names = self.memory.names[: len(ORDINALS)]
        at = self.rng.randrange(len(names))
        last = at == len(self.memory.names) - 1 and self.rng.random() < 0.5
        nth = "last" if last else ORDINALS[at]
        asked = self.speech.ask("joke_nth", nth=nth, number=NUMBERS[at])
        self.memory.last = "joke"
        return [user(asked), *self._joked(names[at])]

    def joke_any(self) -> Conversation:
        """A joke about one of the things: the first will do."""
        self.memory.last = "joke"
        return [user(self.speech.ask("joke_any")), *self._joked(self.memory.names[0])]

    # -- what goes wrong --------------------------------------------------------------------

    def _failed(self) -> Conversation:
        """A turn that was stopped or failed; half of those with an open call are tried again."""
        before = copy.copy(self.memory)
        turn = self.make(self.rng.choice(("where", "where", "items", "joke", "chain", "wjoke")))
        roll = self.rng.random()
        if roll < 0.12:  # stopped before the answer
            return turn[:-1]
        if roll < 0.24:  # stopped before anything was done
            self.memory = before
            return turn[:1]
        calls = [at for at, message in enumerate(turn) if message.get("tool_calls")]
        at = self.rng.choice(calls)
        cut = [*turn[: at + 1], *self._closed(turn[at]["tool_calls"][0]["function"]["name"])]
        if roll < 0.62:
            return [*cut, user(self.speech.ask("retry")), *turn[at:]]
        found, self.memory = self.memory.hiding, before
        if at != calls[0]:
            self.memory.subject = self.memory.hiding = self.memory.place = found
        self.memory.last = "failed"
        return cut

    def _closed(self, name: str) -> Conversation:
        """How a call ends without a result: stopped or failed, or a person said no."""
        roll = self.rng.random()
        if roll < 0.7:
            return [result(self.rng.choice(ERRORS))]
        if roll < 0.85:
            return [result(self.rng.choice(ERRORS[2:])), said(SORRY)]
        return [result(REFUSAL.format(name)), said(OBEYED)]
