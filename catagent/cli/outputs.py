"""Where a run goes: the sinks of each `--output`, opened before anything heavy is imported."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from catagent.cli.options import Shown
from catagent.config import Loaded, Settings
from catagent.errors import UsageError
from catagent.sinks.base import Sink
from catagent.views.options import (
    ViewOptions,
    is_capable,
    resolve_ascii,
    resolve_color,
    resolve_theme,
    resolve_width,
)
from catagent.views.sanitize import clean

if TYPE_CHECKING:
    from catagent.sinks.live import LiveSink


@dataclass(slots=True)
class Outputs:
    """The open sinks of a run. `shows_errors` says that a person sees a failure in them already."""

    sinks: list[Sink] = field(default_factory=list)
    live: LiveSink | None = None
    shows_errors: bool = False

    def status(self, text: str) -> None:
        """Say what is awaited, where there is a status line."""
        if self.live is not None:
            self.live.status(text)

    def rescue(self) -> None:
        """Restore the terminal, at once and from any thread."""
        if self.live is not None:
            self.live.rescue()


@contextlib.contextmanager
def opened(loaded: Loaded, shown: Shown) -> Iterator[Outputs]:
    """Open what `--output` asks for, and close it whatever happens."""
    outputs = _open(loaded, shown)
    try:
        yield outputs
    finally:
        for sink in outputs.sinks:
            sink.close()


def resolve(settings: Settings, environ: dict[str, str]) -> str:
    """What `auto` means here: live on a terminal that can, plain on one that cannot, else jsonl."""
    if settings.output != "auto":
        return settings.output
    if not sys.stdout.isatty():
        return "jsonl"
    return "live" if is_capable(environ, isatty=True) else "plain"


def _open(loaded: Loaded, shown: Shown) -> Outputs:
    environ = dict(loaded.environ)
    output = resolve(loaded.settings, environ)
    outputs = _OPENERS[output](loaded, shown)
    if output in ("jsonl", "answer", "ag-ui") and _wants_status(shown, environ):
        outputs.live = _live(view_options(loaded, shown, sys.stderr, status_only=True), 2)
        outputs.sinks.append(outputs.live)
    return outputs


def _wants_status(shown: Shown, environ: dict[str, str]) -> bool:
    """Lines on a terminal would tear a status line there: it is for stdout elsewhere alone."""
    return (
        not shown.quiet
        and not sys.stdout.isatty()
        and is_capable(environ, isatty=sys.stderr.isatty())
    )


def _open_live(loaded: Loaded, shown: Shown) -> Outputs:
    if not sys.stdout.isatty():
        raise UsageError("-o live needs a terminal", "use -o plain for text in a pipe or a file")
    live = _live(view_options(loaded, shown, sys.stdout), 1)
    return Outputs([live], live, shows_errors=sys.stderr.isatty())


def _live(options: ViewOptions, descriptor: int) -> LiveSink:
    from catagent.sinks.live import LiveSink

    live = LiveSink(options, descriptor)
    live.start()
    return live


def _open_plain(loaded: Loaded, shown: Shown) -> Outputs:
    from catagent.sinks.plain import PlainSink

    sink = PlainSink(view_options(loaded, shown, sys.stdout), sys.stdout)
    return Outputs([sink], shows_errors=sys.stdout.isatty() and sys.stderr.isatty())


def _open_jsonl(_loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.jsonl import JsonlSink

    return Outputs([JsonlSink(sys.stdout.buffer)])


def _open_answer(_loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.answer import AnswerSink

    return Outputs([AnswerSink(sys.stdout.buffer, clean)])


def _open_agui(_loaded: Loaded, _shown: Shown) -> Outputs:
    from catagent.sinks.agui import AguiSink

    return Outputs([AguiSink(sys.stdout.buffer)])


_OPENERS: dict[str, Callable[[Loaded, Shown], Outputs]] = {
    "live": _open_live,
    "plain": _open_plain,
    "jsonl": _open_jsonl,
    "answer": _open_answer,
    "ag-ui": _open_agui,
}


def view_options(
    loaded: Loaded, shown: Shown, stream: object, *, status_only: bool = False
) -> ViewOptions:
    """How a view on this stream is to look."""
    environ, settings = loaded.environ, loaded.settings
    isatty = bool(getattr(stream, "isatty", lambda: False)())
    encoding = getattr(stream, "encoding", None)
    return ViewOptions(
        color=resolve_color(settings.color, environ, isatty=isatty),
        theme=resolve_theme(environ) if settings.theme == "auto" else settings.theme,
        ascii=settings.ascii or resolve_ascii(environ, encoding),
        verbose=shown.verbose,
        quiet=shown.quiet,
        status_only=status_only,
        width=resolve_width(environ),
    )
