"""The files that threads are kept in: found, named, locked, removed, and not believed blindly."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from catagent.errors import OutputError, UsageError
from catagent.threads.store import BusyError, Thread, Threads, held


@pytest.fixture
def threads(tmp_path: Path) -> Threads:
    return Threads(tmp_path / "state/threads")


def test_a_thread_is_found_by_name_by_id_and_as_the_last(threads: Threads) -> None:
    first, second = threads.new(name="cats"), threads.new(id="0123456789")
    second.begin("Where?", "run", ts="2999", asked={"agent": "cat"})
    assert [each.id for each in threads.list()] == [second.id, first.id]
    assert threads.find("cats") == first
    assert threads.find("01234") == second == threads.last()
    assert threads.new(name="cats") == first
    for nothing in ("", "012", "dogs"):
        with pytest.raises(UsageError, match="no thread"):
            threads.find(nothing)


def test_a_name_is_one_threads_alone(threads: Threads) -> None:
    first = threads.new(name="cats")
    threads.rename(first, "dogs")
    assert threads.new(name="cats") != first
    with pytest.raises(UsageError, match="already"):
        threads.rename(first, "cats")
    with pytest.raises(UsageError, match="cannot be the name"):
        threads.new(name="\x1b[31m")


def test_it_is_the_users_alone_and_removed_whole(threads: Threads) -> None:
    thread = threads.new(name="cats")
    with held(thread), contextlib.closing(sqlite3.connect(thread.path)) as database:
        database.execute("PRAGMA journal_mode=WAL")
        database.execute("CREATE TABLE more (x)")
        modes = {path.stat().st_mode & 0o777 for path in threads.folder.iterdir()}
        assert modes == {0o600}
        with pytest.raises(UsageError, match="another run goes on"):
            threads.remove(thread)
    database.close()
    assert threads.folder.stat().st_mode & 0o777 == 0o700
    threads.remove(thread)
    assert [path.name for path in threads.folder.iterdir()] == []


def test_one_at_a_time_has_a_thread_and_sees_what_the_last_did(threads: Threads) -> None:
    thread = threads.new()
    again = Thread(id=thread.id, path=thread.path)
    with held(thread):
        with pytest.raises(BusyError, match="another run"), held(again):
            pytest.fail("two were in the thread at once")
        thread.begin("Where?", "run")
    with held(again):
        assert again.question == "Where?"


def _other_version(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("PRAGMA user_version = 2")
    database.close()


def _of_other_kinds(path: Path) -> None:
    with sqlite3.connect(path) as database:
        database.execute("UPDATE catagent SET value = '\"many\"' WHERE key = 'begun'")
    database.close()


def _linked(path: Path) -> None:
    path.rename(path.with_suffix(".moved"))
    path.symlink_to(path.with_suffix(".moved"))


@pytest.mark.parametrize(
    ("harm", "why"),
    [
        (lambda path: path.write_bytes(b"no database" * 100), "not a database"),
        (lambda path: path.write_bytes(b""), "no such table"),
        (lambda path: os.truncate(path, 5000), "malformed"),
        (_other_version, "a newer catagent"),
        (_of_other_kinds, "Expected `array`"),
        (_linked, "not a file of yours"),
    ],
    ids=["other", "empty", "truncated", "newer", "kinds", "link"],
)
def test_a_file_of_no_use_is_said_to_be_and_can_be_removed(
    threads: Threads, harm: Callable[[Path], object], why: str
) -> None:
    thread = threads.new(name="cats")
    thread.begin("Where?", "run")
    harm(thread.path)
    [listed] = threads.list()
    with pytest.raises(OutputError, match=why), held(listed):
        pytest.fail("it was used")
    threads.remove(threads.find(thread.id))
    assert threads.list() == []


def test_a_folder_that_others_may_write_in_is_not_used(threads: Threads) -> None:
    threads.new(name="cats")
    threads.folder.chmod(0o777)
    for use in (threads.list, threads.new):
        with pytest.raises(OutputError, match="not a folder of yours alone"):
            use()


def test_a_thread_that_was_let_go_meanwhile_says_so(tmp_path: Path) -> None:
    threads = Threads(tmp_path / "threads")
    thread = threads.new()
    threads.remove(thread)
    with pytest.raises(UsageError, match="was answered, or removed, meanwhile"), held(thread):
        pass
