"""A graph as part of a chain. Imports LangChain: it is imported late."""

from __future__ import annotations

from typing import Any

from langchain_core.runnables import Runnable, RunnableBinding


class Whole(RunnableBinding[Any, Any]):
    """A binding that streams what it returns alone.

    What follows it adds up what is streamed, which states cannot be: LangChain takes the last in
    the place of all, with nothing of what else is in a RunnableParallel.
    """

    stream, transform = Runnable.stream, Runnable.transform
    astream, atransform = Runnable.astream, Runnable.atransform
