"""The keys of servers: each is sent to the host that it was given for, and to no other."""

from urllib.parse import urlsplit

from catagent.config import Loaded, server_keys
from catagent.errors import UsageError
from catagent.remote.address import Address

_BEARER = "bearer "
_PLAIN = "over http it is sent to this machine alone: use https"


def headers_for(address: Address, loaded: Loaded) -> dict[str, str]:
    """The headers that say who asks a server; none where neither a key nor a login is given for it.

    A key that begins with "Bearer " is an `Authorization`, any other an `x-api-key`. Raises
    UsageError where one of them would be sent over a network in plain text.
    """
    key = _key_for(address, loaded)
    if (key or address.login) and not (address.is_loopback or address.base.startswith("https:")):
        what = "login" if address.login else "key"
        raise UsageError(f"the {what} for {address.host} is not sent over http", _PLAIN)
    if not (key.isascii() and key.isprintable()):
        raise UsageError(f"the key for {address.host} has characters that no server takes")
    headers = {}
    if address.login:
        headers["Authorization"] = f"Basic {address.basic}"
    if key:
        headers["Authorization" if key.lower().startswith(_BEARER) else "x-api-key"] = key
    return headers


def _key_for(address: Address, loaded: Loaded) -> str:
    """The key that is given for this host and port, else the one for the host."""
    given = server_keys(loaded.settings.server_keys or "")
    return given.get(urlsplit(address.base).netloc.lower()) or given.get(address.host, "")
