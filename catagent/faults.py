"""Whose error is it? Turns whatever a run raised into one of our errors, with the next step."""

from __future__ import annotations

from catagent.errors import AgentError, CatagentError


def classify(raised: BaseException) -> CatagentError:
    """The error to tell the person about. Never raises; an error of ours is returned as it is."""
    if isinstance(raised, CatagentError):
        return raised
    return AgentError(str(raised) or type(raised).__name__)
