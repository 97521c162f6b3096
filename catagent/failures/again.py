"""What asking again may mend: a network that failed, a server that is overloaded, a timeout."""

import time
from collections.abc import Mapping

from catagent.failures.exceptions import names_of, sent_with, server_words_of, status_of
from catagent.failures.limits import is_used_up, retry_after

_PASSING = frozenset({408, 409, 425, 429})


def wait_before_again(kind: str, raised: BaseException | None) -> float | None:
    """Seconds after which the server wants to be asked again, 0 where it does not say.

    None where asking again would not help. `kind` is that of the error, as events have it.
    """
    if kind == "network":
        return 0.0
    if kind != "model" or raised is None:
        return None
    if (status := status_of(raised)) is None:  # reported in its stream
        return 0.0 if "APIError" in names_of(raised) else None
    headers = getattr(getattr(raised, "response", None), "headers", {})
    sent = sent_with(raised) or server_words_of(raised)
    known = headers if isinstance(headers, Mapping) else {}
    asked = retry_after(known, time.time(), str(sent))
    is_passing = (status >= 500 or status in _PASSING) and not is_used_up(sent, asked)
    return (asked or 0.0) if is_passing else None
