"""How an error is reported: the error of an event, made from whatever was raised."""

from __future__ import annotations

from catagent.events import types as ev
from catagent.failures.classify import classify
from catagent.failures.exceptions import members_of
from catagent.failures.owner import Owner


def error_info(raised: BaseException, owner: Owner | None = None) -> ev.ErrorInfo:
    """What events say of it. `owner` is the run that raised it, None for none of the agent's.

    Of a group, the first member is the error, and the others are in `others`. Never raises.
    """
    error = classify(raised, owner)
    first, *others = members_of(raised)
    return ev.ErrorInfo(
        kind=error.kind,
        type=type(first).__name__,
        message=error.message,
        hint=error.hint,
        node=error.node,
        file=error.file,
        line=error.line,
        others=[error_info(other, owner) for other in others],
    )
