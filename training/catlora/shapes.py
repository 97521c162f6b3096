"""What passes between the generator and the encoder."""

from dataclasses import dataclass
from typing import Any

Message = dict[str, Any]
Conversation = list[Message]


@dataclass
class Pack:
    """Conversations that share their system message and tools; `kind` names them in the log."""

    kind: str
    system: str | None
    tools: list[Message]
    conversations: list[Conversation]
