"""Drives a LiveSink with a synthetic run: `python -m tests.terminal.drive parallel`.

Prints one line when it is over, so that a test sees what comes after the view.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from types import FrameType

from catagent.events import types as ev
from catagent.sinks.live import LiveSink, restore_terminal
from catagent.views.options import ViewOptions
from tests.support import runs


def cat(tokens: int) -> list[ev.Event]:
    """The README's run."""
    return runs.cat_run(runs.words("item", tokens))


def parallel(tokens: int) -> Iterator[ev.Event]:
    """Four tools at once."""
    yield runs.started()
    yield from runs.interleaved(
        *(
            runs.tool(f"c{n}", "get_items", {"place": f"place {n}"}, runs.words(f"t{n}x", tokens))
            for n in range(4)
        )
    )
    yield runs.finished()


def nested(tokens: int) -> Iterator[ev.Event]:
    """A tool that is an agent, with a tool of its own."""
    yield runs.started()
    parents = [runs.ROOT, "run-outer"]
    inner = [
        *runs.model("think", ["Let me ", "look. "], tool_call_id="outer", parents=parents),
        *runs.tool("in", "get_items", {"place": "box"}, runs.words("i", tokens), parents=parents),
    ]
    yield from runs.tool("outer", "ask_expert", {"about": "cats"}, [], inside=inner, output="All.")
    yield runs.finished()


def markdown(tokens: int) -> Iterator[ev.Event]:
    """A long answer."""
    yield runs.started()
    text = ["# A heading\n\n", "Some *words* and `code`.\n\n"]
    text += ["```python\n", "def f(x):\n", "    return 'a' + 1\n", "```\n\n"]
    text += [*runs.words("m", tokens), "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> quoted\n"]
    yield from runs.model("agent", ["hm, ", "a heading?"], channel="reasoning")
    yield from runs.model("agent-2", text, name="agent_llm")
    yield runs.finished()


def broken(tokens: int) -> Iterator[ev.Event]:
    """A run that fails in the middle."""
    yield runs.started()
    retry = ev.RetryData(attempt=2, max_attempts=3, delay_s=2, reason="rate limit")
    yield ev.Retry(data=retry)
    call = runs.tool("c", "get_items", {"place": "x" * 200}, runs.words("b", tokens))
    yield from list(call)[:-4]
    error = ev.ErrorInfo(
        kind="network", type="E", message="The server hung up.", hint="Try once more."
    )
    yield runs.finished(status="error", exit_code=1, error=error)


def big(tokens: int) -> Iterator[ev.Event]:
    """A tool with a long argument, whose model writes many lines, and one that returns many."""
    yield runs.started()
    lines = [f"t0x{number}\n" for number in range(tokens)]
    yield from runs.tool("c", "write_file", {"content": "".join(lines)}, [], output="ok")
    lines = [f"t1x{number}\n" for number in range(tokens)]
    yield from runs.tool("d", "think", {}, lines, output="thought")
    lines = [f"t2x{number}\n" for number in range(tokens)]
    yield from runs.tool("e", "read_file", {}, [], output="".join(lines))
    yield runs.finished()


def paused(tokens: int) -> list[ev.Event]:
    """A run that ends waiting for a person."""
    return runs.paused_run()


def several(tokens: int) -> Iterator[ev.Event]:
    """Two runs at once in one stream, with the same keys."""
    one, two = runs.cat_run(runs.words("one", tokens)), runs.cat_run(runs.words("two", tokens))
    yield from runs.interleaved(runs.of_run("run-a", one), runs.of_run("run-b", two))


RUNS = {
    "cat": cat,
    "parallel": parallel,
    "nested": nested,
    "markdown": markdown,
    "broken": broken,
    "big": big,
    "paused": paused,
    "several": several,
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", choices=RUNS)
    parser.add_argument("--tokens", type=int, default=40)
    parser.add_argument("--pace", type=float, default=0.02, help="seconds between events")
    parser.add_argument("--noise", action="store_true", help="write to stderr in between")
    parser.add_argument("--color", default="16")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--ascii", action="store_true")
    parser.add_argument("--fold", type=int, default=0)
    args = parser.parse_args()
    options = ViewOptions(color=args.color, verbose=args.verbose, ascii=args.ascii, fold=args.fold)
    sink = LiveSink(options, 1)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _die)
    sink.start()
    try:
        _play(sink, RUNS[args.run](args.tokens), args.pace, noise=args.noise)
    finally:
        sink.close()
    sys.stdout.write("the-end\n")


def _play(sink: LiveSink, events: Iterable[ev.Event], pace: float, *, noise: bool) -> None:
    for number, event in enumerate(events):
        sink.write(event)
        if noise and number % 10 == 0:
            os.write(2, b"noise%d\n" % number)
        if pace:
            time.sleep(pace)


def _die(number: int, frame: FrameType | None) -> None:
    restore_terminal()
    os._exit(128 + number)


if __name__ == "__main__":
    main()
