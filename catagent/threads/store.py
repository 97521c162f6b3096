"""The threads that are kept: one SQLite file each, in a folder of the user's state.

LangGraph keeps its checkpoints in such a file, and catagent a table of its own, `catagent`: what a
thread is called, what it was asked, and with what. A lock file stands alongside it. Neither this
nor any other code may open the database but through SQLite: closing it would drop SQLite's locks.
"""

import contextlib
import os
import sqlite3
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
from msgspec import Struct

from catagent import private
from catagent.errors import OutputError, UsageError, did_you_mean
from catagent.events.timestamps import stamp
from catagent.platforms import fcntl

VERSION = 1
_TABLE = "CREATE TABLE IF NOT EXISTS catagent (key TEXT PRIMARY KEY, value TEXT NOT NULL)"
_NEWEST = "SELECT max(checkpoint_id) FROM checkpoints"
_LATER = (
    "DELETE FROM checkpoints WHERE checkpoint_id > ?",
    "DELETE FROM writes WHERE checkpoint_id > ?",
)
_LIST = "catagent runs threads lists them"
_ENDS = ("-wal", "-shm", "")  # of the files that SQLite has for one
_SHORTEST_ID = 4  # of its beginning: a name of a few letters is not to be taken for one
_LONGEST_NAME = 80


class BusyError(UsageError):
    """Another run goes on in the thread."""


class Turn(Struct):
    """A question, the run that it was first asked in, and what there was before.

    That is the newest of LangGraph's checkpoints, and the run that waited, empty where none did.
    """

    question: str
    run: str
    after: str = ""
    waited: str = ""


class Thread(Struct, kw_only=True):
    """A conversation: its file, and what is known of it. Of a damaged file the rest is empty.

    `begun` are its turns, `waiting` is the id of the run that waits for an answer, `asked` what it
    was asked with, and `ts` when that was last.
    """

    id: str
    path: Path
    name: str = ""
    agent: str = ""
    begun: list[Turn] = []
    waiting: str = ""
    asked: dict[str, Any] = {}
    ts: str = ""

    @property
    def label(self) -> str:
        """What a person calls it: its name, else its id."""
        return self.name or self.id

    @property
    def size(self) -> int:
        """How many bytes it takes on disk."""
        paths = (Path(f"{self.path}{end}") for end in _ENDS)
        return sum(path.stat().st_size for path in paths if path.exists())

    @property
    def has_checkpoints(self) -> bool:
        """Whether its file has what LangGraph keeps. Raises OutputError."""
        with self._open() as database:
            return _has_checkpoints(database)

    @property
    def question(self) -> str:
        """The first one, empty where nothing was asked yet."""
        return self.begun[0].question if self.begun else ""

    @property
    def turns(self) -> int:
        """How many were asked."""
        return len(self.begun)

    def require_agent(self, agent: str) -> None:
        """Raise UsageError for another agent than was asked before: their states would be mixed."""
        if (before := self.asked.get("agent", agent)) != agent:
            message = f"the thread {self.label} is a conversation with {before}"
            raise UsageError(message, f"leave out --agent {agent}, or name another --thread")

    def read(self) -> None:
        """Take in what its file has by now. Raises OutputError where it is of no use."""
        with self._open() as database:
            for key, value in database.execute("SELECT key, value FROM catagent"):
                if key in _FACTS:
                    setattr(self, key, msgspec.json.decode(value, type=_FACTS[key]))

    def write(self, **facts: Any) -> None:
        """Set these of its fields, here and in its file. Raises OutputError."""
        with self._open() as database:
            encode = msgspec.json.Encoder(enc_hook=str).encode
            database.execute(_TABLE)
            database.execute(f"PRAGMA user_version = {VERSION}")
            rows = [(key, encode(value).decode()) for key, value in facts.items()]
            database.executemany("INSERT OR REPLACE INTO catagent VALUES (?, ?)", rows)
        for key, value in facts.items():
            setattr(self, key, value)

    def begin(self, question: str, run: str, **facts: Any) -> None:
        """Note that a turn begins, with this run; other `facts` as well. Raises OutputError.

        What waited by now is given up.
        """
        with self._open() as database:
            found = database.execute(_NEWEST) if _has_checkpoints(database) else [("",)]
            turn = Turn(question, run, next(iter(found))[0] or "", self.waiting)
        self.write(begun=[*self.begun, turn], waiting="", **facts)

    def undo(self) -> str:
        """Take the last turn out, whole, as if it had not been asked, and return its question.

        Raises UsageError where there is none or a run goes on in it, and OutputError.
        """
        with held(self), self._open() as database:
            if not self.begun:
                raise UsageError(f"there is nothing to take out of the thread {self.label}")
            last = self.begun[-1]
            for later in _LATER if _has_checkpoints(database) else ():
                database.execute(later, (last.after,))
        self.write(begun=self.begun[:-1], waiting=last.waited)
        return last.question

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        try:
            with contextlib.closing(_connect(self.path)) as database, database:
                _check(database)
                yield database
        except (OSError, sqlite3.Error, msgspec.MsgspecError, ValueError) as error:
            hint = f"catagent runs threads rm {self.id} removes it"
            if isinstance(error, (OSError, sqlite3.OperationalError)):  # it may well be whole
                hint = "make sure that the disk has space and that you may write there"
            raise OutputError(f"the thread {self.path} cannot be used: {error}", hint) from error


