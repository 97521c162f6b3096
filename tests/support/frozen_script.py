"""What a server answers the models of `frozen_agent`."""

from __future__ import annotations

from tests.support.replies import Call, Reply
from tests.support.server import Request


def script(request: Request) -> Reply:
    """What the models of the agent answer; asked to drop or confirm something, they call that."""
    if request.prompt.startswith("A name"):
        return Reply(['{"name"', ': "Mia"}'])
    if "drop" in request.prompt:
        return Reply(calls=[Call.of("drop", "call_drop", vase="blue")])
    if "confirm" in request.prompt:
        return Reply(calls=[Call.of("confirm", "call_confirm", what="it")])
    if request.observations:
        return Reply(["All ", "done."])
    calls = [Call.of("look", f"call_{place}", place=place) for place in ("box", "bed")]
    calls += [Call.of("weigh", "call_w", kilos=4), Call.of("note", "call_n", text="fluffy")]
    calls += [Call.of("measure", "call_m", what="tail"), Call.of("ask", "call_a", question="?")]
    return Reply(calls=[*calls, Call.of("name_it", "call_i", sound="meow")])
