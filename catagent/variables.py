"""What the variables of an environment are, and which of them a file may set."""

import contextlib
import io
import os
import re
import stat
from collections.abc import Collection, Mapping
from pathlib import Path

PREFIX = "CATAGENT_"
# Every variable whose value is a credential, or is to be treated like one.
SECRET_WORDS = ("KEY", "TOKEN", "SECRET", "PASSW", "PASSPHRASE", "CREDENTIAL", "_PASS")
# And those that have one of these as a whole word.
_SECRET_WHOLE = frozenset({"PWD", "AUTH", "AUTHORIZATION", "PAT", "PRIVATE"})
# A folder, a socket, the way to log in: no secrets, and masked they would be missed.
_NO_SECRET = re.compile(r"PWD|OLDPWD|.*_AUTH_(SOCK|TYPE|MODE|METHOD)")

# Written out, so that a new setting is left out until somebody has thought about it. Not an agent
# (an import), not a file, nothing that deletes what is kept, and no limit on what a run may use: a
# stranger's folder must not lift the one that a person wrote in their own config.toml.
DOTENV_ALLOWED = frozenset(
    {
        # Where requests go, and with which key; see `of_dotenv` for an address without its key.
        *("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"),
        # Keys alone: each is sent to its own provider's address.
        *("ANTHROPIC_API_KEY", "GOOGLE_API_KEY", "GROQ_API_KEY", "MISTRAL_API_KEY"),
        *("DEEPSEEK_API_KEY", "OPENROUTER_API_KEY", "TOGETHER_API_KEY", "XAI_API_KEY"),
        # Names of models; `of_dotenv` takes out what would read a file.
        *("CATAGENT_MODEL", "CATAGENT_TOOL_MODEL"),
        # Which of LangChain's APIs to look through, and for how long: seen in every run, harmless.
        *("CATAGENT_MODE", "CATAGENT_MAX_STEPS", "CATAGENT_MAX_RETRIES"),
        *("CATAGENT_TIMEOUT", "CATAGENT_IDLE_TIMEOUT"),
        # How a run is drawn.
        *("CATAGENT_OUTPUT", "CATAGENT_COLOR", "CATAGENT_THEME", "CATAGENT_ASCII"),
        "CATAGENT_FOLD",
    }
)
# Of no file, in capitals: what starts or finds other code, whom a connection trusts and leads
# through, and our own settings.
_GUARDED = re.compile(
    r"(LD|DYLD|OPENSSL|GIT|CATAGENT|XDG)_.*|SSL.*|PYTHON.*|.*_PROXY|.*_CA_(BUNDLE|CERTS)"
    r"|(MAN|CLASS|LIB|SHLIB_|NODE_|GCONV_|LOC)?PATH|NODE_OPTIONS|JAVA_TOOL_OPTIONS|GLIBC_TUNABLES"
    r"|(PERL5|RUBY)(LIB|OPT)|BASH_ENV|VIRTUAL_ENV|HOME|SHELL|IFS|TMPDIR|HOSTALIASES|LOCALDOMAIN"
    r"|BROWSER|EDITOR|PAGER|VISUAL|AWS_(CONFIG|SHARED_CREDENTIALS)_FILE"
)
_NAME = re.compile(r"[^\W\d][\w.-]*")
_ADDRESS = re.compile(
    r"URL|ENDPOINT|HOST|ADDR|DOMAIN|GATEWAY|(?<![A-Z])(BASE|URI|SERVER|SITE)(?![A-Z])"
)
_TRACING = re.compile(r"LANG(SMITH|CHAIN)_(TRACING(_V2)?|OTEL_.*)|OTEL_EXPORTER_.*ENDPOINT")
_PROVIDERS = (
    *("OPENAI", "AZURE_OPENAI", "ANTHROPIC", "GOOGLE", "GEMINI", "GROQ", "MISTRAL", "DEEPSEEK"),
    *("OPENROUTER", "TOGETHER", "XAI", "FIREWORKS", "COHERE", "CO", "PPLX", "NVIDIA", "CEREBRAS"),
    *("PERPLEXITY", "DASHSCOPE", "MOONSHOT", "UPSTAGE", "TAVILY"),
)
_TRACES = ("LANGSMITH_TRACING", "LANGCHAIN_TRACING", "LANGSMITH_TRACING_V2", "LANGCHAIN_TRACING_V2")
# One provider's by two names.
_OTHER_NAMES = {"LANGCHAIN": "LANGSMITH", "CO": "COHERE", "GEMINI": "GOOGLE"}
_OTHER_NAMES |= dict.fromkeys(("HUGGINGFACEHUB", "HUGGING"), "HF")
_LARGEST_FILE = 1_000_000
_MOST_NAMED = 20
# Where one of these is set, the key or the address is somebody's choice already.
_OPENAI = ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_API_BASE")
_MODELS = (PREFIX + "MODEL", PREFIX + "TOOL_MODEL")


