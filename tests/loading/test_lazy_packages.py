"""Lazy packages offer what they always offered, and an agent's start imports far fewer modules."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

from catagent.loading.lazy_imports import MODULES, PACKAGES
from tests.support.cli import with_server
from tests.support.scripts import cat
from tests.support.server import ScriptedServer


def python(code: str, given: Any = None) -> Any:
    """What a fresh interpreter prints as JSON; it reads `given` as JSON too."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        timeout=240,
        env={**os.environ, "PYTHONHASHSEED": "0"},  # sets look the same
    )
    return json.loads(done.stdout)


def names() -> Any:
    """Every public name of what is made lazy, and of packages inside: [[module, name], …]."""
    return python(
        "import importlib, json, pkgutil\n"
        f"found, todo = [], list({(*PACKAGES, *MODULES)!r})\n"
        "while todo:\n"
        "    name = todo.pop()\n"
        "    package = importlib.import_module(name)\n"
        f"    walked = name.startswith({PACKAGES!r})\n"
        "    path = getattr(package, '__path__', ()) if walked else ()\n"
        "    inside = list(pkgutil.iter_modules(path)) if path else []\n"
        "    todo += [f'{name}.{module.name}' for module in inside if module.ispkg]\n"
        "    keys = {*dir(package), *(module.name for module in inside)} - {'annotations'}\n"
        "    keys = {key for key in keys if key.isidentifier() and key[0] != '_'}\n"
        "    found += [[name, key] for key in keys if hasattr(package, key)]\n"
        "print(json.dumps(found))\n"
    )


def values(prelude: str, keys: Any) -> list[str]:
    """What stands behind each of those names, without where in memory it stands."""
    found = python(
        f"{prelude}\n"
        "import importlib, json, sys\n"
        "found = []\n"
        "for module, name in json.load(sys.stdin):\n"
        "    value = getattr(importlib.import_module(module), name)\n"
        "    found.append(getattr(value, '__qualname__', None) or repr(value))\n"
        "print(json.dumps(found))\n",
        keys,
    )
    return [re.sub(r" at 0x\w+", "", value) for value in found]


def test_every_name_of_what_is_lazy_is_the_original() -> None:
    """A custom agent must not notice the difference."""
    keys = names()
    assert len(keys) > 2000
    lazy = values("from catagent.loading import lazy_imports; lazy_imports.install()", keys)
    assert lazy == values("", keys)


def test_lazy_packages_leave_reachable_what_import_openai_reaches() -> None:
    assert python(
        "from catagent.loading import lazy_imports as lazy; lazy.install(); lazy.install()\n"
        "import json, openai, sys\n"
        "from openai.types import *\n"
        "missing = hasattr(openai.types, 'nothing_like_it')\n"
        "finders = [f for f in sys.meta_path if f is lazy._Finder]\n"
        "chunk = openai.types.chat.ChatCompletionChunk.__name__\n"
        "print(json.dumps([chunk, Batch.__name__, missing, len(finders)]))"
    ) == ["ChatCompletionChunk", "Batch", False, 1]


def test_a_package_that_imports_its_own_modules_has_them_whichever_is_asked_for_first() -> None:
    """`from . import packages, utils` in requests: it was asked for them, and asked itself."""
    code = (
        "from catagent.loading import lazy_imports; lazy_imports.install()\nimport json, requests\n"
    )
    for name in ("packages", "utils"):
        assert python(f"{code}print(json.dumps(requests.{name}.__name__))") == f"requests.{name}"


def test_an_agent_imports_only_what_it_needs_of_lazy_packages(tmp_path: Path) -> None:
    """475 generated modules without us; what one chat needs with us."""
    with ScriptedServer(cat()) as server:
        done = subprocess.run(
            [sys.executable, "-X", "importtime", "-m", "catagent", "ask", "-o", "jsonl", "where?"],
            env=with_server(tmp_path, server.url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=True,
            timeout=60,
        )
    imported = [line.rpartition("|")[2].strip() for line in done.stderr.splitlines()]
    assert "openai.types" in imported
    assert sum(name.startswith("openai.types.") for name in imported) < 200
    assert sum(name.startswith("langsmith.types.") for name in imported) < 20
    unneeded = {"langsmith.client", "openai.lib.streaming.chat", "requests.sessions", "tenacity"}
    unneeded |= {"langchain_protocol", "openai.providers", "urllib3.util.url"}
    assert not unneeded & {*imported}
