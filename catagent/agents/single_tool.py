"""One tool on its own: which there are, what they take, and how to run one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from langchain_core.tools import BaseTool, tool
from msgspec import Struct
from pydantic import BaseModel, ValidationError

from catagent.agents.code import find
from catagent.agents.open import AgentRequest
from catagent.errors import UsageError, did_you_mean
from catagent.loading import registry
from catagent.sources.base import AgentRun

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


class ToolInfo(Struct, kw_only=True, frozen=True):
    """A tool as a person sees it: `args` maps each argument's name to its JSON type, or types."""

    name: str
    description: str
    args: dict[str, str]


def list_tools() -> list[ToolInfo]:
    """Describe every tool of the registry, in its order. Asks no model."""
    return [_describe(_find(name, None)) for name in registry.TOOLS]


def open_tool(name: str, given: Mapping[str, str], request: AgentRequest) -> AgentRun:
    """Make the tool ready to run with the arguments `given`, as words of a command line.

    Raises UsageError for a tool that is not there, or arguments that it does not take.
    """
    tool_input = parse(_find(name, None), given)
    found = _find(name, request.models.tool if name in registry.TOOLS else None)
    return AgentRun(found, tool_input, "other", config=request.config, raw=request.raw)


def parse(found: BaseTool, given: Mapping[str, str]) -> dict[str, Any]:
    """Turn words into the tool's input, checked against its schema; JSON where it wants no text."""
    unknown = sorted(given.keys() - found.args.keys())
    if unknown:
        hint = did_you_mean(unknown[0], found.args, _usage(found))
        raise UsageError(f"{found.name} takes no argument called {unknown[0]!r}", hint)
    schema = cast("type[BaseModel]", found.get_input_schema())
    read = {key: _value(found.args[key], value) for key, value in given.items()}
    try:
        checked = schema.model_validate(read)
    except ValidationError as error:
        raise _bad_arguments(found, error) from None
    return {key: getattr(checked, key) for key in given}


def _find(name: str, model: BaseChatModel | None) -> BaseTool:
    found = find(name, registry.TOOLS, "tool")
    if name in registry.TOOLS:
        made = cast("list[BaseTool]", found(model))
        return next(tool for tool in made if tool.name == name)
    if not isinstance(found, BaseTool) and callable(found) and found.__doc__:
        found = tool(found)
    if not isinstance(found, BaseTool):
        raise UsageError(f"{name} is not a tool", "a tool is a BaseTool or a documented function")
    return found


def _describe(found: BaseTool) -> ToolInfo:
    args = {key: "|".join(_types(schema)) for key, schema in found.args.items()}
    return ToolInfo(name=found.name, description=found.description, args=args)


def _types(schema: Mapping[str, Any]) -> list[str]:
    """The JSON types that a schema admits, each once."""
    either = schema.get("anyOf") or schema.get("oneOf")
    if either:
        return list(dict.fromkeys(name for each in either for name in _types(each)))
    return [str(schema.get("type", "any"))]


def _value(schema: Mapping[str, Any], value: str) -> Any:
    if "string" in _types(schema):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _bad_arguments(found: BaseTool, error: ValidationError) -> UsageError:
    problems = "; ".join(
        f"{'.'.join(map(str, problem['loc']))}: {problem['msg'].lower()}"
        for problem in error.errors(include_url=False)
    )
    return UsageError(f"{found.name} cannot take these arguments: {problems}", _usage(found))


def _usage(found: BaseTool) -> str:
    words = " ".join(f"{key}=<{types}>" for key, types in _describe(found).args.items())
    return f"catagent tool {found.name} {words}".strip()
