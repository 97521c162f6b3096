"""The embedded model: llama.cpp inside this process, behind the OpenAI API on loopback.

One server a model file, started in a thread as soon as it is known that it will be needed, and
stopped when the program ends. It listens on a free port of 127.0.0.1 and wants a random key.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import secrets
import sys
import threading
from concurrent.futures import Future
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from catagent.errors import ModelError, UsageError
from catagent.loading.installing import install
from catagent.models.embedded import weights
from catagent.models.providers.openai import connect
from catagent.models.spec import ModelSpec

if TYPE_CHECKING:
    from langchain_openai import ChatOpenAI

    from catagent.models.factory import Models, Role

_DATA = Path(__file__).parents[1] / "data"
_CONTEXT_TOKENS = 4096
_NOWHERE = "http://127.0.0.1:9/v1"  # for a model that is never asked
# Whole characters: on half of one, which a sampled byte may be, xllamacpp 2026.6 fails.
_WHOLE_CHARACTERS = r"root ::= [^\x00]*"
# llama.cpp's server closes one connection in seventy as the next request comes; new ones are cheap.
_NOT_KEPT = {"extra_headers": {"Connection": "close"}}
# What the adapter was trained for (data/MODEL_CARD.md). Tools sample: at 0 lists repeat themselves.
_EMBEDDED_SAMPLING: dict[Role, dict[str, Any]] = {
    "agent": {"temperature": 0.0, "max_tokens": 256},
    # Without the penalty every fifth list named a thing twice, with it every fiftieth.
    "tool": {
        "temperature": 0.7,
        "top_p": 0.95,
        "max_tokens": 160,
        "frequency_penalty": 0.5,
        "extra_body": {"repeat_last_n": 160, "grammar": _WHOLE_CHARACTERS},
    },
}
_OWN_SAMPLING: dict[Role, dict[str, Any]] = {
    "agent": {"temperature": 0.0, "max_tokens": 1024},
    "tool": {"max_tokens": 1024},
}


class LocalServer:
    """A model file being served, or about to be: `address` waits for it."""

    def __init__(self, spec: ModelSpec, models: Models) -> None:
        self.api_key = secrets.token_urlsafe(24)
        self._spec = spec
        self._models = models
        self._cancelled = threading.Event()
        self._server: Future[Any] = Future()
        threading.Thread(target=self._start, name="local-model", daemon=True).start()

    def address(self) -> str:
        """Return the base URL of the API, once the model is loaded. Raises what stopped it."""
        return f"{self._server.result().listening_address}/v1"

    def close(self) -> None:
        """Stop fetching, generating and listening, and free the model."""
        self._cancelled.set()
        if self._server.exception() is None:
            self._await_loop()
        del self._server

    def _await_loop(self) -> None:
        """Have the server's own thread answer once.

        Stopped between being loaded and entering its loop, llama.cpp misses the stop and never
        ends: freeing it then hangs, with Python's lock held. This question goes through the loop.
        """
        connection = HTTPConnection(urlsplit(self.address()).netloc, timeout=10)
        with contextlib.suppress(OSError, HTTPException), contextlib.closing(connection):
            headers = {"Authorization": f"Bearer {self.api_key}"}
            connection.request("GET", "/lora-adapters", headers=headers)
            connection.getresponse().read()

    def _start(self) -> None:
        try:
            self._server.set_result(self._load())
        except Exception as error:  # of whatever kind: raised in the thread that waits
            self._server.set_exception(error)

    def _load(self) -> Any:
        try:
            import xllamacpp
        except ImportError as error:
            message = "models on this machine need the package xllamacpp"
            hint = f"{install('xllamacpp')}; or set OPENAI_API_KEY, or choose one with --model"
            raise UsageError(message, hint) from error
        loaded, on_status = self._models.loaded, self._models.on_status
        path = self._spec.path or weights.find(loaded)
        if path is None:
            path = weights.fetch(loaded, self._cancelled, on_status)
        _read_ahead(path)
        on_status("loading the model")
        try:
            return xllamacpp.Server(_parameters(xllamacpp, self._spec, path, self.api_key))
        except RuntimeError as error:
            raise ModelError(
                f"llama.cpp could not load {path}",
                "the file may be damaged, or of a model that it does not know",
            ) from error


# By the model's own file, None for the one that we bring along, chosen or not.
_servers: dict[Path | None, LocalServer] = {}


def serve(spec: ModelSpec, models: Models) -> LocalServer:
    """Return the server of this model; the first call starts it, in a thread, and does not wait."""
    if not _servers:
        atexit.register(shut_down)
    if spec.path not in _servers:
        _servers[spec.path] = LocalServer(spec, models)
    return _servers[spec.path]


def shut_down() -> None:
    """Stop every server that this process started."""
    while _servers:
        _, server = _servers.popitem()
        server.close()


def build(spec: ModelSpec, role: Role, models: Models) -> ChatOpenAI:
    """Make the chat model that talks to this model's server."""
    server = serve(spec, models) if models.asks else None
    sampling = _EMBEDDED_SAMPLING if spec.is_embedded else _OWN_SAMPLING
    named = {"model": spec.name, "metadata": {"ls_provider": "local"}}
    options: dict[str, Any] = {**named, "model_kwargs": _NOT_KEPT, **sampling[role]}
    if spec.is_embedded and role == "agent":
        from catagent.models.embedded.word_runs import CopyingChatOpenAI

        options |= {"kind": CopyingChatOpenAI, "on_forgotten": models.on_forgotten}
    where = (server.address(), server.api_key) if server else (_NOWHERE, "none")
    return connect(*where, models.pool, **options)


def _parameters(xllamacpp: Any, spec: ModelSpec, path: Path, api_key: str) -> Any:
    params = xllamacpp.CommonParams()
    params.model.path = str(path)
    params.model_alias = {spec.name}
    # Two slots in one pool: the agent's conversation stays cached while a tool asks in the other,
    # whose prompt begins with the same few words.
    params.n_ctx, params.n_parallel, params.kv_unified = _CONTEXT_TOKENS, 2, True
    params.slot_prompt_similarity = 0.5
    params.use_jinja = params.enable_chat_template = True
    params.port = 0
    if hasattr(params, "hostnames"):
        params.hostnames = ["127.0.0.1"]
    else:  # xllamacpp before 2026.10
        params.hostname = "127.0.0.1"
    params.api_keys = [api_key]
    params.cpuparams.n_threads = threads()
    params.verbosity = -1
    # What a loopback server of one client has no use for; each costs time at start.
    params.ui = params.warmup = params.fit_params = params.endpoint_slots = False
    params.cache_ram_mib = 0
    if spec.is_embedded:  # what makes SmolLM2 drive the cat agent
        params.chat_template = (_DATA / "chat_template.jinja").read_text(encoding="utf-8")
        # At one scale throughout: llama.cpp's prompt cache does not know about scales.
        adapter = xllamacpp.CommonAdapterLoraInfo(str(_DATA / "adapter.gguf"), 1.0)
        params.lora_adapters = [adapter]
    return params


def threads() -> int:
    """How many threads to compute with: half the cores that this process may use, at most four.

    llama.cpp's threads wait for each other after every layer, spinning: on two busy cores two of
    them wrote 6 tokens a second where one wrote 60.
    """
    usable = getattr(os, "sched_getaffinity", None)  # not on macOS and Windows
    cores = len(usable(0)) if usable else os.cpu_count() or 1
    return max(1, min(4, cores // 2))


def _read_ahead(path: Path) -> None:
    """Have the system read the file while we go on: loading it would wait with Python stopped."""
    if sys.platform == "linux":
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_WILLNEED)
