"""The models of a run: from a ModelSpec to a LangChain chat model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from catagent.config import Loaded
from catagent.events.types import RetryData
from catagent.loading import registry
from catagent.models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

    from catagent.models.openai_client.client import ClientPool

Role = Literal["agent", "tool"]


@dataclass(frozen=True)
class Models:
    """The two models of a run, built when first asked for: an agent of one's own may need none.

    `on_retry` is called on the request's thread; `on_status`, with a line of what is going on, on
    another; `on_forgotten`, with how many turns the embedded model is not sent, as it is asked.
    Unless it `asks` them, they need neither keys nor servers: something else answers.
    """

    agent_spec: ModelSpec
    tool_spec: ModelSpec
    loaded: Loaded
    on_retry: Callable[[RetryData], None] = lambda _: None
    on_status: Callable[[str], object] = lambda _: None
    on_forgotten: Callable[[int], object] = lambda _: None
    asks: bool = True

    @property
    def decides(self) -> bool:
        """Whether an agent has asked for the model that decides."""
        return "agent" in vars(self)

    async def aclose(self) -> None:
        """Close the connections. The embedded model stays loaded until the program ends."""
        if "pool" in vars(self):
            await self.pool.aclose()

    def preload(self) -> None:
        """Begin to load models that are to run in this process, and return at once."""
        for spec in (self.agent_spec, self.tool_spec):
            if spec.provider == "local":
                from catagent.models.providers import embedded

                embedded.serve(spec, self)

    @cached_property
    def agent(self) -> BaseChatModel:
        """The model that decides which tools to call (temperature 0, tagged)."""
        model = self._build(self.agent_spec, "agent")
        model.tags = ["agent_llm"]
        return model

    @cached_property
    def tool(self) -> BaseChatModel:
        """The model that the tools ask."""
        return self._build(self.tool_spec, "tool")

    @cached_property
    def pool(self) -> ClientPool:
        """The connections to OpenAI-compatible servers."""
        from catagent.models.openai_client import client, retries  # import the SDK

        settings = self.loaded.settings
        policy = retries.RetryPolicy(settings.max_retries, self.on_retry)
        return client.ClientPool(policy, settings.idle_timeout)

    def _build(self, spec: ModelSpec, role: Role) -> BaseChatModel:
        """Make a chat model. Waits for the embedded model to be loaded.

        Raises UsageError for a provider that is not there or not installed, CredentialsError
        without a key.
        """
        path = registry.PROVIDERS.get(spec.provider, "catagent.models.providers.langchain:build")
        model: BaseChatModel = registry.load(path)(spec, role, self)
        return model