_FACTS = {name: kind for name, kind in get_type_hints(Thread).items() if name not in {"id", "path"}}


def _has_checkpoints(database: sqlite3.Connection) -> bool:
    """Whether LangGraph has kept something there, with ids in the order of time."""
    named = "SELECT name FROM sqlite_master WHERE name = 'checkpoints'"
    return database.execute(named).fetchone() is not None


def _connect(path: Path) -> sqlite3.Connection:
    """Open the file of a thread. Raises ValueError where it is not the user's."""
    if not private.is_own_file(path):
        raise ValueError("it is not a file of yours")
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=rw", uri=True)


def _check(database: sqlite3.Connection) -> None:
    """Let nothing that stands in it run. Raises ValueError for one of a newer form."""
    database.execute("PRAGMA trusted_schema = OFF")
    if database.execute("PRAGMA user_version").fetchone()[0] > VERSION:
        raise ValueError("a newer catagent has written it")


class Threads(Struct, frozen=True):
    """The threads in a folder, which is made with the first of them."""

    folder: Path

    def list(self) -> list[Thread]:
        """Those that there are, the last one asked first. Raises OutputError for the folder."""
        self._check()
        paths = self.folder.glob("*.sqlite")
        threads = [Thread(id=path.stem, path=path) for path in paths]
        for each in threads:
            with contextlib.suppress(OutputError):
                each.read()
        return sorted(threads, key=lambda thread: thread.ts, reverse=True)

    def last(self) -> Thread:
        """The one that was asked last. Raises UsageError where there is none."""
        for thread in (each for each in self.list() if each.begun):
            return thread
        raise UsageError("no thread was kept yet", "--thread NAME begins one")

    def find(self, wanted: str) -> Thread:
        """The one of this name, or whose id begins so. Raises UsageError."""
        if (found := self._found(wanted)) is None:
            known = [thread.label for thread in self.list()]
            raise UsageError(f"no thread {wanted!r}", did_you_mean(wanted, known, _LIST))
        return found

    def new(self, *, id: str | None = None, name: str = "") -> Thread:  # noqa: A002 - as it is
        """Begin one; where there is one of this name or id by now, return that.

        Raises UsageError for a name that cannot be one, and OutputError.
        """
        require_name(name)
        id = id or str(uuid.uuid4())  # noqa: A001
        thread = Thread(id=id, path=self.file(id), name=name)
        try:
            private.make(self.folder)
            with _only(self.folder):
                return self._found(name or thread.id) or self._made(thread)
        except OSError as error:
            message = f"cannot keep a thread in {self.folder}: {error.strerror}"
            raise OutputError(message) from error

    def file(self, id: str) -> Path:  # noqa: A002 - as it is
        """The file of the thread of this id, whether or not there is one. Raises OutputError."""
        self._check()
        return self.folder / f"{id}.sqlite"

    def rename(self, thread: Thread, name: str) -> None:
        """Give it a name, none where that is empty. Raises UsageError for one that is taken."""
        require_name(name)
        if any(name and each.name == name for each in self.list()):
            raise UsageError(f"there is a thread {name!r} already", _LIST)
        thread.write(name=name)

    def remove(self, thread: Thread) -> None:
        """Delete all that is kept of it. Raises UsageError where a run goes on in it."""
        with _locked(thread):
            for end in _ENDS:
                Path(f"{thread.path}{end}").unlink(missing_ok=True)

    def let_go(self, id: str, run: str = "") -> None:  # noqa: A002 - as it is
        """Remove the thread of this id if it was made for a pause alone that nobody can answer now.

        Where it waits, that is once the `run` that does is gone. A thread of no use stays.
        """
        with contextlib.suppress(OutputError, UsageError):
            (thread := Thread(id=id, path=self.file(id))).read()
            runs = [turn.run for turn in thread.begun]
            if not thread.name and runs == [id] and thread.waiting in ("", run):
                self.remove(thread)

    def _check(self) -> None:
        """Raise OutputError where there is a folder, and it is not the user's alone."""
        with contextlib.suppress(FileNotFoundError):
            private.check(self.folder)

    def _found(self, wanted: str) -> Thread | None:
        """Raises UsageError for what may be several."""
        threads = self.list()
        for named in (each for each in threads if wanted and wanted in (each.name, each.id)):
            return named
        begun = [each for each in threads if each.id.startswith(wanted)]
        begun = begun if len(wanted) >= _SHORTEST_ID else []
        if len(begun) > 1:
            ids = ", ".join(each.id for each in begun[:5])
            raise UsageError(f"{wanted!r} is the beginning of {len(begun)} threads: {ids}")
        return begun[0] if begun else None

    def _made(self, thread: Thread) -> Thread:
        """Raises OutputError for one that cannot be read, which may have the name."""
        for each in self.list() if thread.name else ():
            each.read()
        flags = os.O_CREAT | os.O_NOFOLLOW | os.O_WRONLY
        os.close(os.open(thread.path, flags, 0o600))
        thread.write(name=thread.name, ts=stamp(datetime.now(UTC)))
        return thread


