"""What a server answers, where that is not what the LangGraph API answers."""

import contextlib
from collections.abc import Iterator

from catagent.errors import NetworkError

IS_IT_ONE = "is it a server that speaks the LangGraph API? --agent takes http(s)://HOST/GRAPH"


@contextlib.contextmanager
def understood() -> Iterator[None]:
    """Meanwhile answers are read, which may have any form.

    Raises NetworkError for one that cannot be read.
    """
    try:
        yield
    except (AttributeError, LookupError, TypeError, ValueError) as raised:
        if type(raised).__name__ == "JSONDecodeError":  # `refusals.py` has words for it
            raise
        raise NetworkError("The server answers in a form that is not known.", IS_IT_ONE) from raised
