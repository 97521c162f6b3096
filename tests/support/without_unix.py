"""Runs the command line on a system that has nothing of what only a Unix has, as Windows would.

    python -X warn_default_encoding without_unix.py show last

What the standard library needs of that itself is imported before it is taken away. `sys.platform`
stays what it is: packages would look for Windows' own modules. A text file without a named
encoding, which would be Windows' own there, is an error where catagent opens it.
"""

from __future__ import annotations

import asyncio
import os
import runpy
import select
import shutil
import signal
import stat
import sys
import tempfile
import warnings
from typing import Any

MODULES = ("fcntl", "termios", "tty", "pty", "pwd", "grp", "resource", "syslog", "readline")
OF_OS = (
    *("fork", "forkpty", "register_at_fork", "posix_spawn", "posix_spawnp", "setsid", "killpg"),
    *("geteuid", "getuid", "getegid", "getgid", "getpgrp", "getpgid", "setpgid", "tcgetpgrp"),
    *("tcsetpgrp", "fchmod", "fchown", "chown", "pread", "pwrite", "sendfile", "mkfifo"),
    *("posix_fadvise", "posix_fallocate", "sched_getaffinity", "statvfs", "openpty", "ttyname"),
    *("WIFSTOPPED", "WIFSIGNALED", "WTERMSIG", "WUNTRACED", "WNOHANG"),
    *("O_CLOEXEC", "O_NOFOLLOW", "O_NONBLOCK", "O_DIRECTORY", "O_TMPFILE"),
)
# Windows has these, and no others.
SIGNALS = ("SIGABRT", "SIGFPE", "SIGILL", "SIGINT", "SIGSEGV", "SIGTERM", "SIG_DFL", "SIG_IGN")


def take_away() -> None:
    """Take from this process all that Windows lacks."""
    shutil._use_fd_functions = False  # type: ignore[attr-defined] # as it is there
    tempfile._O_TMPFILE_WORKS = False  # type: ignore[attr-defined]
    for name in MODULES:
        sys.modules[name] = None  # type: ignore[assignment] # an ImportError
    for name in OF_OS:
        vars(os).pop(name, None)
    if sys.version_info >= (3, 13):
        os.process_cpu_count = os.cpu_count  # as it is there
    for name in [each for each in dir(signal) if each[:3] == "SIG" and each not in SIGNALS]:
        delattr(signal, name)
    for name in ("pthread_sigmask", "setitimer", "alarm", "sigwait"):
        delattr(signal, name)
    for name in ("poll", "epoll", "PIPE_BUF"):
        delattr(select, name)
    select.select = _only_sockets
    os.open = _no_folders
    asyncio.SelectorEventLoop.add_signal_handler = _not_there  # type: ignore[method-assign, assignment]


def _only_sockets(*lists: Any) -> Any:
    for each in lists[0] + lists[1]:
        number = each if isinstance(each, int) else each.fileno()
        if not stat.S_ISSOCK(os.fstat(number).st_mode):
            raise OSError("not a socket")
    return _select(*lists)


def _no_folders(path: Any, *arguments: Any, **more: Any) -> int:
    if os.path.isdir(path):  # noqa: PTH112
        raise PermissionError(13, "Permission denied", path)
    return _open(path, *arguments, **more)


def _not_there(*_: Any) -> None:
    raise NotImplementedError


_select, _open = select.select, os.open

if __name__ == "__main__":
    warnings.filterwarnings("error", category=EncodingWarning, module=r"catagent\b")
    take_away()
    sys.argv[0], sys.path[0] = "catagent", ""
    runpy.run_module("catagent", run_name="__main__")
