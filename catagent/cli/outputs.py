"""The sinks of each `--output`, opened before anything heavy is imported."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple, TextIO

from catagent.cli.options import Shown
from catagent.cli.view_options import view_options
from catagent.config import Loaded, Settings
from catagent.errors import UsageError
from catagent.sinks.base import Sink
from catagent.sinks.stdout_guard import reserved
from catagent.stop import Stop
from catagent.views.options import ViewOptions, is_capable
from catagent.views.sanitize import clean

if TYPE_CHECKING:
    from catagent.sinks.live import LiveSink


@dataclass(slots=True)
class Outputs:
    """The open sinks of a run.

    `shows_errors` says whether a person sees a failure in them, `shows_warnings` whether
    warnings are shown there.
    """

    sinks: list[Sink] = field(default_factory=list)
    live: LiveSink | None = None
    shows_errors: bool = False
    shows_warnings: bool = True

    def status(self, text: str) -> None:
        """Show what is awaited, where there is a status line."""
        if self.live is not None:
            self.live.status(text)

    def rescue(self) -> None:
        """Restore the terminal, at once and from any thread."""
        if self.live is not None:
            self.live.rescue()


class Place(NamedTuple):
    """Where a sink writes, and when it is to stop waiting for its reader."""

    stdout: TextIO
    stop: Stop


@contextlib.contextmanager
def opened(loaded: Loaded, shown: Shown, stop: Stop, *, status: bool = True) -> Iterator[Outputs]:
    """Open what `--output` asks for, and close it at the end. No sink waits past `stop`.

    Where stderr is a terminal and stdout is not, there is a line of `status`.
    """
    output = resolve(loaded.settings, dict(loaded.environ))
    # The live view shows what others print; in any other output it would tear the lines.
    keep = contextlib.nullcontext(sys.stdout) if output == "live" else reserved(sys.stdout)
    with keep as stdout:
        outputs = _open(output, Place(stdout, stop), loaded, shown, status=status)
        try:
            yield outputs
        finally:
            for sink in outputs.sinks:
                sink.close()


def resolve(settings: Settings, environ: dict[str, str]) -> str:
    """What `auto` means here: live on a terminal that can show it, plain on others, else jsonl."""
    if settings.output != "auto":
        return settings.output
    if not sys.stdout.isatty():
        return "jsonl"
    return "live" if is_capable(environ, isatty=True) else "plain"


def _open(output: str, place: Place, loaded: Loaded, shown: Shown, *, status: bool) -> Outputs:
    kind = _KINDS[output]
    outputs = kind.open(place, loaded, shown)
    if status and kind.status and _wants_status(place.stdout, shown, loaded.environ):
        outputs.live = _live(view_options(loaded, shown, sys.stderr, status_only=True), 2)
        # First: it removes its status line before the other sink writes the answer.
        outputs.sinks.insert(0, outputs.live)
        outputs.shows_warnings = True
    return outputs


def _wants_status(stdout: TextIO, shown: Shown, environ: Mapping[str, str]) -> bool:
    """Only where stdout is elsewhere: lines on a terminal would tear a status line there."""
    return (
        not shown.quiet
        and not stdout.isatty()
        and is_capable(dict(environ), isatty=sys.stderr.isatty())
    )


def _open_live(place: Place, loaded: Loaded, shown: Shown) -> Outputs:
    if not place.stdout.isatty():
        raise UsageError("-o live needs a terminal", "use -o plain for text in a pipe or a file")
    shows_errors = sys.stderr.isatty()  # asked before the live view stands in for stderr
    live = _live(view_options(loaded, shown, place.stdout), 1)
    return Outputs([live], live, shows_errors=shows_errors)


def _live(options: ViewOptions, descriptor: int) -> LiveSink:
    from catagent.sinks.live import LiveSink

    live = LiveSink(options, descriptor)
    live.start()
    return live


def _open_plain(place: Place, loaded: Loaded, shown: Shown) -> Outputs:
    from catagent.sinks.plain import PlainSink

    stdout = place.stdout
    sink = PlainSink(view_options(loaded, shown, stdout), stdout, place.stop)
    return Outputs([sink], shows_errors=stdout.isatty() and sys.stderr.isatty())


def _open_jsonl(place: Place, _loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.jsonl import JsonlSink

    return Outputs([JsonlSink(place.stdout.buffer, place.stop)])


def _open_answer(place: Place, _loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.answer import AnswerSink

    return Outputs([AnswerSink(place.stdout.buffer, clean, place.stop)], shows_warnings=False)


def _open_agui(place: Place, _loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.agui import AguiSink

    return Outputs([AguiSink(place.stdout.buffer, place.stop)])


class _Kind(NamedTuple):
    """How an output is opened, and whether a status line on stderr goes with it."""

    open: Callable[[Place, Loaded, Shown], Outputs]
    status: bool


_KINDS: dict[str, _Kind] = {
    "live": _Kind(_open_live, status=False),
    "plain": _Kind(_open_plain, status=False),
    "jsonl": _Kind(_open_jsonl, status=True),
    "answer": _Kind(_open_answer, status=True),
    "ag-ui": _Kind(_open_agui, status=True),
}
