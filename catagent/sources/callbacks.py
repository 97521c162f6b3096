"""The callbacks that an agent had elsewhere, had again here: the events that come of them.

The tracker gets each as a handler would, and the reader of mode `events` the event that
`astream_events` would have made of it. So both say the same.
"""

from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any

from catagent.errors import CatagentError
from catagent.events import types as ev
from catagent.sources.agent_events import custom_event
from catagent.sources.base import AgentRun
from catagent.sources.span import Span
from catagent.sources.tracker import Tracker
from catagent.sources.translation import EventReader, Translation

_CALLED = {"chat_model": "llm", "llm": "llm", "tool": "tool", "retriever": "retriever"}


class Callbacks:
    """Those of one run, in order; each method gives the events of one.

    The objects in them may stand in for LangChain's. `raised` is what the run was ended by, once
    it is over.
    """

    def __init__(self, run: AgentRun) -> None:
        self.tracker = Tracker(run)
        self.translation = Translation(run, self.tracker)
        self.is_over = False
        self.raised: BaseException | None = None
        self._run, self._reader = run, EventReader(self.translation)
        self._types: dict[str, str] = {}
        self._unread = set[tuple[str, type]]()
        self._sent: list[tuple[Span | None, str, Any]] = []
        self.tracker.on_custom = lambda *sent: self._sent.append(sent)

    def told(self, of: str, events: Iterable[ev.Event]) -> Iterator[ev.Event]:
        """These events, and what the tracker alone knows by then.

        An error of ours, which is that of a limit, is the end of the run. Whatever else a
        stranger's objects come to, the rest can be read: it makes a warning, the first of its kind,
        which names what it is `of`.
        """
        made = list[ev.Event]()
        try:
            made.extend(events)
            made.extend(self.translation.unsaid())
            made.extend(custom_event(*sent) for sent in self._sent)
        except CatagentError as error:
            self.raised, self.is_over = error, True
        except Exception as error:
            if (kind := (of, type(error))) not in self._unread:
                self._unread.add(kind)
                message = f"{of} could not be read: {type(error).__name__}: {error}."
                made.append(ev.Warned(data=ev.WarningData(code="unread_record", message=message)))
        self._sent.clear()
        yield from made

    def start(self, run_type: str, run_id: str, given: Any, /, **about: Any) -> Iterator[ev.Event]:
        """A run began; `about` is what a callback says of it: name, tags, metadata, the parent."""
        kind = run_type if run_type in _CALLED else "chain"
        sent = [given or []] if kind == "chat_model" else given
        getattr(self.tracker, f"on_{kind}_start")(None, sent, run_id=run_id, **about)
        self._types[run_id] = run_type
        content = {"query": given} if kind == "retriever" else given
        yield from self._streamed("start", run_id, input=content)

    def stream(self, run_id: str, chunk: Any) -> Iterator[ev.Event]:
        """A chain gave a part of what it comes to."""
        yield from self._streamed("stream", run_id, chunk=chunk)

    def chunk(self, run_id: str, chunk: Any) -> Iterator[ev.Event]:
        """A model streamed a piece: mere text, or what stands for LangChain's chunk."""
        whole = None if type(chunk) is str else SimpleNamespace(message=chunk)
        self.tracker.on_llm_new_token("", run_id=run_id, chunk=whole)
        yield from self.translation.make.tokens(self.tracker.spans[run_id], chunk)

    def end(self, run_id: str, output: Any) -> Iterator[ev.Event]:
        """A run ended well. What a model came to is its message, None where that is not known."""
        called = _CALLED.get(self._types[run_id], "chain")
        result = _response(output) if called == "llm" else output
        getattr(self.tracker, f"on_{called}_end")(result, run_id=run_id)
        yield from self._streamed("end", run_id, output=output)
        self._leave(run_id)

    def fail(self, run_id: str, error: BaseException, written: Any = None) -> Iterator[ev.Event]:
        """A run raised, of a model after it had `written` this."""
        called = _CALLED.get(self._types[run_id], "chain")
        callback = getattr(self.tracker, f"on_{called}_error")
        callback(error, run_id=run_id, response=_response(written))
        if called == "tool":
            yield from self._streamed("error", run_id)
        self._leave(run_id, error)

    def _streamed(self, phase: str, run_id: str, **data: Any) -> Iterator[ev.Event]:
        """What the reader makes of the event that `astream_events` would say this with."""
        name = f"on_{self._types[run_id]}_{phase}"
        for events in self._reader({"event": name, "run_id": run_id, "data": data}):
            yield from events

    def _leave(self, run_id: str, error: BaseException | None = None) -> None:
        root = self.tracker.root
        if root is not None and root.run_id == run_id:
            self.raised, self.is_over = error, True

    def finish(self) -> Iterator[ev.Event]:
        """What is left to say, and the answer. Raises what ended the run, and says whose it is."""
        if self.raised is None:
            self.tracker.close_open()
        yield from self.translation.unsaid()
        if self.raised is not None:
            self._run.outcome.owner = self.tracker.owner_of(self.raised)
            raise self.raised
        yield from self.translation.chunks.finish()


def _response(written: Any) -> Any:
    """A model's result as LangChain hands it to callbacks: of a message, a text, or nothing."""
    if written is not None and not hasattr(written, "generation_info"):
        written = SimpleNamespace(message=written)
    return SimpleNamespace(generations=[[]] if written is None else [[written]])
