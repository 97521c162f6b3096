"""Records what LangChain does in a program, in files that `catagent watch` reads.

Stands in a folder that comes first on the program's PYTHONPATH. Imports `sys` and `os` alone until
the program itself imports LangChain; never raises into the program, never prints, patches nothing.
"""

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# Left in the folder by the first Python that was armed, so that whoever watches knows of one.
ARMED = "armed"
# Holds the hooks of LangChain's callback managers, and is imported by the first one that is made.
_HOOKS = "langchain_core.tracers.context"
_LANGCHAIN = "langchain_core"


def arm() -> None:
    """Wait for LangChain, where the environment names a folder to record in that is the user's."""
    try:
        folder = os.environ.get("CATAGENT_WATCH", "")
        if _is_private(folder) and not any(type(each) is _Finder for each in sys.meta_path):
            sys.meta_path.insert(0, _Finder(folder))
            os.close(os.open(f"{folder}/{ARMED}", os.O_CREAT | os.O_WRONLY, 0o600))
    except Exception:  # whatever it is, the program runs as it would have
        return


def _is_private(folder: str) -> bool:
    """Whether a path is a real directory of the user's that nobody else may look into."""
    info = os.lstat(folder)
    return info.st_mode & 0o170777 == 0o040700 and info.st_uid == os.getuid()


class _Finder:
    """Has the one module that is waited for found and loaded as ever; then installs the hook."""

    def __init__(self, folder: str) -> None:
        self._folder = folder
        self._loader: "Any" = None

    def find_spec(self, name: str, path: "Any" = None, target: "Any" = None) -> "Any":
        if name == _LANGCHAIN:
            _begin(self._folder)
        if name != _HOOKS:
            return None
        for finder in sys.meta_path:
            find = None if finder is self else getattr(finder, "find_spec", None)
            spec: "Any" = find and find(name, path, target)
            if spec:
                self._loader, spec.loader = spec.loader, self
                return spec
        return None

    def create_module(self, spec: "Any") -> "Any":
        return self._loader.create_module(spec)

    def exec_module(self, module: "Any") -> None:
        module.__spec__.loader = module.__loader__ = self._loader
        self._loader.exec_module(module)
        try:
            from _catagent_observer.handler import install

            install(module, self._folder, os.environ.get("CATAGENT_WATCH_TOKENS") == "1")
        except Exception:  # whatever it is, the program runs as it would have
            return


def _begin(folder: str) -> None:
    try:
        from _catagent_observer.recorder import recorder_of

        recorder_of(folder).begin()
    except Exception:  # whatever it is, the program runs as it would have
        return
