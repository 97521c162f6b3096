"""The errors of a connection that was never made, broke off, or stayed silent."""

from __future__ import annotations

import errno

from catagent.errors import CatagentError, NetworkError, RunTimeoutError
from catagent.failures.exceptions import FILES_USED_UP, causes_of, root_errno, root_of, words_of

TOO_MANY_FILES = ("Too many files are open.", "raise the limit: ulimit -n 1024")


def timed_out(raised: BaseException) -> NetworkError | RunTimeoutError:
    """The same as when the session's clock runs out: which of the two is first is chance."""
    if any(type(cause).__name__ == "ConnectTimeout" for cause in causes_of(raised)):
        return NetworkError(
            "The server cannot be reached.", "check OPENAI_BASE_URL and the network"
        )
    hint = "is the server overloaded? wait longer with --idle-timeout SECONDS"
    return RunTimeoutError("The model was silent for too long.", hint)


def no_connection(raised: BaseException, said: str) -> CatagentError:
    """A connection that was never made, or broke: the cause at the bottom says why."""
    cause = root_of(raised)
    if isinstance(cause, CatagentError):  # the SDK takes whatever its client raises for that
        return cause
    why = words_of(cause) if cause is not raised else said
    number, low = root_errno(raised), why.lower()
    if number == errno.ECONNREFUSED or "refused" in low or "all connection attempts" in low:
        return NetworkError(
            f"The server refused the connection: {_address(raised) or why}",
            "is it running? OPENAI_BASE_URL says where it is looked for",
        )
    if "getaddrinfo" in low or "name or service" in low or "name resolution" in low:
        return NetworkError(
            f"The server's name was not found: {_address(raised) or why}",
            "check OPENAI_BASE_URL and the network",
        )
    if "certificate" in low or "ssl" in low:
        hint = (
            "SSL_CERT_FILE can name the certificates to trust; https needs a server that speaks it"
        )
        return NetworkError(f"No secure connection: {why}", hint)
    if number in FILES_USED_UP:
        return NetworkError(*TOO_MANY_FILES)
    return NetworkError(f"The connection broke off: {why}", "try again; look at proxies in between")


def _address(raised: BaseException) -> str:
    """Host and port of the server that was asked, as far as the exception knows."""
    url = getattr(getattr(raised, "request", None), "url", None)
    host, port = getattr(url, "host", ""), getattr(url, "port", None)
    return f"{host}:{port}" if host and port else str(host)