def read_text(path: Path) -> str:
    """The text of a file. Raises ValueError for what holds none; waits for no other program."""
    nonblock = getattr(os, "O_NONBLOCK", 0)  # not on Windows
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | nonblock)) as file:
        if stat.S_ISFIFO(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is a pipe")
        data = file.read(_LARGEST_FILE + 1)
    if len(data) > _LARGEST_FILE:
        raise ValueError("it is larger than 1 MB")
    with contextlib.suppress(UnicodeDecodeError):
        if "\0" not in (text := data.decode("utf-8-sig")):
            return text
    raise ValueError("it is not UTF-8 text")


def read(path: Path) -> dict[str, str]:
    """The variables that a file sets. Raises OSError, and ValueError for what holds no text."""
    text = read_text(path)
    from dotenv import dotenv_values

    # No interpolation: ${OPENAI_API_KEY} in a foreign file could carry a key out.
    values = dotenv_values(stream=io.StringIO(text), interpolate=False)
    return {name: value for name, value in values.items() if value}


def read_if_usable(path: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """What `read` gives, and a notice where it cannot be used: it may be a stranger's."""
    try:
        return read(path), ()
    except (OSError, ValueError) as error:
        return {}, (f"{path} is ignored: {getattr(error, 'strerror', None) or error}",)


def of_file(
    found: Mapping[str, str], held: Mapping[str, str], where: str
) -> tuple[dict[str, str], tuple[str, ...]]:
    """Of what `found` sets, in a file called `where`, what is added to the variables `held`.

    Also returned are notices: what is left out, by name, and that a run will be sent elsewhere.
    """
    # Whoever wrote a key into the file knows it, and may say where it goes.
    keys = {
        _words(name)[0]
        for name, value in held.items()
        if value and found.get(name) != value
        if sounds_secret(name.upper()) or name.endswith("_HEADERS")
    }
    added, left, notices = {}, [], []
    for name, value in found.items():
        if why := _why_not(name, value, held, keys):
            left.append(f"{' '.join(name.split()):.60} ({why})")
        elif name not in held:
            added[name] = value
            if sends_runs(name, value):
                notices.append(f"{name} of {where} has all that the agent does sent elsewhere")
    if left:
        notices.append(f"{where} does not set {', '.join(left[:_MOST_NAMED])}")
    return added, tuple(notices)


def _why_not(name: str, value: str, held: Mapping[str, str], keys: Collection[str]) -> str:
    """Why a file may not set a variable; nothing where it may, and where that changes nothing."""
    if name in held:
        return "" if held[name] == value else "it is set already"
    if _GUARDED.fullmatch(name.upper()) or not _NAME.fullmatch(name) or "\0" in value:
        return "no file may"
    is_address = "://" in value or _ADDRESS.search(name.upper())
    is_held = is_address and any(word in keys for word in _words(name))
    return "the address for a key that is set already" if is_held else ""


def _words(name: str) -> list[str]:
    return [_OTHER_NAMES.get(word, word) for word in name.upper().split("_") if word] or [name]


def of_dotenv(dotenv: Mapping[str, str], process: Mapping[str, str]) -> dict[str, str]:
    """Of what a `.env` sets, what is added to the environment of the process."""
    found = {k: v for k, v in dotenv.items() if k in DOTENV_ALLOWED and not process.get(k)}
    for name in _MODELS:
        # A file of a stranger's folder, read by native code: that is for a person to ask for.
        if found.get(name, "").strip().lower().startswith("local:"):
            del found[name]
    if any(map(process.get, _OPENAI)):
        found.pop("OPENAI_BASE_URL", None)
    return found


def offline(environ: Mapping[str, str]) -> dict[str, str]:
    """What to add to an environment so that models can be made, none of which is ever asked.

    A word for each provider's key that is not there; and what a tracing would send stays here.
    """
    names = [*(f"{each}_API_KEY" for each in _PROVIDERS), "HUGGINGFACEHUB_API_TOKEN", "HF_TOKEN"]
    keys = {name: "none" for name in names if not environ.get(name)}
    return keys | dict.fromkeys(_TRACES, "false")


def sends_runs(name: str, value: str) -> bool:
    """Whether a variable has all that an agent does sent elsewhere, by LangSmith's tracing."""
    return bool(_TRACING.fullmatch(name) and value) and value.lower() != "false"


def sounds_secret(name: str) -> bool:
    """Whether a name in capitals, of a variable or a setting, is one that secrets have."""
    if any(word in name for word in SECRET_WORDS):
        return True
    return not (_SECRET_WHOLE.isdisjoint(re.split(r"[^A-Z]+", name)) or _NO_SECRET.fullmatch(name))
