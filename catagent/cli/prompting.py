"""One prompt on a terminal: a line, or several, with prompt_toolkit."""

import asyncio
import os
import select
import termios
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from prompt_toolkit import PromptSession
from prompt_toolkit.data_structures import Size
from prompt_toolkit.formatted_text import ANSI
from prompt_toolkit.input.typeahead import clear_typeahead
from prompt_toolkit.input.vt100 import Vt100Input
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output

from catagent.cli.questions import Wanted
from catagent.errors import UsageError
from catagent.sinks.terminal import Terminal
from catagent.views.style import Look
from catagent.views.wrap import wrap

# Nobody reads a question and answers it sooner than they last typed for somebody else.
_QUIET_S = 0.2


async def prompt(terminal: Terminal, look: Look, wanted: Wanted) -> Any:
    """Ask until the answer is one that can be taken, and return what it was taken for.

    What was typed before is no answer. Raises EOFError for Ctrl-C and Ctrl-D.
    """
    error = ""

    def send(event: KeyPressEvent) -> None:
        nonlocal error
        try:
            event.app.exit(result=wanted.take(event.current_buffer.text))
        except EOFError:
            event.app.exit(exception=EOFError)
        except UsageError as wrong:
            error = "; ".join(filter(None, [wrong.message, wrong.hint]))

    def message() -> ANSI:
        width = terminal.size().columns - 1
        line = "; ".join(filter(None, [wanted.line, wanted.kind(session.default_buffer.text)]))
        rows = [look.paint("dim", row) for row in wrap(look.line(line), width)]
        rows += [look.paint("bad", row) for row in wrap(look.line(error), width) if row]
        return ANSI("\n".join([*rows, look.paint("busy", look.glyphs.ask)]))

    with _opened(terminal) as (keys, screen):
        session: PromptSession[Any] = PromptSession(
            message,
            multiline=True,
            key_bindings=_bindings(send, sends_lines=wanted.lines),
            enable_suspend=True,
            interrupt_exception=EOFError,
            erase_when_done=True,
            input=keys,
            output=screen,
            color_depth=ColorDepth.DEPTH_4_BIT,
        )
        with keys.raw_mode():
            await _forget_typed(terminal.fd)
            clear_typeahead(keys)
            return await session.prompt_async(default=wanted.text, set_exception_handler=False)


def _bindings(send: Callable[[KeyPressEvent], None], *, sends_lines: bool) -> KeyBindings:
    """Enter and Esc-Enter: one sends, and the other begins a line."""
    bindings = KeyBindings()
    one, other = ("escape", "enter"), ("enter",)
    bindings.add(*(one if sends_lines else other))(send)
    bindings.add(*(other if sends_lines else one))(lambda event: event.current_buffer.newline())
    return bindings


@contextmanager
def _opened(terminal: Terminal) -> Iterator[tuple[Vt100Input, Vt100_Output]]:
    """The terminal for prompt_toolkit: whatever descriptors 1 and 2 lead to meanwhile.

    It is not asked where its cursor is: what it says too late would be typed to the shell.
    """

    def size() -> Size:
        columns, rows = terminal.size()
        return Size(rows=rows, columns=columns)

    with os.fdopen(os.dup(terminal.fd)) as keys, os.fdopen(os.dup(terminal.fd), "w") as screen:
        yield Vt100Input(keys), Vt100_Output(screen, size, enable_bell=False, enable_cpr=False)


async def _forget_typed(fd: int) -> None:
    """Throw away what was typed before there was a prompt, until nothing comes any more."""
    while True:
        termios.tcflush(fd, termios.TCIFLUSH)
        await asyncio.sleep(_QUIET_S)
        if not select.select([fd], [], [], 0)[0]:
            return
