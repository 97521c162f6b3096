"""The files of results that a batch goes on with, and the command that goes on with it."""

import os
import re
import shlex
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

from catagent.batch.earlier import Earlier
from catagent.cli.stderr import say
from catagent.errors import UsageError
from catagent.platforms import IS_UNIX, fcntl


def take_in(files: Iterable[Path], earlier: Earlier, stdout: int) -> None:
    """Read results. Of the file that stdout appends to, a last line that is torn is cut off.

    Raises UsageError for a file that cannot be read, or that the results would overwrite.
    """
    for path in files:
        try:
            with path.open("rb") as file:
                is_output = os.path.samestat(os.fstat(file.fileno()), os.fstat(stdout))
                if IS_UNIX and is_output and not fcntl.fcntl(stdout, fcntl.F_GETFL) & os.O_APPEND:
                    raise UsageError(
                        f"`> {path}` overwrites the results that are to be gone on with",
                        "append to them: --resume FILE >> FILE",
                    )
                whole = earlier.read(file)
            if is_output:
                os.truncate(path, whole)
        except OSError as error:
            raise UsageError(f"cannot read {path}: {error.strerror}") from None
    if earlier.damaged:
        say(f"catagent: warning: lines that are no results were passed over: {earlier.damaged}")


def again(stdout: int) -> str:
    """The command that asks what was not answered, with the file that stdout leads to.

    Where that is not known, it is called RESULTS.
    """
    name = "RESULTS"
    if stat.S_ISREG(os.fstat(stdout).st_mode) and Path("/proc/self/fd").is_dir():
        name = os.path.relpath(Path(f"/proc/self/fd/{stdout}").readlink())
    words = sys.argv[1:]
    if name not in words:
        words += ["--resume", name]
    return f"catagent {shlex.join(words)} >> {shlex.quote(name)}"


def file_name(n: int, own: object, run_id: str) -> str:
    """A name for a recording that is safe, unique, and in the order of the questions."""
    safe = re.sub(r"[^A-Za-z0-9_-]+", "-", "" if own is None else str(own))[:60].strip("-")
    return "-".join(filter(None, (f"{n:06}", safe, run_id[:8]))) + ".jsonl"
