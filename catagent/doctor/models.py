"""Which models and which key would be used, whether their server answers, and the embedded one."""

import contextlib
import importlib.util
import re
from collections.abc import Iterator
from functools import partial
from importlib.metadata import version
from shlex import quote

from catagent.config import Loaded
from catagent.doctor.settings import source
from catagent.errors import CatagentError
from catagent.events.report import Check, Status
from catagent.failures.classify import classify
from catagent.loading.installing import install
from catagent.models.embedded import weights
from catagent.models.spec import ModelSpec, choose_model

_KEY = "OPENAI_API_KEY"
_SET = (_KEY, "OPENAI_BASE_URL", "OPENAI_API_BASE")
_LOGIN = re.compile("//.*@")
_check = partial(Check, "model")


def choices(loaded: Loaded) -> Iterator[Check]:
    """Yield which models are chosen and why, and where a key is from, but not the key."""
    given = [name for name in _SET if loaded.environ.get(name)]
    for name in ("model", "tool_model"):
        chosen, why = getattr(loaded.settings, name), source(loaded, name)
        if not chosen and name == "tool_model":
            continue
        if not chosen:
            why = f"{given[0]} is set" if given else f"no {_KEY} is set"
        try:
            yield _check(name, str(choose_model(chosen, loaded.environ)), why=why)
        except CatagentError as error:
            yield _check(name, error.message, "broken", why, error.hint)
    for name in given:
        shown = "set" if name == _KEY else _LOGIN.sub("//***@", loaded.environ[name])
        where = "the environment" if loaded.process.get(name) else ".env"
        yield _check(name, shown, why=f"from {where}")


def reached(loaded: Loaded) -> Iterator[Check]:
    """Yield whether the models can be asked: their servers, and what there is in this process."""
    missing: Status = "note"
    settings = loaded.settings
    for wanted in dict.fromkeys((settings.model, settings.tool_model or settings.model)):
        with contextlib.suppress(CatagentError):  # it is told by `choices`
            spec = choose_model(wanted, loaded.environ)
            if spec.provider == "local":
                missing = "broken"
            elif spec.provider == "openai":
                from catagent.doctor.server import ask  # imports a client of HTTP

                yield ask(loaded, spec, loaded.environ.get(_KEY, ""))
            else:
                yield _made(loaded, spec)
    yield from _embedded(loaded, missing)


def _made(loaded: Loaded, spec: ModelSpec) -> Check:
    """Whether a model of another provider can be made, which asks nobody."""
    from catagent.models.factory import Models

    try:
        _ = Models(spec, spec, loaded).agent
    except Exception as raised:  # whatever a provider's package raises
        error = classify(raised)
        return _check("server", error.message, "broken", remedy=error.hint)
    return _check("server", f"not asked; the package and a key for {spec.provider} are there")


def _embedded(loaded: Loaded, missing: Status) -> Iterator[Check]:
    """Yield whether the runtime and the file of the embedded model are there, and whole."""
    if importlib.util.find_spec("xllamacpp") is None:
        yield _check("runtime", "no xllamacpp", missing, "of local models", install("xllamacpp"))
    else:
        yield _check("runtime", f"xllamacpp {version('xllamacpp')}", why="of local models")
    chosen, why = loaded.settings.local_model, source(loaded, "local_model")
    try:
        if (path := weights.find(loaded)) is None:
            yield _check("embedded", "not there", "note", "its first use fetches it")
        elif weights.is_whole(path):
            yield _check("embedded", f"{path}, {path.stat().st_size / 1e6:.0f} MB, whole")
        else:
            remedy = "unset CATAGENT_LOCAL_MODEL" if chosen else f"rm {quote(str(path))}"
            yield _check("embedded", f"{path} is damaged, or another", "warning", why, remedy)
    except (CatagentError, OSError) as error:
        yield _check("embedded", str(error), missing, why, "unset CATAGENT_LOCAL_MODEL")
