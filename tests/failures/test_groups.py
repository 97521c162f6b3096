"""Exceptions that were raised together: the first is the error, and all of them are reported."""

from __future__ import annotations

import asyncio

import pytest

from catagent.errors import (
    AgentError,
    CatagentError,
    CredentialsError,
    RunTimeoutError,
    ToolError,
    UsageError,
)
from catagent.failures.classify import Owner, classify, error_info
from catagent.failures.exceptions import MOST_MEMBERS


class RefusedError(Exception):
    """What an SDK makes of HTTP 401."""

    status_code = 401


def group_of(*raised: Exception, deep: int = 1) -> BaseException:
    """The group that a TaskGroup raises in which all of these are raised, or several of them."""

    async def fail(error: Exception) -> None:
        raise error

    async def together(depth: int) -> None:
        async with asyncio.TaskGroup() as tasks:
            if depth > 1:
                tasks.create_task(together(depth - 1))
            else:
                for error in raised:
                    tasks.create_task(fail(error))

    with pytest.raises(BaseExceptionGroup) as group:
        asyncio.run(together(deep))
    return group.value


@pytest.mark.parametrize(
    ("raised", "owner", "kind", "message"),
    [
        (ValueError("x"), None, AgentError, "The agent failed: ValueError: x"),
        (
            ValueError("x"),
            Owner("tool", "shaky"),
            ToolError,
            "The tool shaky failed: ValueError: x",
        ),
        (RefusedError("no"), Owner("model"), CredentialsError, "refused the API key"),
        (TimeoutError(), None, RunTimeoutError, "silent for too long"),
        (UsageError("x"), None, UsageError, "x"),
    ],
)
def test_a_group_of_one_is_that_one(
    raised: Exception, owner: Owner | None, kind: type[CatagentError], message: str
) -> None:
    group = group_of(raised, deep=2)
    error = classify(group, owner)
    assert type(error) is kind
    assert message in error.message
    assert "along with" not in error.message
    info = error_info(group, owner)
    assert (info.type, info.others) == (type(raised).__name__, [])


@pytest.mark.parametrize("deep", [1, 3])
def test_all_of_a_group_are_reported_the_first_one_first(deep: int) -> None:
    group = group_of(ValueError("a"), KeyError(), TypeError("c"), deep=deep)
    info = error_info(group, Owner("node", "db"))
    assert info.message == "The node db failed: ValueError: a (along with KeyError; TypeError: c)"
    assert (info.type, info.node, info.file) == (
        "ValueError",
        "db",
        "tests/failures/test_groups.py",
    )
    assert [other.message for other in info.others] == [
        "The node db failed: KeyError.",
        "The node db failed: TypeError: c",
    ]
    assert {(other.file, other.line) for other in info.others} == {(info.file, info.line)}


def test_of_a_member_that_was_never_raised_the_place_is_that_of_its_group() -> None:
    with pytest.raises(BaseExceptionGroup) as group:
        raise ExceptionGroup("two", [ExceptionGroup("one", [ValueError("a")]), TypeError("b")])
    info = error_info(group.value, Owner("node", "db"))
    assert (info.file, info.line) == ("tests/failures/test_groups.py", group.tb.tb_lineno)


def test_an_error_of_ours_in_a_group_keeps_its_kind_and_hint() -> None:
    first = UsageError("x", "y")
    error = classify(ExceptionGroup("two", [first, ValueError("b")]))
    assert type(error) is UsageError
    assert (error.message, error.hint) == ("x (along with ValueError: b)", "y")
    assert first.message == "x"


def test_a_group_is_reported_up_to_a_bound() -> None:
    group: Exception = ExceptionGroup("many", [ValueError("v" * 10_000) for _ in range(1000)])
    for _ in range(2000):  # deeper than a function could call itself
        group = ExceptionGroup("deep", [group])
    info = error_info(group)
    assert len(info.others) == MOST_MEMBERS - 1
    assert len(info.message) < 10_000
