"""A TCP proxy that cuts connections: where it is told to, or after a random number of bytes."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Self
from urllib.parse import urlsplit


class CuttingProxy:
    """Passes on to the server at `url`; ends with the `async with`.

    `after(n)` says of connection number n after how many bytes of what the server sends it is
    cut, None for never; 0 cuts when the server begins to answer, of which nothing is passed on.
    Both sides see a reset, as when a router forgets them. `cuts` counts.
    """

    def __init__(self, url: str, after: Callable[[int], int | None]) -> None:
        found = urlsplit(url)
        self._target = found.hostname, found.port
        self._after = after
        self.cuts = self.connections = 0
        self.url = ""
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._pass_on, "127.0.0.1", 0)
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in list(self._open):
            writer.transport.abort()
        await asyncio.sleep(0.01)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        left = self._after(self.connections)
        self.connections += 1
        from_server, to_server = await asyncio.open_connection(*self._target)
        both = {writer, to_server}
        self._open |= both
        asking = asyncio.create_task(_copy(reader, to_server))
        try:
            while data := await from_server.read(1 << 16):
                if left is not None and len(data) > left:
                    writer.write(data[:left])
                    await asyncio.sleep(0)
                    self.cuts += 1
                    break
                left = None if left is None else left - len(data)
                writer.write(data)
                await writer.drain()
            else:
                writer.close()
        except ConnectionError:
            pass
        finally:
            asking.cancel()
            self._open -= both
            to_server.transport.abort()
            if left is not None:
                writer.transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
