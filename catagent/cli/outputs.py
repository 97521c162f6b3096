"""The sinks of each `--output`, opened before anything heavy is imported."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TextIO

from catagent.cli.asked import Asked
from catagent.cli.mistakes import require_unix
from catagent.cli.stderr import say
from catagent.config import Output
from catagent.errors import UsageError
from catagent.loading.registry import load
from catagent.models.embedded import FETCHING, STOPPED
from catagent.sinks.base import Sink
from catagent.sinks.stdout_guard import reserved
from catagent.stop import Stop
from catagent.views.options import is_capable

if TYPE_CHECKING:
    from catagent.sinks.live import LiveSink

# Lines for programs, on what stdout leads to.
_LINES = {
    "jsonl": "catagent.sinks.jsonl:JsonlSink",
    "answer": "catagent.sinks.jsonl:AnswerSink",
    "ag-ui": "catagent.sinks.agui:AguiSink",
}


@dataclass(slots=True)
class Outputs:
    """The open sinks of a run, and whether a person sees there why it failed, and its warnings.

    `asks` says whether they see the run in the live view, and can be asked there.
    """

    sinks: list[Sink] = field(default_factory=list)
    live: LiveSink | None = None
    asks: bool = False
    shows_errors: bool = False
    shows_warnings: bool = True
    _due: float = 0

    def status(self, text: str) -> None:
        """Show what is awaited, where there is a status line; else now and then what is fetched."""
        if self.live is not None:
            self.live.status(text)
        elif FETCHING in text and (time.monotonic() >= self._due or text.startswith(STOPPED)):
            self._due = time.monotonic() + 10
            say(f"catagent: {text}")

    def rescue(self) -> None:
        """Restore the terminal, at once and from any thread."""
        if self.live is not None:
            self.live.rescue()


@contextlib.contextmanager
def opened(asked: Asked, stop: Stop, *, status: bool = True) -> Iterator[Outputs]:
    """Open what `--output` asks for, and close it at the end. No sink waits past `stop`.

    Where stderr is a terminal and stdout is not, there is a line of `status`.
    """
    output = resolve(asked)
    # The live view shows what others print; in any other output it would tear the lines.
    keep = contextlib.nullcontext(sys.stdout) if output == "live" else reserved(sys.stdout)
    with keep as stdout:
        outputs = _open(output, stdout, asked, stop)
        if status and _wants_status(output, stdout, asked):
            from catagent.sinks.live import LiveSink

            outputs.live = LiveSink(asked.view(sys.stderr, status_only=True), 2).start()
            outputs.shows_warnings = True
            # First: it removes its status line before the other sink writes the answer.
            outputs.sinks.insert(0, outputs.live)
        try:
            yield outputs
        finally:
            for sink in outputs.sinks:
                sink.close()
            outputs.live = None


def resolve(asked: Asked) -> Output:
    """What to open here. A terminal that can show it gets the answer in a live view, too.

    `auto` is live there, and plain on other terminals; in a pipe jsonl, or with `-q` the answer.
    """
    output, is_quiet = asked.settings.output, asked.quiet
    if not sys.stdout.isatty():
        return ("answer" if is_quiet else "jsonl") if output == "auto" else output
    if output in ("auto", "answer") and is_capable(asked.loaded.environ, isatty=True):
        return "live"
    return "plain" if output == "auto" else output


def _open(output: Output, stdout: TextIO, asked: Asked, stop: Stop) -> Outputs:
    """Each is imported where it is wanted."""
    shows_warnings = asked.quiet or asked.settings.output != "answer"
    if output in _LINES:
        sink = load(_LINES[output])(stdout.buffer, stop)
        return Outputs([sink], shows_warnings=shows_warnings)
    # Asked before a live view stands in for stderr.
    shows_errors = stdout.isatty() and sys.stderr.isatty()
    if output == "plain":
        from catagent.sinks.plain import PlainSink

        plain = PlainSink(asked.view(stdout), stdout, stop)
        return Outputs([plain], shows_errors=shows_errors)
    require_unix("-o live", "use -o plain")
    if not stdout.isatty():
        hint = "use -o plain for text in a pipe or a file"
        raise UsageError("-o live needs a terminal", hint)
    from catagent.sinks.live import LiveSink

    live = LiveSink(asked.view(stdout), 1).start()
    return Outputs([live], live, True, shows_errors, shows_warnings)


def _wants_status(output: Output, stdout: TextIO, asked: Asked) -> bool:
    """Only where stdout is elsewhere: lines on a terminal would tear a status line there.

    What reads events in a pipe, like jq, prints lines on this terminal.
    """
    if output in ("live", "plain") or asked.quiet or stdout.isatty():
        return False
    if not is_capable(asked.loaded.environ, isatty=sys.stderr.isatty()):
        return False
    return output == "answer" or not stat.S_ISFIFO(os.fstat(stdout.fileno()).st_mode)
