"""How an error is reported: the error of an event, made from whatever was raised."""

from __future__ import annotations

from typing import Any

from catagent.errors import CatagentError
from catagent.events import types as ev
from catagent.failures.classify import classify
from catagent.failures.exceptions import members_of
from catagent.failures.owner import Owner


def error_info(raised: BaseException, owner: Owner | None = None) -> ev.ErrorInfo:
    """What events say of it. `owner` is the run that raised it, None for none of the agent's.

    Of a group, the first member is the error, and the others are in `others`. Never raises.
    """
    first, *others = members_of(raised)
    info = ev.ErrorInfo(**_fields(first, classify(raised, owner)))
    info.others = [ev.Failure(**_fields(other, classify(other, owner))) for other in others]
    return info


def _fields(raised: BaseException, error: CatagentError) -> dict[str, Any]:
    """What events say of an exception and the error that it is shown as."""
    said = ("kind", "message", "hint", "node", "file", "line")
    return {"type": type(raised).__name__, **{name: getattr(error, name) for name in said}}
