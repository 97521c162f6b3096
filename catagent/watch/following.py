"""The records of all processes in a folder, read while they are written."""

import asyncio
from collections.abc import Callable, Container
from pathlib import Path

from catagent.stop import Stop
from catagent.watch.process import Begin, Process
from catagent.watch.segments import remove, segments

# So many records of a process are read before its runs report what is in them.
_AT_ONCE = 500
# How long to wait for new ones: after there were some, and when there were none for a while.
_BUSY_S, _IDLE_S = 0.005, 0.02


class Following:
    """Follows the processes whose records are in `folder`, those in `only` if that is given.

    `begin` makes what takes the records of a root run. `why` says of a process that has ended why
    what it left open has no end. `processes` are known by their keys.
    """

    def __init__(
        self,
        folder: Path,
        begin: Begin,
        why: Callable[[Process], str],
        only: Container[str] | None = None,
    ) -> None:
        self.processes: dict[str, Process] = {}
        self._folder, self._begin, self._why, self._only = folder, begin, why, only
        self._open: dict[str, Process] = {}

    async def follow(self, is_over: Callable[[], bool], stop: Stop) -> None:
        """Read until `is_over` and all is read, or it is time to stop."""
        pause = _BUSY_S
        while stop.why is None:
            last = is_over()
            self._look()
            is_busy = any([await self._read(one, last=last) for one in list(self._open.values())])
            if last and not is_busy:
                return
            pause = _BUSY_S if is_busy else min(_IDLE_S, pause * 1.5)
            await asyncio.sleep(0 if is_busy else pause)

    def close(self, *why: str) -> None:
        """Let go of all of them. What is open has no end, for this reason if there is one."""
        for one in list(self._open.values()):
            self._let_go(one, *why)

    def _look(self) -> None:
        """Take note of the processes that are new, the oldest first."""
        new = (key for key in segments(self._folder) if key not in self.processes)
        for key in sorted(new, key=lambda key: int(key.partition("-")[2], 16)):
            if self._only is not None and key not in self._only:
                continue
            one = Process(self._folder, key)
            for before in self._open.values():  # in whose place another program is, by `exec`
                before.is_alive &= before.pid != one.pid
            self._open[key], self.processes[key] = one, one

    async def _read(self, one: Process, *, last: bool) -> bool:
        """Read some of what there is, and let the runs report it; return whether there was any."""
        is_gone, found = one.is_gone(at_once=last), False
        for record in one.records(_AT_ONCE):
            found = True
            ended = one.take(record, self._begin)
            if ended is not None and ended.reading is not None:
                await asyncio.wait((ended.reading,))  # before what came after it begins
        await asyncio.sleep(0)
        if is_gone and not found:
            self._let_go(one, self._why(one))
            remove(self._folder, one.key)
        return found

    def _let_go(self, one: Process, *why: str) -> None:
        one.end(*why)
        del self._open[one.key]
