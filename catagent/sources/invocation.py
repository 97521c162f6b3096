"""What a model is sent besides messages: tools in any provider's form, and parameters."""

import re
from typing import Any

from catagent.events import types as ev
from catagent.events.codec import PLACEHOLDER
from catagent.sources.kinds import langchain
from catagent.sources.plain import plain
from catagent.variables import sounds_secret

_TOLD_ELSEWHERE = frozenset({"model", "model_name", "model_id", "tools", "functions", "_type"})
# How a server is reached, which is no parameter of a model: headers may hold a login, by any name.
_TRANSPORT = re.compile(
    r"(.*_)?(HEADERS?|CLIENT|HTTP|TRANSPORT|PROXY|PROXIES)(_.*)?|(EXTRA|DEFAULT)_QUERY"
)
# Secrets by these names are in requests, and hardly in an environment.
_SECRET_WORDS = ("COOKIE", "BEARER", "JWT", "SESSION", "OAUTH", "SIGNATURE")
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_FIELDS = ("properties", "$defs", "definitions")
_SCHEMAS = ("parameters", "input_schema", "parameters_json_schema", "inputSchema", "args_schema")


def parameters_of(invocation_params: dict[str, Any]) -> dict[str, Any]:
    """The parameters of a model call, plain: without what is told elsewhere, and secrets."""
    given = {k: v for k, v in invocation_params.items() if k not in _TOLD_ELSEWHERE}
    found: dict[str, Any] = without_secrets(plain(given))
    return {name: value for name, value in found.items() if value is not None}


def without_secrets(value: Any, *, secret: bool = False, schema: bool = False) -> Any:
    """The value without headers and the like, and without texts under a name like `api_key`.

    `secret`: the value is under such a name, as `max_tokens` is, a number, which stays. `schema`:
    its names are those that a JSON Schema gives to fields, and hold no values.
    """
    if isinstance(value, list):
        return [without_secrets(item, secret=secret) for item in value if not _hides(secret, item)]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, item in value.items():
        field = schema and isinstance(item, dict)
        words = "" if field else _CAMEL.sub("_", name).replace("-", "_").upper()
        inner = secret or sounds_secret(words) or any(word in words for word in _SECRET_WORDS)
        if not (_TRANSPORT.fullmatch(words) or _hides(inner, item)):
            kept[name] = without_secrets(item, secret=inner, schema=name in _FIELDS)
    return kept


def _hides(secret: bool, value: Any) -> bool:
    """Whether it is a text that may be secret, or an object in its place, like a SecretStr."""
    return secret and (isinstance(value, str) or (isinstance(value, dict) and PLACEHOLDER in value))


def tools_of(given: Any) -> list[ev.Tool]:
    """The tools that one item of a call's `tools` or `functions` declares: Google's may be many."""
    if isinstance(given, str):
        return [ev.Tool(name=given)]
    form = plain(_declared(given))
    if not isinstance(form, dict):
        return [ev.Tool(name=str(getattr(given, "__name__", type(given).__name__)))]
    declared = form.get("function_declarations") or form.get("functionDeclarations")
    return [_tool(each) for each in declared or [form] if isinstance(each, dict)]


def _declared(given: Any) -> Any:
    """What is a tool of LangChain's, a class or a function, as OpenAI's servers are sent it."""
    if isinstance(given, dict):
        return given
    try:
        return langchain("utils.function_calling").convert_to_openai_tool(given)
    except Exception:  # a provider's own object, a stranger's, or no LangChain
        return given


def _tool(form: dict[str, Any]) -> ev.Tool:
    """One declaration. A tool of the server's own has a type alone, or is the only key."""
    kind = form.get("type")
    for wrapper in ("function", "custom", "toolSpec"):
        if isinstance(form.get(wrapper), dict):
            form = form[wrapper]
    if not (name := form.get("name") or kind):
        return ev.Tool(name=next(iter(form), ""))
    schema = next((form[key] for key in _SCHEMAS if form.get(key)), None)
    if isinstance(schema, dict) and schema.keys() == {"json"}:
        schema = schema["json"]
    description = str(form.get("description") or "")
    return ev.Tool(name=str(name), description=description, parameters=schema)