def require_name(name: str) -> None:
    """Raise UsageError for what cannot be the name of a thread."""
    if len(name) > _LONGEST_NAME or not name.isprintable() or name != name.strip():
        hint = f"it is to be printable, of up to {_LONGEST_NAME} characters"
        raise UsageError(f"{name[:_LONGEST_NAME]!r} cannot be the name of a thread", hint)


@contextlib.contextmanager
def held(thread: Thread) -> Iterator[None]:
    """Keep all others from the thread while inside, and know what they did to it before.

    Raises BusyError where another has it, UsageError where it is gone, and OutputError.
    """
    with _locked(thread):
        if not thread.path.exists():
            message = f"the thread {thread.label} was answered, or removed, meanwhile"
            raise UsageError(message, "catagent runs lists those that wait")
        thread.read()
        yield


@contextlib.contextmanager
def _locked(thread: Thread) -> Iterator[None]:
    lock = thread.path.with_suffix(".lock")
    if (descriptor := private.lock(lock)) is None:
        raise BusyError(f"another run goes on in the thread {thread.label}")
    try:
        yield
    finally:
        if not thread.path.exists():  # it was removed, here or elsewhere
            lock.unlink(missing_ok=True)
        fcntl.flock(descriptor, fcntl.LOCK_UN)  # a process that was forked meanwhile has it too
        os.close(descriptor)


@contextlib.contextmanager
def _only(folder: Path) -> Iterator[None]:
    """Let no other process make a thread meanwhile."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
