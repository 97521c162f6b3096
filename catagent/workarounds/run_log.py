"""langchain-core's handler of the run log, without what is wrong in its paths and costs memory."""

from typing import Any
from uuid import UUID

from langchain_core.tracers.log_stream import LogStreamCallbackHandler
from langchain_core.tracers.schemas import Run


class RunLogHandler(LogStreamCallbackHandler):
    """Called on the event loop, where LangChain's own hops to a thread for every token."""

    run_inline = True

    def __init__(self) -> None:
        super().__init__(auto_close=False, _schema_format="original")
        self._key_map_by_run_id = _EscapedKeys()

    def _on_llm_new_token(self, run: Run, token: Any, chunk: Any) -> None:
        """Report the token. A tracer also notes every token in its run, for nobody here."""
        run.events.clear()
        super()._on_llm_new_token(run, token, chunk)


class _EscapedKeys(dict[UUID, str]):
    """Keys of log entries, escaped as RFC 6901 asks for when they become part of a path."""

    def __setitem__(self, run_id: UUID, key: str) -> None:
        super().__setitem__(run_id, key.replace("~", "~0").replace("/", "~1"))
