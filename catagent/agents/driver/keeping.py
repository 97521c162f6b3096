"""Keeps the steps of a graph in the file of a thread, by LangGraph's own SQLite checkpointer.

Nothing is pickled, and no class is read but LangChain's messages, LangGraph's types, and what the
state of the agent declares.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import itertools
import os
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from .kinds import UnusableError, is_a
from .needs import parts_of

_KINDS = ("null", "bytes", "bytearray", "msgpack")


class UnkeptError(Exception):
    """What cannot be written into the file of a thread, or read from it, in a sentence."""


def thread_saver(path: str, agent: Any) -> Any:
    """A checkpointer on this file, which is made where there is none, for the graphs in an agent.

    It serves synchronous and asynchronous graphs. Raises UnusableError where LangGraph's is not
    installed, or is too old to be given a list of classes, and for a file that is of no use.
    """
    try:
        module: Any = importlib.import_module("langgraph.checkpoint.sqlite")
        serde = _serde(agent)
    except (ImportError, TypeError) as error:
        wanted = "there: pip install 'langgraph-checkpoint-sqlite>=3.1'"
        hint = f"it takes Python 3.10 and LangGraph 1 or later, and {wanted}"
        raise UnusableError(f"{sys.executable} cannot keep a thread", hint) from error
    try:
        kind: Any = type("ThreadSaver", (_Keeping, module.SqliteSaver), {})
        return _set_up(kind, _opened(path), serde)
    except (OSError, sqlite3.Error) as error:
        raise UnusableError(f"the thread {path} cannot be used: {error}", "") from error


def _set_up(kind: Any, connection: sqlite3.Connection, serde: Any) -> Any:
    """A checkpointer on this connection, which is closed if that cannot be."""
    try:
        connection.execute("PRAGMA trusted_schema = OFF")
        connection.execute("PRAGMA synchronous = NORMAL")  # a power cut may cost the last steps
        saver = kind(connection, serde=serde)
        saver.setup()
    except BaseException:
        connection.close()
        raise
    return saver


def copy(memory: Any, into: Any) -> None:
    """Copy all that an in-memory checkpointer has. Raises UnkeptError."""
    for kept in memory.list(None):
        parent = (kept.parent_config or {}).get("configurable", {}).get("checkpoint_id")
        config = {"configurable": {**kept.config["configurable"], "checkpoint_id": parent}}
        into.put(config, kept.checkpoint, kept.metadata, {})
    for (thread, namespace, checkpoint), rows in memory.writes.items():
        keys = {"thread_id": thread, "checkpoint_ns": namespace, "checkpoint_id": checkpoint}
        for (task, path), written in itertools.groupby(rows.values(), lambda row: (row[0], row[3])):
            values = [(row[1], memory.serde.loads_typed(row[2])) for row in written]
            into.put_writes({"configurable": keys}, values, task, path)


def unwritable(values: Any, serde: Any) -> list[str]:
    """The keys of what cannot be written down."""
    return sorted({key for key, value in values if not _is_writable(value, serde)})


def _is_writable(value: Any, serde: Any) -> bool:
    try:
        return bool(serde.dumps_typed(value))
    except Exception:  # msgpack's, or of a class of the agent's
        return False


def _opened(path: str) -> sqlite3.Connection:
    place = Path(path).absolute()
    with contextlib.suppress(FileExistsError):
        place.parent.mkdir(0o700, parents=True, exist_ok=True)
        os.close(os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    return sqlite3.connect(f"{place.as_uri()}?mode=rw", uri=True, check_same_thread=False)


def _serde(agent: Any) -> Any:
    jsonplus: Any = importlib.import_module("langgraph.checkpoint.serde.jsonplus")
    declared: Any = importlib.import_module("langgraph._internal._serde")
    allowed = declared.curated_core_allowlist()
    for part in parts_of(agent):
        if is_a(part, "Pregel"):
            schemas = [*getattr(getattr(part, "builder", None), "schemas", ())]
            found = declared.collect_allowlist_from_schemas(schemas=schemas, channels=part.channels)
            allowed |= found
    kind: Any = type("Serde", (_Reading, jsonplus.JsonPlusSerializer), {})
    return kind(pickle_fallback=False, allowed_msgpack_modules=allowed)


_LangGraphs: Any = object  # its classes are imported late


class _Reading(_LangGraphs):  # type: ignore[misc]
    """A serialiser that reads what LangGraph writes now, and not what may name code to run."""

    def loads_typed(self, data: tuple[str, bytes]) -> Any:
        if data[0] not in _KINDS:
            raise UnkeptError(f"The thread holds {data[0]}, which is not read")
        return super().loads_typed(data)


class _Keeping(_LangGraphs):  # type: ignore[misc]
    """LangGraph's SqliteSaver, for asynchronous graphs as well, which says what it cannot keep."""

    def get_tuple(self, config: Any) -> Any:
        with _explained("read"):
            return super().get_tuple(config)

    def put(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        with _explained("written", checkpoint["channel_values"].items(), self.serde):
            return super().put(config, checkpoint, metadata, new_versions)

    def put_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        with _explained("written", writes, self.serde):
            super().put_writes(config, writes, task_id, task_path)

    async def aget_tuple(self, config: Any) -> Any:
        return await asyncio.to_thread(self.get_tuple, config)

    async def alist(self, config: Any, **more: Any) -> Any:
        for each in await asyncio.to_thread(lambda: [*self.list(config, **more)]):
            yield each

    async def aput(self, *given: Any) -> Any:
        return await asyncio.to_thread(self.put, *given)

    async def aput_writes(
        self, config: Any, writes: Any, task_id: str, task_path: str = ""
    ) -> None:
        await asyncio.to_thread(self.put_writes, config, writes, task_id, task_path)

    async def adelete_thread(self, thread_id: str) -> None:
        await asyncio.to_thread(self.delete_thread, thread_id)


@contextlib.contextmanager
def _explained(what: str, values: Any = (), serde: Any = None) -> Iterator[None]:
    try:
        yield
    except UnkeptError:
        raise
    except Exception as error:
        if keys := unwritable(values, serde):
            message = f"The state of the agent cannot be stored: {', '.join(keys)}."
        else:
            message = f"The thread cannot be {what}: {error}"
        raise UnkeptError(message) from error
