"""What the embedded model is sent of a long conversation: the newest turns, each of them whole.

Its context has 4,096 tokens, which the agent and its tools share. A turn takes about 110, and
what a question points back to is seldom far.
"""

from typing import Any

from catagent.events.types import WarningData

# Characters of what was said, about 1,300 tokens: some 12 turns, read anew in a few seconds.
ROOM = 4000
# Turns that go at once: each time llama.cpp's cache is lost, and what is left is read anew.
STEP = 4


def newest(messages: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], int]:
    """These messages without the oldest turns, where they are too long, and how many these are.

    The last turn stays, whatever its length.
    """
    starts = [at for at, message in enumerate(messages) if message["role"] == "user"]
    lengths = [_length(message) for message in messages]
    gone = 0
    while gone < len(starts) - 1 and sum(lengths[starts[gone] :]) > ROOM:
        gone = min(gone + STEP, len(starts) - 1)
    return (messages[: starts[0]] + messages[starts[gone] :] if gone else messages), gone


def _length(message: dict[str, Any]) -> int:
    texts = [call["function"]["arguments"] for call in message.get("tool_calls") or ()]
    return len(str(message.get("content") or "")) + sum(map(len, texts))


def forgotten(turns: int) -> WarningData:
    """What the person should know where the model does not see the oldest turns."""
    message = f"The embedded model sees only the newest turns: the first {turns} are left out."
    hint = "begin a new thread, or choose a bigger model with --model"
    return WarningData(code="forgotten_turns", message=message, hint=hint)
