"""Where settings come from: flag > environment > .env > user config file > default.

The only place that reads `os.environ`. A `.env` may set what is in `DOTENV_ALLOWED`: a folder that
somebody else wrote must not send an existing key elsewhere, nor start code.
"""

import base64
import contextlib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, get_args, get_type_hints
from urllib.parse import unquote

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from catagent import variables
from catagent.errors import UsageError, did_you_mean, nearest
from catagent.settings import ColorChoice as ColorChoice
from catagent.settings import Mode as Mode
from catagent.settings import Output as Output
from catagent.settings import Settings as Settings
from catagent.settings import ThemeChoice as ThemeChoice
from catagent.variables import PREFIX, read_text, sounds_secret

_SHORTEST_SECRET = 8
# To the first @ and to the last one: several addresses may stand in a row.
_URL_PASSWORDS = (
    re.compile(r"://[^\s/:@]*:([^\s/@]+)@"),
    re.compile(r"""://[^\s/:@]*:([^\s"']+)@"""),
    re.compile(r"\A[^\s:]+://[^\s/:@]*:(\S+)@"),
)
_PAIRS = re.compile(PREFIX + r"SERVER_KEYS|OTEL_EXPORTER_OTLP_([A-Z]+_)?HEADERS")
_PAIR = re.compile(r"=\s*(?:(?i:bearer|basic)(?:\s|%20)+)?([^,\n]*[^,\s])")
_URL_LOGIN = re.compile(r"://([^\s/@]+)@")


