"""A conversation on a terminal: one text after another, a question or a command of the chat's."""

from __future__ import annotations

import shlex
import signal
import sys
from types import FrameType

from catagent.cli.chat import slash
from catagent.cli.chat.prompt import Prompt, history, terminal
from catagent.cli.chat.talk import Talk
from catagent.cli.chat.turn import turn
from catagent.cli.stderr import say
from catagent.cli.uncaught import Background
from catagent.errors import CatagentError, ExitCode
from catagent.run import event_loop
from catagent.stop import Interrupts, Stop
from catagent.views.notes import short


def chat(talk: Talk) -> int:
    """Talk until somebody leaves, and return the exit code."""
    loaded, stop = talk.asked.loaded, Stop()
    Background(loaded.secrets, debug=talk.asked.debug).install()
    path = loaded.state_dir / "chat_history" if talk.asked.settings.history else None
    typed = history(path, loaded.secrets)
    ends = {"output": terminal(sys.stdout, loaded.environ.get("TERM"))}
    prompt = Prompt(talk.look, typed, slash.SlashCompleter(), **ends)
    with _Signals(stop) as signals:
        event_loop.run(_Chat(talk, prompt, signals, stop).run(), stop)
    if talk.thread is not None and talk.thread.turns:
        named = shlex.quote(talk.thread.name or short(talk.thread.id))
        say(f"catagent: to go on: catagent chat --thread {named}")
    return int(stop.why) if isinstance(stop.why, ExitCode) else ExitCode.OK


class _Signals(Interrupts):
    """Ctrl-C ends a turn, however often it comes; what else there is ends the chat."""

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.cancel(ExitCode.INTERRUPTED)
        else:
            super()._handle(number, frame)


class _Chat:
    """Takes texts, one after another."""

    def __init__(self, talk: Talk, prompt: Prompt, signals: Interrupts, stop: Stop) -> None:
        self._talk, self._prompt, self._signals, self._stop = talk, prompt, signals, stop
        signals.cancel = self._leave

    async def run(self) -> None:
        """Take texts until somebody leaves."""
        talk = self._talk
        talk.show(*talk.facts())
        talk.show("/help lists the commands", "Ctrl-D leaves")
        warned = False
        while not talk.leaves and self._stop.why is None:
            talk.print([""])
            try:
                text = await self._prompt.read()
            except EOFError:
                return
            if text:
                await self._take(text)
            elif warned:
                return
            else:
                talk.show("Ctrl-C again leaves")
            warned = not text

    async def _take(self, text: str) -> None:
        """A command, or a question: `//` and a space before it are to say that it is one."""
        try:
            if slash.is_command(text):
                await slash.run(self._talk, text)
            else:
                await self._ask(text.removeprefix("/").strip())
        except CatagentError as error:
            say(f"catagent: error: {error.message}", error.hint)

    async def _ask(self, question: str) -> None:
        talk = self._talk
        talk.print([""])
        code = await turn(talk.request(question), talk.asked, self._signals, [talk.sent])
        if code in (ExitCode.TERMINATED, ExitCode.HANGUP):
            self._stop.request(code)

    def _leave(self, why: ExitCode) -> None:
        """A signal came where no turn runs."""
        if why is not ExitCode.INTERRUPTED:
            self._stop.request(why)
            self._prompt.leave()
