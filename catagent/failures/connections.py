"""The errors of a connection that was never made, broke off, or stayed silent."""

import errno
import re

from catagent.errors import CatagentError, NetworkError, RunTimeoutError
from catagent.failures.exceptions import FILES_USED_UP, causes_of, root_errno, root_of, words_of

TOO_MANY_FILES = ("Too many files are open.", "raise the limit: ulimit -n 1024")
_CHECK = "check OPENAI_BASE_URL and the network"
_PROXY = (
    "The proxy refused the connection to {address}",
    "is it running? HTTPS_PROXY, HTTP_PROXY and ALL_PROXY say where it is looked for",
)
# What is written at the bottom of it; what that means, and what to do.
_BY_WORDS = (
    (
        r"refused|all connection attempts",
        "The server refused the connection: {address}",
        "is it running? OPENAI_BASE_URL says where it is looked for",
    ),
    (
        r"getaddrinfo|name or service|name resolution",
        "The server's name was not found: {address}",
        _CHECK,
    ),
    (
        r"certificate|ssl",
        "No secure connection: {why}",
        "SSL_CERT_FILE can name the certificates to trust; https needs a server that speaks it",
    ),
)


def timed_out(raised: BaseException) -> NetworkError | RunTimeoutError:
    """The same as when the session's clock runs out: which of the two is first is chance."""
    if any(type(cause).__name__ == "ConnectTimeout" for cause in causes_of(raised)):
        return NetworkError("The server cannot be reached.", _CHECK)
    return silent_model("too long")


def silent_model(time: str) -> RunTimeoutError:
    """The error of a run whose model said nothing for this time, in words."""
    hint = "is the server overloaded? wait longer with --idle-timeout SECONDS"
    return RunTimeoutError(f"The model was silent for {time}.", hint)


def no_connection(raised: BaseException, said: str) -> CatagentError:
    """A connection that was never made, or broke: the cause at the bottom says why."""
    cause = root_of(raised)
    if isinstance(cause, CatagentError):  # the SDK takes whatever its client raises for that
        return cause
    why = words_of(cause) if cause is not raised else said
    number = root_errno(raised)
    written = f"{errno.errorcode.get(number or 0, '')} {why}"
    for words, message, hint in _BY_WORDS:
        if re.search(words, written, re.IGNORECASE):
            if words.startswith("refused") and _is_proxied(raised):
                message, hint = _PROXY
            return NetworkError(message.format(address=_address(raised) or why, why=why), hint)
    if number in FILES_USED_UP:
        return NetworkError(*TOO_MANY_FILES)
    return NetworkError(f"The connection broke off: {why}", "try again; look at proxies in between")


def _is_proxied(raised: BaseException) -> bool:
    """Whether the environment has the request go through a proxy, as far as the exception knows."""
    from urllib.request import getproxies, proxy_bypass

    url = getattr(getattr(raised, "request", None), "url", None)
    proxies = getproxies().keys() & {getattr(url, "scheme", ""), "all"}
    return bool(proxies) and url is not None and not proxy_bypass(url.host)


def _address(raised: BaseException) -> str:
    """Host and port of the server that was asked, as far as the exception knows."""
    url = getattr(getattr(raised, "request", None), "url", None)
    host, port = getattr(url, "host", ""), getattr(url, "port", None)
    return f"{host}:{port}" if host and port else str(host)
