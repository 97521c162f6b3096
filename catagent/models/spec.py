"""Which chat model to use: a pure decision, made before anything heavy is imported."""

import os
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from catagent.errors import UsageError

DEFAULT_OPENAI_MODEL = "gpt-4.1-mini"
EMBEDDED = "smollm2-135m"


class ModelSpec(Struct, kw_only=True, frozen=True):
    """A chat model by provider and name; `path` is the GGUF file of a local one of one's own.

    `notice` is a line for a person who chose none, and has no OpenAI key.
    """

    provider: str
    name: str
    path: Path | None = None
    notice: str | None = None

    def __str__(self) -> str:
        return f"{self.provider}:{self.name}"

    @property
    def is_embedded(self) -> bool:
        """Whether it is the model that we bring along, tuned for the cat agent alone."""
        return self.provider == "local" and self.path is None


def choose_model(wanted: str | None, environ: Mapping[str, str]) -> ModelSpec:
    """Return the model that `wanted` (PROVIDER:NAME, a bare OpenAI name, local[:FILE]) means.

    With nothing wanted: OpenAI where there is a key or a server's address, else the embedded one.
    Raises UsageError for a GGUF file that is not one.
    """
    if not wanted:
        return _default(environ)
    provider, colon, name = wanted.partition(":")
    if not colon:
        return _local("") if wanted == "local" else ModelSpec(provider="openai", name=wanted)
    if provider == "local":
        return _local(name)
    if not name:
        raise UsageError(f"--model {wanted} names no model", "write it as PROVIDER:NAME")
    return ModelSpec(provider=provider.replace("-", "_").lower(), name=name)


def named(model: str | None) -> ModelSpec:
    """A model that is called so, PROVIDER:NAME, and is never asked: no file of it is looked at."""
    provider, _, name = (model or f"openai:{DEFAULT_OPENAI_MODEL}").partition(":")
    is_own = provider == "local" and name != EMBEDDED
    return ModelSpec(provider=provider, name=name, path=Path(name) if is_own else None)


def openai_address(environ: Mapping[str, str]) -> str | None:
    """The OpenAI-compatible server that the environment names, or None for OpenAI's own."""
    return environ.get("OPENAI_BASE_URL") or environ.get("OPENAI_API_BASE") or None


def _default(environ: Mapping[str, str]) -> ModelSpec:
    if environ.get("OPENAI_API_KEY") or openai_address(environ):
        return ModelSpec(provider="openai", name=DEFAULT_OPENAI_MODEL)
    said = f"no OPENAI_API_KEY: using the embedded model {EMBEDDED}, on this machine; "
    said += "choose another with --model PROVIDER:NAME"
    return ModelSpec(provider="local", name=EMBEDDED, notice=said)


def _local(name: str) -> ModelSpec:
    if name in ("", EMBEDDED):
        return ModelSpec(provider="local", name=EMBEDDED)
    path = gguf_file(name)
    return ModelSpec(provider="local", name=path.stem, path=path)


def gguf_file(name: str) -> Path:
    """The GGUF file of this name, where `~` may stand for a home.

    Raises UsageError for one that cannot be read, or is none: llama.cpp would only say "failed".
    """
    path = Path(os.path.expanduser(name))  # noqa: PTH111 - pathlib's fails without such a home
    try:
        with path.open("rb") as file:
            magic = file.read(4)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise UsageError(f"cannot read the model {path}: {reason}") from None
    if magic != b"GGUF":
        raise UsageError(f"{path} is not a GGUF model", "llama.cpp runs models in the GGUF format")
    return path
