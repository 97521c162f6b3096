"""The commands of a chat, `/help` and so on: what each does, takes, and is completed with."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from msgspec.structs import replace
from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from catagent.agents.code import Code, unknown
from catagent.cli import candidates
from catagent.cli.candidates import Candidate
from catagent.cli.show_recording import show_thread
from catagent.cli.threads_table import list_threads
from catagent.config import Mode
from catagent.errors import UsageError, did_you_mean
from catagent.events.filters import Filters
from catagent.loading.registry import AGENTS
from catagent.models.spec import choose_model
from catagent.remote.address import Address
from catagent.run.turns import undo
from catagent.views.format import one_line
from catagent.views.runs import LONGEST_TITLE

if TYPE_CHECKING:
    from catagent.cli.chat.chat import Chat

_SEND = "a space before it sends it to the agent"


def _help(chat: Chat, _: str) -> None:
    """List the commands."""
    names = {f"{name} {of.argument}": of.about for name, of in COMMANDS.items()}
    width = max(map(len, names))
    chat.print(f"  {name:{width}}  {text}" for name, text in names.items())
    chat.show("Alt-Enter, Ctrl-J: a new line", "Ctrl-R: what was typed", "Ctrl-C: stop a turn")
    chat.show("A space or // at the beginning sends what begins with a slash.")


def _new(chat: Chat, _: str) -> None:
    """Begin a new thread."""
    chat.thread = None
    chat.show(*chat.facts())


async def _threads(chat: Chat, wanted: str) -> None:
    """List the threads, or go on with one."""
    if wanted:
        chat.go_on(await asyncio.to_thread(chat.threads.find, wanted))
        chat.show(*chat.facts())
    else:
        list_threads(await asyncio.to_thread(chat.threads.list), chat.asked, json=False)


def _model(chat: Chat, name: str) -> None:
    """Show or change the model."""
    if name:
        choose_model(name, chat.asked.loaded.environ)
        chat.change(model=name)
    chat.show(*chat.facts())


def _agent(chat: Chat, name: str) -> None:
    """Show the agent, or begin a new thread with another."""
    is_ours = name in AGENTS or Address.parse(name) is not None
    if name and not is_ours and Code.named(name) is None:
        raise unknown(name, AGENTS)
    if name:
        chat.change(agent=name)
        chat.thread = None
    chat.show(*chat.facts())


def _mode(chat: Chat, name: str) -> None:
    """Show or change which of LangChain's APIs is used."""
    if name and name not in get_args(Mode):
        raise UsageError(f"there is no mode {name}", did_you_mean(name, get_args(Mode)))
    if name:
        chat.change(mode=name)
    chat.show(*chat.facts())


async def _undo(chat: Chat, _: str) -> None:
    """Take the last turn out."""
    if chat.request().address is not None:
        raise UsageError("a server takes no turn out of a thread", "/new begins another thread")
    question = await undo(chat.request(), chat.asked.loaded)
    chat.show("taken out", one_line(question)[:LONGEST_TITLE])


def _prompts(chat: Chat, _: str) -> None:
    """Show what models were sent in the last turn."""
    if not (chat.thread and chat.thread.begun and chat.asked.settings.history):
        raise UsageError("no turn was kept yet")
    asked = replace(chat.asked, filters=Filters(include_types=("chat_model", "llm")))
    show_thread(replace(chat.thread, begun=chat.thread.begun[-1:]), asked, prompts=True)


def _quit(chat: Chat, _: str) -> None:
    """Leave, as Ctrl-D does."""
    chat.leaves = True


class Command(NamedTuple):
    """`run` gets what stands after the name, an `argument`; `values` are what that can be."""

    run: Callable[[Chat, str], Awaitable[None] | None]
    argument: str = ""
    values: Callable[[], Iterable[Candidate]] = tuple

    @property
    def about(self) -> str:
        """What it does."""
        return str(self.run.__doc__).rstrip(".")


COMMANDS = {
    "/help": Command(_help),
    "/new": Command(_new),
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


async def run(chat: Chat, text: str) -> None:
    """Do what a text that is a command says. Raises UsageError, and what that raises."""
    name, _, argument = text.partition(" ")
    if (command := COMMANDS.get(name)) is None:
        hint = did_you_mean(name, COMMANDS, f"/help lists them; {_SEND}")
        raise UsageError(f"there is no command {name}", hint)
    if argument and not command.argument:
        raise UsageError(f"{name} takes nothing", _SEND)
    if (doing := command.run(chat, argument.strip())) is not None:
        await doing


class SlashCompleter(Completer):
    """Completes the name of a command, and what it takes."""

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what may stand in the place of the last word."""
        if not is_command(document.text) or "\n" in document.text:
            return
        name, space, typed = document.text_before_cursor.partition(" ")
        known: Iterable[Any] = ((each, of.about) for each, of in COMMANDS.items())
        if space:
            known = COMMANDS[name].values() if name in COMMANDS else ()
        word = typed if space else name
        for value, about in known:
            if value.startswith(word):
                yield Completion(value, -len(word), display_meta=about)
