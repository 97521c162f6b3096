"""What a script leaves out, or wants done before, as the notes at its head."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from catagent.config import Loaded, Settings
from catagent.events.filters import Filters
from catagent.explain.literal import text
from catagent.run.request import Request

_COUNTED = ("max_tokens", "max_cost", "idle_timeout")
_PAUSES = ("break_", "step", "auto_approve")
# What is in the script, said in another way, or kept by nobody there.
_DONE = {
    *("agent", "python", "context", "configurable", "env_file", "input", "mode", "model"),
    *("tool_model", "max_steps", "max_retries", "timeout", "thread", "continue_", "explain"),
    *("raw", "history", *Filters.__struct_fields__),
}


def notes(request: Request, loaded: Loaded, given: Collection[str], mode: str) -> Iterator[str]:
    """Yield the notes of a script that goes by the API of `mode`, of the options `given`."""
    settings, left = loaded.settings, {*given}
    left |= {n for n in _COUNTED if getattr(settings, n) != getattr(Settings(), n)}
    if request.uses_our_models and request.model.provider == "openai":
        left.discard("idle_timeout")  # the model has it
    for what, names in (
        ("limits that catagent counts itself", left & {*_COUNTED}),
        ("pauses, LangGraph's interrupt_before and Command(resume=...)", left & {*_PAUSES}),
        ("what catagent does itself", left - _DONE - {*_COUNTED, *_PAUSES}),
    ):
        if names:
            yield f"Left out, {what}: {_flags(sorted(names))}."
    has_filters = mode != "steps" and request.address is None
    if (filters := request.filters.as_dict()) and not has_filters:
        yield f"Left out, filters, which this API has none of: {_flags(filters)}."
    if any(name.startswith("include") for name in filters) and has_filters:
        yield "LangChain's filters leave out the answer, too, unless they name what gives it."
    yield from _before(request, loaded, left)


def _before(request: Request, loaded: Loaded, given: Collection[str]) -> Iterator[str]:
    """Yield what is to be done before the script is run."""
    if request.python is not None:
        yield f"Run it with {text(str(request.python))}, which has the agent's packages."
    if request.address and (request.address.login or loaded.settings.server_keys):
        yield "A key or a login of the server is for get_client(headers={...}), and left out here."
    if "env_file" in given:
        yield "Set what is in the --env-file first."


def _flags(names: Iterable[str]) -> str:
    return ", ".join("--" + name.rstrip("_").replace("_", "-") for name in names)
