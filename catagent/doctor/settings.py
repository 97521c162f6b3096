"""Every setting and where it is from; what is wrong with the files that they are read from."""

import os
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from catagent import config, variables
from catagent.config import Loaded
from catagent.errors import UsageError
from catagent.events.report import Check, Choice
from catagent.remote.address import Address
from catagent.settings import descriptions

_check = partial(Check, "settings")


def choices(loaded: Loaded) -> list[Choice]:
    """Every setting. Keys of servers and logins are left out, however short they are."""
    values = {name: getattr(loaded.settings, name) for name in descriptions()}
    try:
        values["agent"] = str(Address.parse(values["agent"]) or values["agent"])
        hosts = config.server_keys(values["server_keys"] or "")
        values["server_keys"] = ", ".join(f"{host}=***" for host in hosts) or None
    except UsageError:
        values |= {"agent": "***", "server_keys": "***"}
    return [Choice(k, v, source(loaded, k), descriptions()[k]) for k, v in values.items()]


def source(loaded: Loaded, name: str) -> str:
    """Where a setting is from: `default`, `--model`, `CATAGENT_MODEL`, or a file."""
    where, variable = loaded.origins.get(name, "default"), variables.PREFIX + name.upper()
    option = "--" + name.replace("_", "-")
    known = {config.COMMAND_LINE: option, config.ENVIRONMENT: variable}
    return known.get(where, where)


def checks(loaded: Loaded, problems: Sequence[UsageError]) -> Iterator[Check]:
    """Yield what was chosen, and what is wrong or left out in the files that were read."""
    file, chosen = loaded.config_dir / config.CONFIG_FILE, ", ".join(sorted(loaded.origins))
    where = f"{file} is not yours to read" if os.access(file, os.F_OK) else f"{file} is not there"
    why = f"{file if os.access(file, os.R_OK) else where}; --settings shows all"
    yield _check("chosen", chosen or "nothing", why=why)
    problems = [*problems]
    with config.noted(problems):
        config.server_keys(loaded.settings.server_keys or "")
    for error in problems:
        yield _check("wrong", error.message, "broken", remedy=error.hint or f"change {file}")
    for notice in loaded.notices:
        said, _, meant = notice.partition("; ")
        yield _check("left out", said, "warning", remedy=meant or "set it in the environment")
    found, _ = variables.read_if_usable(Path(".env")) if Path(".env").is_file() else ({}, ())
    ours = {k for k in found if k.startswith(variables.PREFIX)} | variables.DOTENV_ALLOWED
    if left := sorted(k for k in ours & found.keys() if loaded.environ.get(k) != found[k]):
        why = "the environment has it already, or no .env may"
        yield _check("left out", f".env does not set {', '.join(left)}", "note", why)
