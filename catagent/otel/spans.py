"""Events to spans: a trace for every run, with its models and tools as they were nested."""

import uuid
from hashlib import blake2b
from typing import Any

from opentelemetry.trace import SpanKind

from catagent.events import types as ev
from catagent.events.prompts import Prompts
from catagent.events.timestamps import epoch
from catagent.otel.attributes import attributes
from catagent.otel.messages import content
from catagent.otel.pen import MOST, Draft, Ids, Pen


class Spans:
    """The spans of runs, of several at once. Give `take` their events in order.

    What was said is in them if `quotes`. The ids are made of the run's: one that is sent again is
    the same trace.
    """

    def __init__(self, pen: Pen, *, quotes: bool) -> None:
        self._pen, self._quotes, self._runs = pen, quotes, dict[str, _Run]()

    def take(self, event: ev.Event) -> None:
        """Take one event; what ends with it is written."""
        key = ev.run_of(event)
        if isinstance(event, ev.RunStarted):
            self._runs[key] = _Run(self._pen, event, quotes=self._quotes)
        elif not isinstance(event, ev.Unknown) and (run := self._runs.get(key)) is not None:
            run.take(event)
            if isinstance(event, ev.RunFinished):
                del self._runs[key]

    def close(self) -> None:
        """Write what is open of runs that did not come to their end, and have all of it sent."""
        for run in self._runs.values():
            run.end(None)
        self._pen.close()


class _Run:
    """One run: its `root`, what is open in it by the id of a model and the key of a call.

    Mode `steps` does not tell of tools, but of what was decided and seen: that is their time there.
    """

    def __init__(self, pen: Pen, started: ev.RunStarted, *, quotes: bool) -> None:
        data, self._ns = started.data, 0
        self._pen, self._started, self._in_steps = pen, started, data.mode == "steps"
        self._prompts = Prompts() if quotes else None
        self._open, self._calls = dict[str, Draft](), dict[str, int]()
        facts = self._facts(started)
        name, ids = f"invoke_agent {data.agent}", _ids(started.run_id)
        self._root = Draft(name, ids, 0, self._ns, facts)
        self._root.after = _ids(data.resumes) if isinstance(data.resumes, str) else None

    def take(self, event: ev.KnownEvent) -> None:
        """Take one event of the run."""
        facts = self._facts(event)
        match event:
            case ev.LlmStarted():
                above = self._span_of(event.call)
                self._begin(
                    event.run_id, self._ids_of(event.run_id), event.data.model, above, facts
                )
            case ev.LlmFinished(data=data):
                self._end(event.run_id, facts, data.error, data.duration_s)
            case ev.ToolStarted() | ev.Action():
                self._call(event, facts)
            case ev.ToolFinished(data=data):
                self._end(ev.call_of(event), facts, data.error, data.duration_s)
            case ev.Observation() if self._in_steps:
                self._end(ev.call_of(event), facts, None)
            case ev.RunFinished(data=data):
                self._root.facts |= facts
                self.end(data.error)
            case ev.Retry() | ev.Interrupt() | ev.Warned():
                self._open.get(event.run_id, self._root).events.append(
                    (event.type, facts, self._ns)
                )

    def end(self, error: ev.ErrorInfo | None) -> None:
        """Write what is open, and the run itself."""
        for draft in (*self._open.values(), self._root):
            self._write(draft, error)

    def _facts(self, event: ev.KnownEvent) -> dict[str, Any]:
        """What an event adds to a span; the time is that of the event from here on."""
        seconds = epoch(event.ts)
        self._ns = self._ns if seconds is None else max(0, min(round(seconds * 1e6) * 1000, MOST))
        facts = attributes(event, self._started)
        if self._prompts is None:
            return facts
        self._prompts.take(event)
        return facts | content(event, self._prompts)

    def _call(self, event: ev.ToolStarted | ev.Action, facts: dict[str, Any]) -> None:
        if isinstance(event, ev.Action) is self._in_steps:
            call = ev.call_of(event)
            # A call that is tried again has the same key, and another run.
            ids, above = self._ids_of(event.run_id + call), self._span_of(ev.outer_call(call))
            self._calls[call] = ids[1]
            self._begin(call, ids, event.data.tool, above, facts)

    def _begin(self, key: str, ids: Ids, what: str, above: int, facts: dict[str, Any]) -> None:
        operation = facts["gen_ai.operation.name"]
        kind = SpanKind.INTERNAL if operation == "execute_tool" else SpanKind.CLIENT
        self._open[key] = Draft(f"{operation} {what}", ids, above, self._ns, facts, kind)

    def _end(
        self, key: str, facts: dict[str, Any], error: ev.Failure | None, took: float | None = None
    ) -> None:
        """Write what ended. Its start may have been told late; what it took is right."""
        if (draft := self._open.pop(key, None)) is not None:
            draft.facts |= facts
            if took is not None and 0 <= took * 1e9 <= self._ns:
                draft.began = self._ns - round(took * 1e9)
            self._write(draft, error)

    def _write(self, draft: Draft, error: ev.Failure | None) -> None:
        self._pen.write(draft, self._ns, error, quotes=self._prompts is not None)

    def _span_of(self, call: str | None) -> int:
        """The span that what happens inside of a call is in."""
        return self._calls.get(call or "", self._root.ids[1])

    def _ids_of(self, key: str) -> Ids:
        return self._root.ids[0], _ids(self._started.run_id + key)[1]


def _ids(key: str) -> Ids:
    """The ids of a trace, a run's own where that is a UUID, and of a span."""
    digest = blake2b(key.encode("utf-8", "replace"), digest_size=24).digest()
    try:
        own = uuid.UUID(key).int
    except ValueError:
        own = int.from_bytes(digest[8:])
    return own, int.from_bytes(digest[:8])
