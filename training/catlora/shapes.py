"""What passes between the generator and the encoder."""

from dataclasses import dataclass, field
from typing import Any

Message = dict[str, Any]
Conversation = list[Message]


@dataclass
class Pack:
    """Conversations that share their system message and tools; `kind` names them in the log.

    Where there is a history, all of them go on from it; nothing of it is trained.
    """

    kind: str
    system: str | None
    tools: list[Message]
    conversations: list[Conversation]
    history: Conversation = field(default_factory=list)
