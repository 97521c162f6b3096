"""langchain-core's callbacks: who is called, in which order, and what it logs of them."""

import inspect
import logging
import sys
from functools import partial
from typing import Any

from langchain_core.callbacks import (
    AsyncCallbackHandler,
    BaseCallbackHandler,
    BaseCallbackManager,
)


class InLine(BaseCallbackManager):
    """Has asynchronous handlers that join a run called in line.

    LangChain reports the start of a text-completion model to those in line, or where there are
    none to the others. Beside one that is in line, its own handler for `astream_events` would miss
    it, and all its tokens.
    """

    def add_handler(self, handler: BaseCallbackHandler, inherit: bool = True) -> None:
        """Add a handler. One that is not asynchronous stays in its thread: it may block."""
        handler.run_inline |= isinstance(handler, AsyncCallbackHandler)
        super().add_handler(handler, inherit)


class CalledFirst:
    """For a handler that must be the first: LangChain merges handlers through sets.

    One that is called before it, in a thread, may report runs that nobody knows yet.
    """

    def __hash__(self) -> int:
        """Nought, the first place in a set of a few."""
        return 0


class EitherWay:
    """A callback of a handler's that can wait, at the start of what is of this `kind`.

    langchain-core (0.1 to 1.x) awaits one that is a coroutine function, and blocks its event loop
    for any other in line; its synchronous managers, which take both, lose what a coroutine raises.
    So whoever asks for the callback gets the one for them: the asynchronous are coroutines.
    """

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def __get__(self, handler: Any, owner: type) -> Any:
        """`begin_awaited` or `begin_called` of the handler."""
        is_awaited = sys._getframe(1).f_code.co_flags & inspect.CO_COROUTINE
        return partial(handler.begin_awaited if is_awaited else handler.begin_called, self._kind)


def close_unawaited() -> None:
    """Close what LangChain would leave unawaited, for a handler that is about to raise.

    As a chat model begins, it has made the coroutines of all handlers before it awaits the first.
    """
    frame = inspect.currentframe()
    while frame is not None:
        held = frame.f_locals.values() if frame.f_code.co_name == "on_chat_model_start" else ()
        for each in (each for one in held if isinstance(one, list) for each in one):
            if (
                inspect.iscoroutine(each)
                and inspect.getcoroutinestate(each) == inspect.CORO_CREATED
            ):
                each.close()
        frame = frame.f_back


def log_nothing_of(handler: type[BaseCallbackHandler]) -> None:
    """Keep what such a handler raises out of the log: LangChain logs it, and raises it as well."""

    def is_of_another(record: logging.LogRecord) -> bool:
        return not record.getMessage().startswith(f"Error in {handler.__name__}.")

    logging.getLogger("langchain_core.callbacks.manager").addFilter(is_of_another)
