"""Python's futures: what is left of an exception on its way out of a thread."""

from __future__ import annotations

from asyncio import futures


def keep_tracebacks() -> None:
    """Have a TimeoutError of a thread's still say where it was raised.

    Until 3.13, asyncio makes another of it, without its traceback.
    """
    convert = futures._convert_future_exc  # type: ignore[attr-defined]

    def converted(raised: BaseException) -> BaseException:
        made: BaseException = convert(raised)
        return made if made is raised else made.with_traceback(raised.__traceback__)

    futures._convert_future_exc = converted  # type: ignore[attr-defined]
