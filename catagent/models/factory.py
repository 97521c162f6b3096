"""From a ModelSpec to a LangChain chat model."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

from catagent.loading import registry
from catagent.models.context import ModelContext, Role
from catagent.models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def build(spec: ModelSpec, role: Role, context: ModelContext) -> BaseChatModel:
    """Make the chat model that decides (`role` agent: temperature 0, tagged) or one inside a tool.

    Raises UsageError for a provider that is not there or not installed, CredentialsError without
    a key. Waits for the embedded model to be loaded.
    """
    path = registry.PROVIDERS.get(spec.provider, "catagent.models.providers.langchain:build")
    return cast("BaseChatModel", registry.load(path)(spec, role, context))


class Models:
    """The two models of a run, built when first asked for: an agent of one's own may need none."""

    def __init__(self, agent: ModelSpec, tool: ModelSpec, context: ModelContext) -> None:
        self.agent_spec = agent
        self.tool_spec = tool
        self.context = context

    @property
    def decides(self) -> bool:
        """Whether an agent has asked for the model that decides."""
        return "agent" in vars(self)

    async def aclose(self) -> None:
        """Close the connections. The embedded model stays loaded until the program ends."""
        if "pool" in vars(self.context):
            await self.context.pool.aclose()

    def preload(self) -> None:
        """Begin to load models that are to run in this process, and return at once."""
        for spec in (self.agent_spec, self.tool_spec):
            if spec.provider == "local":
                from catagent.models.providers import embedded

                embedded.serve(spec, self.context)

    @cached_property
    def agent(self) -> BaseChatModel:
        """The model that decides which tools to call."""
        return build(self.agent_spec, "agent", self.context)

    @cached_property
    def tool(self) -> BaseChatModel:
        """The model that the tools ask."""
        return build(self.tool_spec, "tool", self.context)
