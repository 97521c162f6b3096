"""What a server of agents refuses, and how connections to it fail, as errors of ours."""

import httpx

from catagent.errors import CatagentError, NetworkError
from catagent.failures import exceptions
from catagent.failures.server_words import one_line
from catagent.remote.address import Address


def error_of(raised: BaseException, address: Address) -> CatagentError | None:
    """The error to show for what a request raised; None where no server had to do with it."""
    if isinstance(raised, CatagentError):
        return raised
    said = one_line(exceptions.server_words_of(raised), 500)
    if isinstance(raised, httpx.HTTPStatusError):
        return NetworkError(f"{address.base} refused: {said}")
    if isinstance(raised, httpx.HTTPError | httpx.InvalidURL | httpx.StreamError):
        return NetworkError(f"no connection to {address.base}: {said}")
    return None
