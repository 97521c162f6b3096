"""What to run, as the command line asks for it."""

from pathlib import Path
from typing import Any

from msgspec import Struct

from catagent.events.filters import Filters
from catagent.loading.registry import AGENTS, TOOLS
from catagent.models.spec import ModelSpec
from catagent.remote.address import Address
from catagent.threads.store import Thread


class Resume(Struct, frozen=True):
    """What a person answered to the run that waits: resume values by the ids of its interrupts."""

    run_id: str
    answers: dict[str, Any]


class Request(Struct, kw_only=True, frozen=True):
    """What to run: a question for an agent, or a `tool` with its arguments on its own.

    `input` is the agent's own, as JSON has it, None where a question is asked; `context` is a
    graph's, and what is `configurable` is still text where it comes from the command line.
    `python` is the interpreter for the agent, None for the one that we run in, and `address` is the
    agent's where it is on a server, None elsewhere, whose thread is the thread_id that is
    `configurable`.

    `found` is the agent itself where it is at hand, and `agent` then no more than its name.

    `thread` is what keeps the conversation, None where nothing does, and `asked` what a thread is
    to remember of this: options by their names. With `resume` the run goes on with one that waits.
    It pauses before the tools and nodes in `breaks`, with `step` before every one, except where
    `passed` has the id of that pause. `frozen` is what models and tools answer in the place of
    being asked, as plain data, None where they are asked.
    """

    agent: str
    question: str = ""
    input: Any = None
    context: dict[str, Any] | None = None
    configurable: dict[str, Any] = {}
    model: ModelSpec
    tool_model: ModelSpec
    filters: Filters
    raw: bool = False
    tool: str | None = None
    tool_input: dict[str, str] = {}
    python: Path | None = None
    address: Address | None = None
    thread: Thread | None = None
    asked: dict[str, Any] = {}
    resume: Resume | None = None
    breaks: tuple[str, ...] = ()
    step: bool = False
    passed: tuple[str, ...] = ()
    frozen: dict[str, Any] | None = None
    found: Any = None

    @property
    def thread_file(self) -> str:
        """The file of its thread, empty for none."""
        return "" if self.thread is None else str(self.thread.path)

    @property
    def given(self) -> Any:
        """The question, or the agent's own input."""
        return self.question if self.input is None else self.input

    def require_prices(self) -> None:
        """Raise UsageError for a model whose price nobody here knows."""
        from catagent.sources.budget import price_of

        models = {self.tool_model} if self.tool is not None else {self.model, self.tool_model}
        for spec in models if self.uses_our_models else ():
            price_of(spec.provider, spec.name)

    @property
    def uses_our_models(self) -> bool:
        """Whether `tool_model`, and of an agent `model`, will be asked; yours may bring its own."""
        return self.tool in TOOLS if self.tool is not None else self.agent in AGENTS
