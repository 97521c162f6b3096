"""The word banks that every generated text is made from, read from `data/`."""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from .paths import DATA

Sections = dict[str, list[str]]


def read_sections(path: Path) -> Sections:
    """Read `[section]` headers and their lines; `4x text` counts four times, `-` is nothing."""
    sections: Sections = {}
    entries: list[str] = []
    for line in path.read_text().splitlines():
        if header := re.fullmatch(r"\[(.+)\]", line):
            entries = sections.setdefault(header[1], [])
        elif line and not line.startswith("#"):
            count, text = re.fullmatch(r"(?:(\d+)x )?(.*)", line).groups()  # type: ignore[union-attr]
            entries += ["" if text == "-" else text] * int(count or 1)
    return sections


def normal(question: str) -> str:
    """A question without case and punctuation, to compare it with others."""
    return re.sub(r"[^a-z0-9]+", " ", question.lower()).strip()


def read_questions(name: str) -> list[tuple[str, str, str]]:
    """Evaluation questions: kind, question, and the expected argument or nothing."""
    rows = []
    for kind, lines in read_sections(DATA / f"{name}.txt").items():
        for line in lines:
            question, _, argument = line.partition(" => ")
            rows.append((kind, question.strip(), argument.strip()))
    return rows


@dataclass
class Turn:
    """One turn of an evaluation's conversation: "kind: question => argument"."""

    kind: str
    question: str
    argument: str


def read_threads(name: str) -> list[list[Turn]]:
    """Evaluation conversations, with a blank line between them."""
    text = re.sub(r"(?m)^#.*\n", "", (DATA / f"{name}.txt").read_text())
    return [[_turn(line) for line in block.splitlines()] for block in text.strip().split("\n\n")]


def _turn(line: str) -> Turn:
    kind, _, rest = line.partition(": ")
    question, _, argument = rest.partition(" => ")
    return Turn(kind, question.strip(), argument.strip())


def read_pairs(path: Path, separator: str) -> list[tuple[str, str]]:
    """Lines of two halves."""
    lines = [line for line in path.read_text().splitlines() if line and line[0] != "#"]
    return [(a.strip(), b.strip()) for a, _, b in (line.partition(separator) for line in lines)]


@dataclass
class Own:
    """Texts that an earlier checkpoint wrote inside the tools, as the agent will meet them."""

    places: list[str] = field(default_factory=list)
    items: list[str] = field(default_factory=list)
    jokes: list[str] = field(default_factory=list)

    @classmethod
    def load(cls, path: Path | None) -> "Own":
        """Read what `catlora.sample` wrote; without a file there is nothing."""
        return cls(**json.loads(path.read_text())) if path else cls()


# The questions to evaluate by, in `data/`: to steer by, and two to look at once.
SETS = ("dev", "heldout", "heldout2", "heldout3")
THREADS = ("threads_dev", "threads_heldout")
# The kinds of question in these that point back: to the place or topic talked about, to what was
# done ("and in the attic?"), or to what was said.
TO_SUBJECT = ("there", "there_joke", "another", "joke_1", "joke_2")
TO_DONE = ("also_items", "also_joke", "still")
TO_SAID = ("recall_place", "recall_joke", "recall_items")
POINTING = (*TO_SUBJECT, *TO_DONE, *TO_SAID)


@dataclass
class Bank:
    """Everything that the generator draws from."""

    questions: Sections
    items: Sections
    places: Sections
    topics: Sections
    jokes: Sections
    smalltalk: list[tuple[str, str]]
    words: list[str]  # rare words to copy; the base model's whole vocabulary when training
    own: Own
    unseen: set[str]  # evaluation questions, never to be trained on

    @classmethod
    def load(cls, words: list[str] | None = None, own: Own | None = None) -> "Bank":
        """Read the banks of `data/`."""
        names = ("questions", "items", "places", "topics", "jokes")
        read = {name: read_sections(DATA / f"{name}.txt") for name in names}
        topics = [word for topic in read["topics"]["plain"] for word in topic.split()]
        unseen = {normal(q) for name in SETS for _, q, _ in read_questions(name)}
        threads = [thread for name in THREADS for thread in read_threads(name)]
        turns = [turn for thread in threads for turn in thread]
        unseen |= {normal(t.question) for t in turns if not t.kind.startswith("stopped")}
        return cls(
            **read,
            smalltalk=read_pairs(DATA / "smalltalk.txt", "=>"),
            words=words or sorted(set(topics)),
            own=own or Own(),
            unseen=unseen,
        )
