"""Where a person types: a prompt of prompt_toolkit's, on a terminal."""

import asyncio
import os
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from prompt_toolkit import ANSI, PromptSession
from prompt_toolkit.application import get_app
from prompt_toolkit.completion import Completer
from prompt_toolkit.enums import DEFAULT_BUFFER
from prompt_toolkit.filters import Condition, has_focus
from prompt_toolkit.history import FileHistory, History, InMemoryHistory
from prompt_toolkit.input import Input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent
from prompt_toolkit.output import ColorDepth
from prompt_toolkit.output.vt100 import Vt100_Output
from prompt_toolkit.patch_stdout import patch_stdout

from catagent import private
from catagent.redact import redact
from catagent.views.style import Look


class Prompt:
    """Asks for one text after another, of several lines, with those before it in `history`."""

    def __init__(self, look: Look, history: History, completer: Completer) -> None:
        is_colored = look.options.color not in ("none", "mono")
        self._session: PromptSession[str] = PromptSession(
            ANSI("> " if look.words else look.paint("busy", look.glyphs.ask)),
            prompt_continuation="  ",
            multiline=True,
            history=history,
            completer=completer,
            complete_while_typing=Condition(lambda: get_app().current_buffer.text.startswith("/")),
            key_bindings=_keys(),
            enable_suspend=True,
            color_depth=None if is_colored else ColorDepth.DEPTH_1_BIT,
        )
        # Not asked where its cursor is, a terminal does not answer when nobody reads it.
        if isinstance(output := self._session.output, Vt100_Output):
            output.enable_cpr = False

    async def read(self) -> str:
        """The next text, empty where nothing was typed but Ctrl-C.

        What was typed before there was a prompt stands in it, and is not sent. Raises EOFError for
        Ctrl-D where nothing is typed, and after `leave`.
        """
        self._loop = asyncio.get_running_loop()
        with patch_stdout(raw=True):
            # What a task of the agent's raises is reported as ever, and does not end a prompt.
            return await self._session.prompt_async(
                default=_typed_ahead(self._session.input), set_exception_handler=False
            )

    def leave(self) -> None:
        """End the prompt, from a signal handler too."""
        self._loop.call_soon_threadsafe(self._leave)

    def _leave(self) -> None:
        if self._session.app.is_running and not self._session.app.is_done:
            self._session.app.exit(exception=EOFError())


def _typed_ahead(source: Input) -> str:
    """What came after the Enter of the text before, which is not to be sent unseen."""
    typed = (key.data.replace("\r", "\n") for key in get_typeahead(source))
    return "".join(each for each in typed if each.isprintable() or each == "\n")


def _keys() -> KeyBindings:
    """Enter sends, Alt-Enter and Ctrl-J begin a new line, Ctrl-C clears what is there to clear."""
    keys, typing = KeyBindings(), has_focus(DEFAULT_BUFFER)

    @keys.add("enter", filter=typing)
    def send(event: KeyPressEvent) -> None:
        if event.current_buffer.text.strip():
            event.current_buffer.validate_and_handle()

    @keys.add("escape", "enter", filter=typing)
    @keys.add("c-j", filter=typing)
    def begin_line(event: KeyPressEvent) -> None:
        event.current_buffer.newline(copy_margin=False)

    @keys.add("c-c", filter=typing)
    @keys.add("<sigint>")
    def clear(event: KeyPressEvent) -> None:
        if event.app.current_buffer.text:
            event.app.current_buffer.reset()
        else:
            event.app.exit(result="")

    return keys


class _Kept(FileHistory):
    """Texts in a file, but for those with a secret in them."""

    def __init__(self, path: Path, secrets: Iterable[str]) -> None:
        super().__init__(path)
        self._secrets = tuple(secrets)

    def store_string(self, string: str) -> None:
        if redact(string, self._secrets) == string:
            with suppress(OSError):  # a full disk keeps nobody from asking
                super().store_string(string)


def history(path: Path | None, secrets: Iterable[str]) -> History:
    """What was typed, kept in a file that nobody else can read; where there can be none, here."""
    if path is not None:
        with suppress(OSError):
            private.make(path.parent)
            os.close(os.open(path, os.O_CREAT | os.O_NOFOLLOW | os.O_WRONLY, 0o600))
            return _Kept(path, secrets)
    return InMemoryHistory()