class Loaded(Struct, kw_only=True, frozen=True):
    """The settings, the environment they came with (`.env` included), and the user's folders.

    `process` is the environment without `.env`: what a program that we start is to have.
    `origins` says of each setting that is no default where it is from: "the command line",
    "the environment", ".env", or the path of config.toml.
    `notices` are for the person: what was left out that they may count on.
    """

    settings: Settings
    environ: Mapping[str, str]
    process: Mapping[str, str]
    config_dir: Path
    state_dir: Path
    cache_dir: Path
    origins: Mapping[str, str] = {}
    notices: tuple[str, ...] = ()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that must never be shown, longest first."""
        return secrets_of({**self.environ, **_with_secrets(self.settings)})


def _with_secrets(settings: Settings) -> dict[str, str]:
    """The settings that may hold secrets, as variables."""
    ours = {"AGENT": settings.agent, "SERVER_KEYS": settings.server_keys or ""}
    return {PREFIX + name: value for name, value in ours.items()}


# Those that were read last: what is said on stderr, where no `Loaded` is at hand, has them not.
_ours: dict[str, str] = {}
_LONGEST_SHOWN = 200
_NO_SETTINGS = ("home", "watch", "watch_tokens")
_FOLDERS = ("config", "state", "cache")
CONFIG_FILE = "config.toml"
# Where a setting may be from; what else there is, is the path of that file.
COMMAND_LINE, ENVIRONMENT, DOTENV = "the command line", "the environment", ".env"


def load(
    flags: Mapping[str, Any],
    environ: Mapping[str, str] | None = None,
    env_file: Path | None = None,
    problems: list[UsageError] | None = None,
) -> Loaded:
    """Read every layer. `flags` holds what was given on the command line, None for what was not.

    What `env_file` adds to the environment comes before `.env`. Raises UsageError that names the
    layer of a value that is of no use, unless there is a list for `problems`, where it is put and
    the value left out; and for an `env_file` that cannot be read.
    """
    process = dict(os.environ if environ is None else environ)
    named = _read_named(env_file) if env_file else {}
    added, said = variables.of_file(named, process, str(env_file))
    has_dotenv = Path(".env").is_file()
    found, notices = variables.read_if_usable(Path(".env")) if has_dotenv else ({}, ())
    dotenv = variables.of_dotenv(found, {**added, **process})
    whole = {**dotenv, **added, **process}
    if environ is None:
        os.environ.update(whole)  # LangChain's providers look for their keys there themselves
    folders = _folders(whole)
    file = folders["config_dir"] / CONFIG_FILE
    layers = [
        (COMMAND_LINE, {k: v for k, v in flags.items() if v is not None}),
        (ENVIRONMENT, _prefixed(process)),
        (DOTENV, _prefixed(dotenv)),
        (str(file), _read_toml(file, problems)),
    ]
    chosen = _chosen(layers, problems)
    settings = Settings(**{name: value for name, (value, _) in chosen.items()})
    _ours.update(_with_secrets(settings))
    return Loaded(
        settings=settings,
        environ=whole,
        process=process,
        origins={name: where for name, (_, where) in chosen.items()},
        notices=(*said, *notices, *_misspelt({**found, **process})),
        **folders,
    )


def _misspelt(environ: Mapping[str, str]) -> Iterator[str]:
    """Say of each variable that is nearly a setting, and none, which one it may be meant to be."""
    known = {*Settings.__struct_fields__, *_NO_SETTINGS}
    for name in sorted(_prefixed(environ).keys() - known):
        if near := nearest(name, known):
            mistake, meant = PREFIX + name.upper(), PREFIX + near.upper()
            yield f"{mistake} is not a setting; did you mean {meant}?"


_KINDS = {"int": "a whole number", "float": "a number", "bool": "true or false", "str": "a text"}


def merged(layers: Sequence[tuple[str, Mapping[str, Any]]]) -> Settings:
    """Each setting from the first layer that has it. Raises UsageError, which names the layer."""
    return Settings(**{name: value for name, (value, _) in _chosen(layers).items()})


def _chosen(
    layers: Sequence[tuple[str, Mapping[str, Any]]], problems: list[UsageError] | None = None
) -> dict[str, tuple[Any, str]]:
    """The value of each setting that a layer has, and which layer that is."""
    hints, values = get_type_hints(Settings, include_extras=True), {}
    for where, layer in reversed(layers):
        for name, value in layer.items():
            if name in hints:
                with noted(problems):
                    values[name] = _convert(name, value, hints[name], where), where
    return values


@contextlib.contextmanager
def noted(problems: list[UsageError] | None) -> Iterator[None]:
    """Inside, what is wrong is put into the list, or raised where there is none."""
    try:
        yield
    except UsageError as error:
        if problems is None:
            raise
        problems.append(error)


def _convert(name: str, value: Any, kind: Any, where: str) -> Any:
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        words = [each for each in get_args(get_args(kind)[0]) if isinstance(each, str)]
        if sounds_secret(name.upper()):
            raise UsageError(f"{name} from {where} is not a text") from None
        hint = did_you_mean(value if isinstance(value, str) else "", words)
        wanted = "" if hint else _wanted(error)
        if where == COMMAND_LINE:
            flag = "--" + name.replace("_", "-")
            raise UsageError(f"{flag} is {_shown(value)}", hint or wanted) from None
        message = ": ".join(filter(None, [f"{name} from {where} is {_shown(value)}", wanted]))
        raise UsageError(message, hint) from None


def _wanted(error: msgspec.ValidationError) -> str:
    """What a setting is to be: "Expected `int` >= 1" in our words."""
    found = re.match(r"Expected `(int|float|bool|str).*?`(?: >= (\d+))?", str(error))
    kind, least = found.groups() if found else ("", None)
    what = f"it is {_KINDS[kind]}" if kind else ""
    return f"{what}, {least} or more" if least else what


def _shown(value: Any) -> str:
    """A value as Python writes it; one that is too long for a message by its kind."""
    with contextlib.suppress(ValueError, RecursionError):  # longer, or deeper, than Python writes
        if len(shown := repr(value)) <= _LONGEST_SHOWN:
            return shown
    return f"a long {type(value).__name__}"


def _prefixed(environ: Mapping[str, str]) -> dict[str, str]:
    return {k[len(PREFIX) :].lower(): v for k, v in environ.items() if v and k.startswith(PREFIX)}


def _read_named(path: Path) -> dict[str, str]:
    try:
        return variables.read(path)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read --env-file {path}: {why}") from None


def with_variables(loaded: Loaded, found: Mapping[str, str], where: str) -> Loaded:
    """Add what a file called `where` sets to the environment, this process's too, as far as it may.

    Its `notices` are those of this file alone.
    """
    added, notices = variables.of_file(found, loaded.environ, where)
    os.environ.update(added)
    return replace(loaded, environ={**loaded.environ, **added}, notices=notices)


def _read_toml(path: Path, problems: list[UsageError] | None) -> dict[str, Any]:
    values: dict[str, Any] = {}
    with noted(problems):
        values = _parsed(path)
        if unknown := sorted(values.keys() - set(Settings.__struct_fields__)):
            raise _unknown(path, unknown)
    return values


def _parsed(path: Path) -> dict[str, Any]:
    try:
        text = read_text(path)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise UsageError(f"cannot read {path}: {why}") from None
    import tomllib  # 13 ms that most starts need not pay

    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "it is nested too deep"
        raise UsageError(f"{path} is not TOML: {why}") from None


def _unknown(path: Path, names: Sequence[str]) -> UsageError:
    """The error for keys of a file that are no settings: each with the one that it may mean."""
    known = Settings.__struct_fields__
    near = {name: nearest(name, known) for name in names[:5]}
    said = [_shown(name) + (f" (did you mean {m}?)" if m else "") for name, m in near.items()]
    return UsageError(
        f"{path} has no such setting: {', '.join(said)}", f"there is: {', '.join(known)}"
    )


def _folders(environ: Mapping[str, str]) -> dict[str, Path]:
    """`$CATAGENT_HOME` holds all three folders, for people and tests who want them in one."""
    home = environ.get(PREFIX + "HOME")
    if home:
        try:
            base = Path(home).expanduser()
        except RuntimeError as error:
            raise UsageError(f"{PREFIX}HOME is {home}: {error}") from None
        return {f"{name}_dir": base / name for name in _FOLDERS}
    from platformdirs import PlatformDirs

    dirs = PlatformDirs("catagent", appauthor=False)
    return {f"{name}_dir": getattr(dirs, f"user_{name}_path") for name in _FOLDERS}


def process_environ() -> dict[str, str]:
    """The environment of this process as it is now."""
    return dict(os.environ)


@contextlib.contextmanager
def offline() -> Iterator[None]:
    """Meanwhile models can be made in this process without keys, and no tracing leaves it."""
    before = process_environ()
    added = variables.offline(before)
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name)
        os.environ.update({name: before[name] for name in added.keys() & before.keys()})


def server_keys(written: str) -> dict[str, str]:
    """The keys in a `server_keys` by host, or host and port, as they are written.

    Raises UsageError, which names no key.
    """
    entries = [entry.strip() for entry in re.split(r"[,\n]", written)]
    split = [entry.partition("=") for entry in filter(None, entries)]
    if not all(host.strip() and key.strip() for host, _, key in split):
        raise UsageError("server_keys has an entry that is none", "write HOST[:PORT]=KEY")
    return {host.strip().lower(): key.strip() for host, _, key in split}


def secrets_of(environ: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """The values of an environment that must never be shown, longest first.

    Without one it is this process's, with the settings that were read last.

    Those of variables that sound secret, and passwords in URLs; not those under 8 characters,
    which would be words that a model writes anyway.
    """
    found = set[str]()
    for name, value in ({**os.environ, **_ours} if environ is None else environ).items():
        if _PAIRS.fullmatch(name):  # the hosts and the headers in it are no secrets
            found.update(form for each in _PAIR.findall(value) for form in (each, unquote(each)))
        elif sounds_secret(name.upper()):
            found.add(value)
        if "://" in value:
            passwords = (text for each in _URL_PASSWORDS for text in each.findall(value))
            found.update(form for each in passwords for form in (each, unquote(each)))
            logins = (unquote(each).encode() for each in _URL_LOGIN.findall(value))
            found.update(base64.b64encode(each).decode() for each in logins)
    return tuple(sorted((v for v in found if len(v) >= _SHORTEST_SECRET), key=len, reverse=True))
