"""What a model wrote, in order, and whether an answer repeats it: text, and the names of blocks."""

from collections import deque
from collections.abc import Iterable, Iterator

from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.state import LlmRun


def in_order(data: ev.LlmFinishedData) -> Iterator[tuple[ev.Channel, str]]:
    """Yield the text of a finished call and the lines that name its blocks, in order or last."""
    message, names, at = data.message, deque(filter(None, data.named_blocks)), 0
    if message is None or message.blocks is UNSET or not names:
        yield "text", data.text
    else:
        while names and (found := message.content.find(names[0], at)) >= 0:
            yield "text", message.content[at:found].removesuffix("\n")
            yield "block", names[0]
            at = found + len(names.popleft())
            at += message.content.startswith("\n", at)
        yield "text", message.content[at:]
    yield from (("block", name) for name in names)


def of_run(run: LlmRun) -> list[tuple[ev.Channel, str]]:
    """The same of a call, as far as it has come: its runs of text, and lines that name blocks."""
    data = run.finished
    if data is None:
        data = ev.LlmFinishedData(model="", text="".join(run.text), named_blocks=run.blocks)
    return [(channel, text) for channel, text in in_order(data) if text]


def repeats(answer: str, text: str, names: Iterable[str]) -> bool:
    """Whether an answer says no more than a model's text and what names its blocks."""
    known = set(names)
    lines = (line for line in answer.split("\n") if line not in known)
    return "".join("".join(lines).split()) == "".join(text.split())
