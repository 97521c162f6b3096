"""The state of a thread that is kept here, as LangGraph's checkpointer has it at some moment.

What an agent's own checkpointer keeps is its agent's: it cannot be asked without importing that.
"""

import contextlib
import sqlite3
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from catagent.errors import OutputError
from catagent.events.codec import map_leaves
from catagent.events.timestamps import epoch
from catagent.redact import redact

_LANGGRAPHS = ("branch:", "__")  # what it keeps beside the state


def state_at(path: Path, thread: str, moment: float, secrets: Iterable[str] = ()) -> Any:
    """The state that the thread in this file had then, as plain data; None where it had none.

    Without `secrets`, and without what looks like one: a thread holds them as they are. `moment` is
    in seconds since 1970. It imports LangGraph, for a second or two, so ask on a thread of its own,
    and for runs of the history alone. Raises OutputError for a file of no use.
    """
    from catagent.agents.driver.keeping import UnkeptError, thread_saver
    from catagent.agents.driver.kinds import UnusableError
    from catagent.sources.plain import plain

    if not path.exists():
        return None
    given = {"configurable": {"thread_id": thread, "checkpoint_ns": ""}}
    try:
        saver = thread_saver(str(path), None)
        with contextlib.closing(saver.conn):
            for kept in saver.list(given):  # the newest first
                if (epoch(kept.checkpoint["ts"]) or moment) <= moment:
                    values = kept.checkpoint["channel_values"].items()
                    state = plain({k: v for k, v in values if not k.startswith(_LANGGRAPHS)})
                    return map_leaves(state, partial(_masked, tuple(secrets)))
    except (UnkeptError, UnusableError, sqlite3.Error) as error:
        raise OutputError(f"the thread {thread} cannot be read: {error}") from None
    return None


def _masked(secrets: tuple[str, ...], leaf: Any) -> Any:
    return redact(leaf, secrets) if isinstance(leaf, str) else leaf
