"""The commands of a chat, `/help` and so on: what each does, takes, and is completed with."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, NamedTuple, get_args

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from catagent.agents.code import Code, unknown
from catagent.cli import candidates
from catagent.cli.candidates import Candidate
from catagent.cli.chat.talk import Talk
from catagent.cli.pager import page
from catagent.cli.recordings import threads
from catagent.config import Mode
from catagent.errors import UsageError, did_you_mean
from catagent.loading.registry import AGENTS
from catagent.models.spec import choose_model
from catagent.views.format import one_line
from catagent.views.options import readable
from catagent.views.runs import LONGEST_TITLE

_SEND = "a space before it sends it to the agent"


def _help(talk: Talk, _: str) -> None:
    """List the commands."""
    names = {f"{name} {of.argument}": of.help for name, of in COMMANDS.items()}
    width = max(map(len, names))
    talk.print([f"  {name:{width}}  {text}" for name, text in names.items()])
    talk.show("Alt-Enter, Ctrl-J: a new line", "Ctrl-R: what was typed", "Ctrl-C: stop a turn")
    talk.show("A space or // at the beginning sends what begins with a slash.")


def _new(talk: Talk, name: str) -> None:
    """Begin a new thread."""
    talk.go_on(None, name)
    talk.show(*talk.facts())


def _threads(talk: Talk, wanted: str) -> None:
    """List the threads, or go on with one."""
    kept = threads(talk.asked.loaded)
    if wanted:
        talk.go_on(kept.find(wanted))
        talk.show(*talk.facts())


def _model(talk: Talk, name: str) -> None:
    """Show or change the model."""
    if name:
        choose_model(name, talk.asked.loaded.environ)
        talk.change(model=name)
    talk.show(*talk.facts())


def _agent(talk: Talk, name: str) -> None:
    """Show the agent, or begin a new thread with another."""
    if name and name not in AGENTS and Code.named(name) is None:
        raise unknown(name, AGENTS)
    if name:
        talk.change(agent=name)
        talk.go_on(None)
    talk.show(*talk.facts())


def _mode(talk: Talk, name: str) -> None:
    """Show or change which of LangChain's APIs is used."""
    if name not in ("", *(modes := get_args(Mode))):
        raise UsageError(f"there is no mode {name}", did_you_mean(name, modes))
    if name:
        talk.change(mode=name)
    talk.show(*talk.facts())


def _undo(talk: Talk, _: str) -> None:
    """Take the last turn out."""
    if talk.thread is None:
        raise UsageError("nothing was asked yet")
    question = talk.thread.undo()
    talk.sent.forget()
    talk.show("taken out", one_line(question)[:LONGEST_TITLE])


def _prompts(talk: Talk, _: str) -> None:
    """Show what models were sent in the last turn."""
    if not talk.sent.calls:
        raise UsageError("no model was sent anything yet")
    size = shutil.get_terminal_size()
    rows = talk.sent.rows(talk.look, readable(talk.look.options, size.columns))
    page(rows, size.lines, talk.asked.loaded.process)


def _quit(talk: Talk, _: str) -> None:
    """Leave, as Ctrl-D does."""
    talk.leaves = True


class Command(NamedTuple):
    """`run` gets what stands after the name, an `argument`; `values` are what that can be."""

    run: Callable[[Talk, str], Awaitable[None] | None]
    argument: str = ""
    values: Callable[[], Iterable[Candidate]] = tuple

    @property
    def help(self) -> str:
        """What it does, on one line."""
        return (self.run.__doc__ or "").removesuffix(".")


COMMANDS = {
    "/help": Command(_help),
    "/new": Command(_new, "[NAME]"),
    "/threads": Command(_threads, "[ID|NAME]", candidates.threads),
    "/model": Command(_model, "[NAME]", candidates.models),
    "/agent": Command(_agent, "[NAME]", candidates.agents),
    "/mode": Command(_mode, "[MODE]", lambda: [(mode, "") for mode in get_args(Mode)]),
    "/undo": Command(_undo),
    "/prompts": Command(_prompts),
    "/quit": Command(_quit),
}


def is_command(text: str) -> bool:
    """Whether a text is for the chat and not for the agent."""
    return text.startswith("/") and not text.startswith("//")


async def run(talk: Talk, text: str) -> None:
    """Do what a text that is a command says. Raises UsageError, and what that raises."""
    name, _, argument = text.partition(" ")
    argument = argument.strip()
    if (command := COMMANDS.get(name.strip())) is None:
        hint = did_you_mean(name, COMMANDS, f"/help lists them; {_SEND}")
        raise UsageError(f"there is no command {name}", hint)
    if argument and not command.argument:
        raise UsageError(f"{name} takes nothing", _SEND)
    if (doing := command.run(talk, argument)) is not None:
        await doing


class SlashCompleter(Completer):
    """Completes the name of a command, and what it takes."""

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand in the place of the last word."""
        if not is_command(document.text) or "\n" in document.text:
            return
        name, space, typed = document.text_before_cursor.partition(" ")
        known: Iterable[Any] = ((each, of.help) for each, of in COMMANDS.items())
        if space:
            known = COMMANDS[name].values() if name in COMMANDS else ()
        word = typed if space else name
        for value, about in known:
            if value.startswith(word):
                yield Completion(value, -len(word), display_meta=about)
