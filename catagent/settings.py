"""What a person can choose, and what is said of each choice: the one place for both.

Help, docs/settings.md, `doctor --settings` and the JSON Schema of config.toml are made of it.
"""

import json
from functools import cache
from typing import Annotated, Any, Literal, get_type_hints

import msgspec
from msgspec import Meta, Struct

Output = Literal["auto", "live", "plain", "jsonl", "answer", "ag-ui"]
ColorChoice = Literal["auto", "always", "never"]
ThemeChoice = Literal["auto", "dark", "light"]
Mode = Literal["steps", "log", "events"]
_Count = Annotated[int, Meta(ge=0)]
_Seconds = Annotated[float, Meta(ge=0)]


def _is(description: str) -> Meta:
    """What is said of a setting. Help has its first sentence alone."""
    return Meta(description=description)


class Settings(Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What a person can choose. Every field is also CATAGENT_<NAME>, and a key of config.toml."""

    agent: Annotated[
        str,
        _is(
            "cat, cat-classic, file.py:name, id or URL. The id is one of langgraph.json, the URL "
            "that of an agent on a server, as http://HOST:PORT/GRAPH."
        ),
    ] = "cat"
    model: Annotated[
        str | None,
        _is(
            "The agent's model, as PROVIDER:NAME; local is the embedded one, local:FILE.gguf your "
            "own. Unset, it is OpenAI's where there is a key, else the embedded one."
        ),
    ] = None
    tool_model: Annotated[str | None, _is("The model inside the tools. Unset, the agent's.")] = None
    local_model: Annotated[str | None, _is("A copy of the embedded model's file.")] = None
    mode: Annotated[
        Mode,
        _is("Which of LangChain's APIs. They are astream (steps), astream_log and astream_events."),
    ] = "events"
    output: Annotated[
        Output, _is("live is for a terminal, jsonl for a pipe. Of these, auto takes the right one.")
    ] = "auto"
    color: Annotated[
        ColorChoice, _is("When to use colour. With auto, NO_COLOR and FORCE_COLOR count.")
    ] = "auto"
    theme: Annotated[ThemeChoice, _is("Colours for which terminal.")] = "auto"
    ascii: Annotated[bool, _is("Draw with ASCII alone.")] = False
    fold: Annotated[
        _Count,
        _is("Show so many rows of a long text; 0 for all. The answer is always whole."),
    ] = 9
    max_steps: Annotated[int, Meta(ge=1), _is("Stop after so many steps.")] = 25
    max_retries: Annotated[_Count, _is("Send a failed request again.")] = 2
    timeout: Annotated[_Seconds, _is("Stop after so many seconds; 0 for no limit.")] = 0.0
    idle_timeout: Annotated[
        _Seconds, _is("Stop when a model is silent for so many seconds; 0 for no limit.")
    ] = 120.0
    max_tokens: Annotated[_Count, _is("Ask no model after so many tokens; 0 for no limit.")] = 0
    max_cost: Annotated[
        float, Meta(ge=0), _is("Ask no model after so many US dollars; 0 for no limit.")
    ] = 0.0
    history: Annotated[bool, _is("Keep the run for catagent runs.")] = True
    history_runs: Annotated[_Count, _is("How many runs are kept.")] = 200
    history_mb: Annotated[_Count, _is("How many megabytes of runs are kept.")] = 200
    server_keys: Annotated[
        str | None,
        _is("Keys of servers that agents run on. HOST[:PORT]=KEY, in lines or by commas."),
    ] = None


@cache
def descriptions() -> dict[str, str]:
    """What is said of each setting, by its name."""
    hints = get_type_hints(Settings, include_extras=True)
    return {name: hints[name].__metadata__[-1].description for name in Settings.__struct_fields__}


def schema() -> str:
    """The JSON Schema (2020-12) of config.toml, as it is printed and committed."""
    found: dict[str, Any] = msgspec.json.schema(Settings)["$defs"]["Settings"]
    for setting in found["properties"].values():
        if setting.get("default", "") is None:  # TOML has no null
            del setting["default"]
            setting |= setting.pop("anyOf")[0]
    about = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": "urn:catagent:config",
        **found,
        "title": "catagent's config.toml",
        "description": "What can be chosen once. An option and a variable take precedence.",
    }
    return json.dumps(about, indent=2) + "\n"
