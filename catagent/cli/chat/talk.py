"""What a chat has come to: with what the next question is asked, and in which thread."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

from msgspec.structs import replace

from catagent.cli.agent import request_of, with_agent
from catagent.cli.asked import Asked
from catagent.cli.chat.sent import Sent
from catagent.cli.outputs import resolve
from catagent.cli.recordings import threads
from catagent.run.request import Request
from catagent.threads.store import Thread
from catagent.views.format import count
from catagent.views.notes import short
from catagent.views.style import live_look, plain_look
from catagent.views.text import facts


class Talk:
    """The options as they are by now, and the thread, None until something is asked in it.

    `sent` has what the models of the last turn were sent.
    """

    def __init__(self, asked: Asked, thread: Thread | None = None) -> None:
        self._base = replace(asked, is_turn=True)  # without the environment of an agent
        self.asked, self._python = with_agent(self._base)
        view = asked.view(sys.stdout)
        self.look = plain_look(view) if resolve(asked) == "plain" else live_look(view)
        self.thread, self._name = thread, ""
        self.sent = Sent()
        self.leaves = False

    def change(self, **settings: Any) -> None:
        """Ask with these settings from now on. Raises UsageError for what cannot hold."""
        loaded = self._base.loaded
        loaded = replace(loaded, settings=replace(loaded.settings, **settings))
        base = replace(self._base, loaded=loaded, given={**self._base.given, **settings})
        self.asked, self._python = with_agent(base)
        self._base = base

    def go_on(self, thread: Thread | None, name: str = "") -> None:
        """Ask in this thread from now on, or in a new one of this name."""
        self.thread, self._name = thread, name
        self.sent.forget()

    def request(self, question: str) -> Request:
        """What to run for this question. Begins the thread, where there is none yet."""
        if self.thread is None:
            self.thread = threads(self.asked.loaded).new(name=self._name)
        return request_of(self.asked, self._python, question)

    def facts(self) -> list[str]:
        """Who is asked, with which model, how, and in which thread."""
        request = request_of(self.asked, self._python, "")
        model = [str(request.model)] if request.uses_our_models else []
        where = str(self._python) if self._python else self.asked.settings.mode
        return [request.agent, *model, where, self._where()]

    def _where(self) -> str:
        if self.thread is None:
            return f"new thread {self._name}".rstrip()
        named = f"thread {self.thread.name or short(self.thread.id)}"
        return ", ".join([named, *[count(self.thread.turns, "turn")] * bool(self.thread.turns)])

    def show(self, *known: str) -> None:
        """Show facts."""
        self.print(facts(self.look, known).take(None))

    def print(self, rows: Iterable[str]) -> None:
        """Print rows, which must be clean."""
        sys.stdout.writelines(f"{row}\n" for row in rows)
        sys.stdout.flush()
