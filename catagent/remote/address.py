"""The address of agents on a server: recognised by its scheme, and shown without its login."""

import base64
import ipaddress
from typing import Self
from urllib.parse import SplitResult, quote, unquote, urlsplit

from msgspec import Struct

from catagent.errors import UsageError

_HINT = "write it as https://HOST[:PORT]/GRAPH"
_MASKED = "***"


class Address(Struct, frozen=True):
    """Where a server is (`base`, without a login), and the `graph` asked there, "" for none.

    `login` is "user:password", as it stood in the address, or "".
    """

    base: str
    graph: str = ""
    login: str = ""

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The address that a text is, None for what has no scheme of the web.

        The last part of its path is the graph; one that ends in "/" names none. Raises UsageError,
        which repeats nothing of an address that may hold a password.
        """
        if not text.lower().startswith(("http://", "https://")):
            return None
        try:
            found = urlsplit(text)
            login, _, host = found.netloc.rpartition("@")
            is_one = bool(found.hostname) and found.port != 0
        except ValueError:
            is_one = False
        if not is_one or found.query or found.fragment or any(map(str.isspace, text)):
            raise UsageError("the server's address is not a URL", _HINT)
        if login == _MASKED:
            raise UsageError(f"the login of {host} was masked", "give the address with its login")
        prefix, _, graph = found.path.rpartition("/")
        base = SplitResult(found.scheme, host, prefix.rstrip("/"), "", "").geturl()
        return cls(base, unquote(graph), login)

    def __str__(self) -> str:
        base = self.base.replace("://", f"://{_MASKED}@", 1) if self.login else self.base
        return f"{base}/{quote(self.graph, safe='')}" if self.graph else base

    def __repr__(self) -> str:
        return f"Address({str(self)!r})"

    @property
    def host(self) -> str:
        """The name of the server's machine, in small letters, without a port."""
        return urlsplit(self.base).hostname or ""

    @property
    def is_loopback(self) -> bool:
        """Whether what is sent there stays on this machine."""
        try:
            return self.host == "localhost" or ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False

    @property
    def secrets(self) -> tuple[str, ...]:
        """What of it must never be shown: the password of its login, in each of its forms."""
        password = self.login.partition(":")[2] or self.login
        return tuple({password, unquote(password), self.basic} - {""})

    @property
    def basic(self) -> str:
        """The login as it is sent, "" for none."""
        return base64.b64encode(unquote(self.login).encode()).decode()
