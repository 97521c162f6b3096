"""`catagent.local_model`: a model that runs in this process, for a program of one's own."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from catagent import config
from catagent.models.spec import choose_model

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from catagent.models.factory import Role


def local_model(role: Role, file: str | os.PathLike[str] | None = None) -> BaseChatModel:
    """Make the embedded model, tuned for the cat agent alone, or that of a GGUF `file`.

    As "agent" it decides which tools to call, as "tool" it writes for them. Waits until it is
    loaded. Raises UsageError without the extra `local` or for a file that is none, NetworkError
    where it cannot be fetched, and ModelError where it cannot be loaded.
    """
    from catagent.models.factory import Models

    spec = choose_model(f"local:{os.fspath(file)}" if file else "local", {})
    models = Models(spec, spec, config.load({}, config.process_environ()))
    return models.agent if role == "agent" else models.tool
