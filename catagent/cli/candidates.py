"""What the value of an option or argument can be, for a shell that completes it.

A shell asks with every Tab, and puts what it gets into its line. So no code of a person's is
imported, what is of no use is left out without a word, and so is all that a shell would read
something into: ids and questions may be a stranger's.
"""

import contextlib
import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from catagent.loading.registry import AGENTS
from catagent.models.spec import DEFAULT_OPENAI_MODEL

# A value, and what there is to say of it.
Candidate = tuple[str, str]

_WORD = re.compile(r"[\w./@+][\w./@+,:=-]*")
_NEWEST, _LONGEST = 50, 60
_PROVIDERS = ("anthropic", "deepseek", "google_genai", "groq", "mistralai", "ollama", "xai")


def _harmless(find: Callable[[], Iterator[Candidate]]) -> Callable[[], list[Candidate]]:
    """What is found until something goes wrong, of values that are one plain word."""

    def found() -> list[Candidate]:
        from catagent.redact import shortened
        from catagent.views.sanitize import clean_line

        kept = []
        with contextlib.suppress(Exception):
            for value, text in find():
                if _WORD.fullmatch(value):  # Typer reads [ as markup
                    text = shortened(clean_line(text).replace("[", "("), _LONGEST)
                    kept.append((value, text))
        return kept

    return found


@_harmless
def kept() -> Iterator[Candidate]:
    """The newest run, and the ids of the history."""
    from catagent.views.notes import short

    yield "last", "the newest run"
    for run in _history():
        yield short(run.id), run.question


@_harmless
def runs() -> Iterator[Candidate]:
    """The same, and the recordings of the current folder."""
    yield from kept()
    yield from ((path.name, "a recording") for path in sorted(Path().glob("*.jsonl")))


@_harmless
def threads() -> Iterator[Candidate]:
    """The threads, by their names where they have one."""
    from catagent import config
    from catagent.cli import recordings
    from catagent.views.notes import short

    for thread in recordings.threads(config.load({})).list():
        yield thread.name or short(thread.id), thread.question


@_harmless
def asked() -> Iterator[Candidate]:
    """The agents of the history."""
    yield from {run.agent: "of the history" for run in _history()}.items()


@_harmless
def agents() -> Iterator[Candidate]:
    """The agents that are built in, the files that may hold one, and the ids of the project."""
    from catagent.agents.langgraph_json import Project

    yield from ((name, "built in") for name in AGENTS)
    yield from ((f"{path.name}:", "a file") for path in sorted(Path().glob("*.py")))
    project = Project.of(Path())
    yield from project.named.items() if project else ()


@_harmless
def models() -> Iterator[Candidate]:
    """The embedded model, providers, and the models of the history."""
    yield "local", "the embedded model"
    yield f"openai:{DEFAULT_OPENAI_MODEL}", "OpenAI's, where no model is named"
    yield from ((f"{provider}:", "a provider") for provider in _PROVIDERS)
    yield from {run.model: "of the history" for run in _history() if ":" in run.model}.items()


def _history() -> Iterator[Any]:
    """Yield the newest runs of the history."""
    from catagent import config
    from catagent.cli.recordings import history

    yield from islice(history(config.load({})).runs(), _NEWEST)
