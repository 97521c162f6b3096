"""What a script leaves out, or wants done before, as the notes at its head."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from catagent.config import Loaded, Settings
from catagent.explain.literal import text
from catagent.run.request import Request

_COUNTED = ("max_tokens", "max_cost", "idle_timeout")
_LEFT_OUT = {
    "how catagent shows a run": (
        *("output", "json", "quiet", "verbose", "stats", "color", "no_color", "theme", "ascii"),
        *("fold", "full", "inspect", "debug"),
    ),
    "what catagent keeps": ("record", "force"),
    "limits that catagent counts itself": _COUNTED,
    "pauses, for which LangGraph has interrupt_before and Command(resume=...)": (
        *("break_", "step", "auto_approve"),
    ),
    "what is of a run on a server": ("detach",),
}


def notes(request: Request, loaded: Loaded, given: Collection[str], mode: str) -> Iterator[str]:
    """Yield the notes of a script that goes by the API of `mode`, of the options `given`."""
    settings, left = loaded.settings, {*given}
    left |= {n for n in _COUNTED if getattr(settings, n) != getattr(Settings(), n)}
    if request.uses_our_models and request.model.provider == "openai":
        left.discard("idle_timeout")  # the model has it
    for what, names in _LEFT_OUT.items():
        if flags := _flags(name for name in names if name in left):
            yield f"Left out, {what}: {flags}."
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
