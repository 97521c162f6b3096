"""How people ask: spintax expansion, politeness, sloppy case and punctuation, typos."""

import random
import re

from .bank import Bank, normal

SLOT, CHOICE = re.compile(r"<(\w+)>"), re.compile(r"\{([^{}]*)\}")
KEPT = "\x00"  # stands for a place or topic that must come through untouched


class Speech:
    """Expands question templates with one source of randomness."""

    def __init__(self, rng: random.Random, bank: Bank) -> None:
        self.rng, self.bank = rng, bank

    def spin(self, template: str, **slots: str) -> str:
        """Expand `{a|b}` choices and `<slot>` names until none is left."""
        while True:
            if found := CHOICE.search(template):
                value = self.rng.choice(found[1].split("|"))
            elif found := SLOT.search(template):
                name = found[1]
                value = slots[name] if name in slots else self.pick(name)
            else:
                return _tidy(template)
            template = template[: found.start()] + value + template[found.end() :]

    def pick(self, section: str) -> str:
        """One template of a section."""
        return self.rng.choice(self.bank.questions[section])

    def ask(self, section: str, keep: str = "", **slots: str) -> str:
        """A question of a kind, never one that an evaluation holds."""
        while True:
            marked = {n: text.replace(keep, KEPT) if keep else text for n, text in slots.items()}
            question = self.dress(self.spin(self.pick(section), **marked))
            question = question.replace(KEPT, keep) if keep else question
            if normal(question) not in self.bank.unseen:
                return question

    def dress(self, question: str) -> str:
        """Add what people add and drop what people drop."""
        chance = self.rng.random
        if chance() < 0.12:
            question = f"{self.pick('before')} {question}"
        if chance() < 0.09 and question[-1] not in "?!.":
            question += self.pick("after")
        question = self._case(question)
        question = self._punctuation(question)
        if chance() < 0.06:
            question = question.replace("'s", "s")
        return self._typo(question) if chance() < 0.07 else question

    def _case(self, text: str) -> str:
        roll = self.rng.random()
        if roll < 0.45:
            return text[0].upper() + text[1:]
        if roll < 0.52:
            return text.lower()
        return text.upper() if roll < 0.53 else text

    def _punctuation(self, text: str) -> str:
        roll = self.rng.random()
        if roll < 0.16:
            return text.rstrip("?.!") or text
        if roll < 0.40 and text[-1] not in "?.!)":
            return text + self.rng.choice("??..!")
        return text

    def _typo(self, text: str) -> str:
        words = text.split(" ")
        at = self.rng.randrange(len(words))
        word = words[at]
        if len(word) > 3 and word.isalpha():
            i = self.rng.randrange(1, len(word) - 1)
            swapped = word[:i] + word[i + 1] + word[i] + word[i + 2 :]
            words[at] = self.rng.choice([word[:i] + word[i + 1 :], swapped])
        return " ".join(words)


def _tidy(text: str) -> str:
    return re.sub(r"\s+([?.,!])", r"\1", re.sub(r" +", " ", text)).strip()
