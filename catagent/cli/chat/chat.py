"""A conversation on a terminal: one text after another, a question or a command of the chat's."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
import signal
import sys
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from catagent.cli.agent import request_of, with_agent
from catagent.cli.asked import Asked
from catagent.cli.chat import slash
from catagent.cli.chat.prompt import Prompt, history
from catagent.cli.outputs import opened, resolve
from catagent.cli.recordings import threads
from catagent.cli.run_request import epilogue, leave, turn_of
from catagent.cli.spans import spans
from catagent.cli.stderr import report, say
from catagent.cli.threads import as_before, in_thread, thread_of, threads_of
from catagent.cli.uncaught import Background
from catagent.errors import ExitCode
from catagent.remote.address import Address
from catagent.remote.threads import ServedThread
from catagent.run import event_loop
from catagent.run.recorders import recorders
from catagent.run.request import Request
from catagent.sinks.base import RecorderSink
from catagent.stop import Interrupts, Stop
from catagent.threads.store import Thread, Threads, Turn
from catagent.views.format import count
from catagent.views.notes import short
from catagent.views.style import live_look, plain_look
from catagent.views.text import facts

if TYPE_CHECKING:
    from catagent.cli.served_threads import ServedThreads


class Signals(Interrupts):
    """Ctrl-C ends a turn, however often it comes; what else there is ends the chat."""

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT:
            self.cancel(ExitCode.INTERRUPTED)
        else:
            super()._handle(number, frame)


class Chat:
    """With what the next question is asked, and in which of the `threads`.

    The `thread` is None until something is asked in it. Every turn goes to `recording`, too.
    `leaves` says that the person has seen enough.
    """

    def __init__(
        self, asked: Asked, threads: Threads, recording: Sequence[RecorderSink], signals: Signals
    ) -> None:
        self._threads, self._recording, self._signals = threads, recording, signals
        self._base = replace(asked, is_turn=True)  # without the environment of an agent
        self.go_on(thread_of(asked))
        view = asked.view(sys.stdout)
        self.look = plain_look(view) if resolve(asked) == "plain" else live_look(view)
        self.leaves = False
        loaded = asked.loaded
        path = loaded.state_dir / "chat_history" if asked.settings.history else None
        self._prompt = Prompt(self.look, history(path, loaded.secrets), slash.SlashCompleter())

    async def run(self, stop: Stop) -> None:
        """Take texts until somebody leaves, or until `stop` is to."""
        self._signals.cancel = partial(self._leave, stop)
        self.show(*self.facts())
        self.show("/help lists the commands", "Ctrl-D leaves")
        warned = False
        while not self.leaves and stop.why is None:
            self.print([""])
            try:
                text = await self._prompt.read()
            except EOFError:
                return
            if text:
                await self._take(text)
            elif warned:
                return
            else:
                self.show("Ctrl-C again leaves")
            warned = not text

    @property
    def threads(self) -> Threads | ServedThreads:
        """Those that the agent is asked in."""
        is_here = Address.parse(self.asked.settings.agent) is None
        return (
            self._threads if is_here else threads_of(self.asked.settings.agent, self.asked.loaded)
        )

    def go_on(self, thread: Thread | None) -> None:
        """Ask in this thread from now on, as it was asked before; None is a new one."""
        base = as_before(self._base, thread)
        self.asked, self._python = with_agent(base)
        self._base, self.thread = base, thread

    def change(self, **settings: Any) -> None:
        """Ask with these settings from now on. Raises UsageError for what cannot hold."""
        loaded = self._base.loaded
        loaded = replace(loaded, settings=replace(loaded.settings, **settings))
        base = replace(self._base, loaded=loaded, given={**self._base.given, **settings})
        self.asked, self._python = with_agent(base)
        self._base = base

    def facts(self) -> list[str]:
        """Who is asked, with which model, how, and in which thread."""
        request, thread = self.request(), self.thread
        model = [str(request.model)] if request.uses_our_models else []
        known = [request.agent, *model, str(request.python or self.asked.settings.mode)]
        if thread is None:
            return [*known, "new thread"]
        turns = [count(thread.turns, "turn")] if thread.turns else []
        return [*known, f"thread {thread.name or short(thread.id)}", *turns]

    def show(self, *known: str) -> None:
        """Show facts."""
        self.print(facts(self.look, known).take(None))

    def print(self, rows: Iterable[str]) -> None:
        """Print rows, which must be clean."""
        sys.stdout.writelines(f"{row}\n" for row in rows)
        sys.stdout.flush()

    def request(self, question: str = "") -> Request:
        """What to run for a question, in the thread."""
        return in_thread(request_of(self.asked, self._python, question), self.asked, self.thread)

    async def _take(self, text: str) -> None:
        """A command, or a question: `//` and a space before it are to say that it is one."""
        try:
            if slash.is_command(text):
                await slash.run(self, text.strip())
            else:
                self.print([""])
                await self._ask(text.removeprefix("/").strip())
        except Exception as error:
            report(error, debug=self.asked.debug)

    async def _ask(self, question: str) -> None:
        """One turn, as `ask` shows it and keeps it."""
        self.thread = self.thread or await asyncio.to_thread(self.threads.new)
        request, stop = self.request(question), Stop()
        between = self._signals.cancel
        with opened(self.asked, stop) as outputs, contextlib.ExitStack() as stack:
            turn = turn_of(request, self.asked, outputs, stop, self._recording)
            stack.callback(setattr, self._signals, "cancel", between)
            self._signals.cancel, self._signals.rescue = turn.cancel, outputs.rescue
            with event_loop.watchdog(
                lambda: turn.session, partial(leave, turn, outputs, self.asked)
            ):
                await turn.drive()
        started = turn.sessions[0].state.started if turn.sessions else None
        if isinstance(self.thread, ServedThread) and started is not None:
            self.thread.begun.append(Turn(question, started.run_id))
        epilogue(turn, outputs, self.asked)
        if turn.exit_code in (ExitCode.TERMINATED, ExitCode.HANGUP):
            between(turn.exit_code)

    def _leave(self, stop: Stop, why: ExitCode) -> None:
        """A signal came where no turn runs."""
        if why is not ExitCode.INTERRUPTED:
            stop.request(why)
            self._prompt.leave()


def talk(asked: Asked) -> int:
    """Let a person chat until they leave, and return the exit code."""
    loaded, stop, is_kept = asked.loaded, Stop(), asked.settings.history
    Background(loaded.secrets, debug=asked.debug).install()
    with (
        contextlib.nullcontext() if is_kept else TemporaryDirectory() as folder,
        recorders("", stop, record=asked.record, force=asked.force) as recording,
        Signals(stop) as signals,
        spans(asked, stop) as sent,
    ):
        kept = Threads(folder=Path(folder)) if folder else threads(loaded)
        chat = Chat(asked, kept, [*recording, *sent], signals)
        event_loop.run(chat.run(stop), stop)
    thread = chat.thread
    if isinstance(thread, ServedThread) and thread.turns:
        there = f"--agent {shlex.quote(chat.request().agent)} --thread {shlex.quote(thread.label)}"
        say(f"catagent: to go on: catagent chat {there}")
    elif is_kept and thread is not None and thread.turns:
        named = shlex.quote(thread.name or short(thread.id))
        say(f"catagent: to go on: catagent chat --thread {named}")
    return int(stop.why) if isinstance(stop.why, ExitCode) else ExitCode.OK
