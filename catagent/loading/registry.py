"""Names to objects of ours, lazily. What stands at a person's own names, `agents/code.py` finds.

The tables hold import paths, so that looking a name up imports what it names and nothing else.
Adding an agent or a tool is one row here.
"""

import importlib
from collections.abc import Mapping
from typing import Any

# Each makes an agent, as a person's own factory does: (model, tool_model) -> Runnable.
AGENTS: Mapping[str, str] = {
    "cat": "catagent.agents.cat:build",
    "cat-classic": "catagent.agents.cat_classic:build",
}

# Each makes tools out of the model that they ask: (model) -> list of tools.
TOOLS: Mapping[str, str] = {
    "where_cat_is_hiding": "catagent.agents.cat:make_tools",
    "get_items": "catagent.agents.cat:make_tools",
    "tell_me_a_joke_about": "catagent.agents.cat:make_tools",
}

# Each builds a chat model: (ModelSpec, Role, Models) -> BaseChatModel. Every other provider
# goes through LangChain's init_chat_model.
PROVIDERS: Mapping[str, str] = {
    "openai": "catagent.models.providers.openai:build",
    "local": "catagent.models.providers.embedded:build",
}


def load(path: str) -> Any:
    """Import "module:attribute" of our own."""
    module, _, attribute = path.partition(":")
    return getattr(importlib.import_module(module), attribute)
