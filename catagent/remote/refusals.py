"""What a server of agents refuses, and how a connection to it fails, as errors of ours."""

import re
from collections.abc import Mapping

import httpx

from catagent.errors import CatagentError, CredentialsError, NetworkError, UsageError
from catagent.failures.exceptions import root_of, server_words_of, words_of
from catagent.remote.address import Address
from catagent.remote.answers import IS_IT_ONE

_NOT_TAKEN = "{host} does not accept the request"
_LOG = "the server's log may say more; try again later"
# What a status means, and what to do.
_BY_STATUS: Mapping[int, tuple[type[CatagentError], str, str]] = {
    401: (
        CredentialsError,
        "{host} wants a key, or another one",
        "give it for this host: CATAGENT_SERVER_KEYS='{host}=KEY', or server_keys in config.toml",
    ),
    403: (CredentialsError, "{host} denies access", "is the key that it is given allowed this?"),
    404: (UsageError, "{host} has no such thing", "catagent agents {base}/ lists its agents"),
    409: (UsageError, "{host} does not do this now", "is something running in this thread?"),
    429: (NetworkError, "{host} gets too many requests", "try again later, or ask less at once"),
}
# What is written at the bottom of a connection that failed, what that means, and what to do.
_BY_WORDS = (
    (r"refused|all connection attempts", "{base} refused the connection", "is the server running?"),
    (r"getaddrinfo|name or service|name resolution", "The name {host} was not found", "check it"),
    (
        r"certificate|ssl",
        "No secure connection to {base}",
        "SSL_CERT_FILE can name the certificates to trust; https needs a server that speaks it",
    ),
)


def error_of(raised: Exception, address: Address) -> CatagentError | None:
    """The error to show for what a request raised; None where no server had to do with it."""
    if isinstance(raised, CatagentError):
        return raised
    if isinstance(raised, httpx.HTTPStatusError):
        return _refused(raised, address)
    if type(raised).__name__ == "JSONDecodeError":
        return NetworkError(f"{address.base} sent what is not JSON.", IS_IT_ONE)
    if isinstance(raised, httpx.InvalidURL | httpx.UnsupportedProtocol):
        return UsageError(f"the server's address is not a URL: {words_of(raised)}", IS_IT_ONE)
    if isinstance(raised, httpx.TimeoutException):
        return NetworkError(f"{address.base} does not answer.", "is it this host and port?")
    return _unconnected(raised, address) if isinstance(raised, httpx.HTTPError) else None


def _refused(raised: httpx.HTTPStatusError, address: Address) -> CatagentError:
    status = raised.response.status_code
    is_failure = status >= httpx.codes.INTERNAL_SERVER_ERROR
    other = (NetworkError, "{host} failed", _LOG) if is_failure else (UsageError, _NOT_TAKEN, "")
    error, what, hint = _BY_STATUS.get(status, other)
    message = f"{_told(what, address)} (HTTP {status}): {server_words_of(raised)}"
    return error(message, _told(hint, address))


def _unconnected(raised: Exception, address: Address) -> CatagentError:
    why = words_of(root_of(raised))
    for words, message, hint in _BY_WORDS:
        if re.search(words, f"{why} {raised}", re.IGNORECASE):
            return NetworkError(f"{_told(message, address)}: {why}", hint)
    return NetworkError(f"The connection to {address.base} broke off: {why}", IS_IT_ONE)


def _told(text: str, address: Address) -> str:
    return text.format(host=address.host, base=address.base)
