"""What servers say of themselves: asked for once by runs that come one soon after the other."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar

from catagent.config import Loaded
from catagent.remote.address import Address
from catagent.remote.answers import understood

if TYPE_CHECKING:
    from langgraph_sdk.client import LangGraphClient

_T = TypeVar("_T")
# A server that is started again may be another: what it said is not taken for true for long.
_FRESH_S, _MOST = 10.0, 100
_said: dict[tuple[Address, str | None, str], tuple[float, Any]] = {}


async def known(
    address: Address, loaded: Loaded, what: str, ask: Callable[[], Awaitable[_T]]
) -> _T:
    """What the server there says when it is asked, or said to this process a few seconds ago."""
    key = address, loaded.settings.server_keys, what
    when, found = _said.get(key, (-math.inf, None))
    if time.monotonic() - when > _FRESH_S:
        found = await ask()
        if len(_said) >= _MOST:
            forget()
        _said[key] = time.monotonic(), found
    kept: _T = found
    return kept


def forget() -> None:
    """Have what servers said asked for again: something went wrong, or many were asked."""
    _said.clear()


async def versions(client: LangGraphClient) -> dict[str, str]:
    """Those that the server has, by their packages; none where it tells nothing of itself."""
    from langgraph_sdk.errors import NotFoundError

    told: Any = {}
    with contextlib.suppress(NotFoundError):
        told = await client.http.get("/info")
    with understood():
        server = str(told.get("name") or "langgraph-api").lower()
        found = {server: told.get("version"), "langgraph": told.get("langgraph_py_version")}
    return {name: str(version) for name, version in found.items() if version}
