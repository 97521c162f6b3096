"""The options that several commands share, each written once, and what they come to.

A command names the groups that it takes, `@shares(RUN, OUTPUT, FILTERS)`, and reads what was
given from `ctx.params` with `flags`, `filters` and `Shown.given`.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import typer
from msgspec import Struct

from catagent.config import ColorChoice, Mode, Output, Settings, ThemeChoice
from catagent.events.filters import Filters

Group = Mapping[str, Any]


def _option(kind: Any, *names: str, text: str, panel: str, default: str = "", **more: Any) -> Any:
    make: Any = typer.Option  # its first parameter is a default, except inside Annotated
    if default:
        more["show_default"] = default
    return Annotated[kind, make(*names, help=text, rich_help_panel=panel, **more)]


_run = functools.partial(_option, panel="How to run it")
_output = functools.partial(_option, panel="How to show it")
_keep = functools.partial(_option, panel="What to keep")
_filter = functools.partial(_option, list[str] | None, panel="What to show", metavar="TEXT")

MODE: Group = {
    "mode": _run(
        Mode | None,
        "--mode",
        "-m",
        text="The streaming API to look through: steps (astream), log (astream_log) or events "
        "(astream_events).",
        default="events",
    )
}

RUN: Group = {
    **MODE,
    "model": _run(
        str | None,
        "--model",
        text="The agent's model, as PROVIDER:NAME; local is the embedded one, local:FILE.gguf "
        "your own.",
        default="OpenAI with a key, else local",
    ),
    "tool_model": _run(
        str | None, "--tool-model", text="The model inside the tools.", default="as --model"
    ),
    "max_steps": _run(int | None, "--max-steps", text="Stop after so many steps.", default="25"),
    "timeout": _run(float | None, "--timeout", text="Stop after so many seconds.", default="none"),
    "idle_timeout": _run(
        float | None,
        "--idle-timeout",
        text="Stop when a model is silent for so many seconds.",
        default="120",
    ),
    "max_retries": _run(
        int | None, "--max-retries", text="Send a failed request again.", default="2"
    ),
    "debug": _run(bool, "--debug", text="Show the traceback of an error."),
}

OUTPUT: Group = {
    "output": _output(
        Output | None,
        "--output",
        "-o",
        text="live is for a terminal, jsonl for a pipe.",
        default="auto",
    ),
    "json": _output(bool, "--json", text="The same as -o jsonl."),
    "quiet": _output(bool, "--quiet", "-q", text="The answer, and no status."),
    "verbose": _output(bool, "--verbose", "-v", text="Show run ids, tags and timings."),
    "stats": _output(bool, "--stats", text="Usage and times, on stderr, at the end."),
    "color": _output(ColorChoice | None, "--color", text="When to use colour.", default="auto"),
    "theme": _output(
        ThemeChoice | None,
        "--theme",
        text="Colours for which terminal.",
        default="auto",
    ),
    "ascii": _output(bool | None, "--ascii/--no-ascii", text="Draw with ASCII alone."),
}

KEEP: Group = {
    "raw": _keep(bool, "--raw", text="Add LangChain's own object to every event."),
    "record": _keep(Path | None, "--record", text="Write the run to this file, for replay."),
    "force": _keep(bool, "--force", text="Let --record overwrite a file."),
    "history": _keep(bool | None, "--history/--no-history", text="Keep the run for catagent runs."),
}

FILTERS: Group = {
    "include_names": _filter("--include-names", text="Only runs of this name. Repeatable."),
    "include_types": _filter("--include-types", text="Only runs of this type: tool, chain, …"),
    "include_tags": _filter("--include-tags", text="Only runs with this tag. Repeatable."),
    "exclude_names": _filter("--exclude-names", text="No runs of this name. Repeatable."),
    "exclude_types": _filter("--exclude-types", text="No runs of this type. Repeatable."),
    "exclude_tags": _filter("--exclude-tags", text="No runs with this tag. Repeatable."),
}


class Shown(Struct, kw_only=True, frozen=True):
    """How much to show and what to keep, beyond the settings."""

    quiet: bool = False
    verbose: bool = False
    stats: bool = False
    record: Path | None = None
    force: bool = False
    debug: bool = False

    @classmethod
    def given(cls, params: Mapping[str, Any]) -> Shown:
        """What was given on the command line."""
        return cls(**{name: params[name] for name in cls.__struct_fields__ if name in params})


def flags(params: Mapping[str, Any]) -> dict[str, Any]:
    """The settings that were given on the command line."""
    given = {name: params[name] for name in Settings.__struct_fields__ if name in params}
    if params.get("json"):
        given["output"] = "jsonl"
    return given


def filters(params: Mapping[str, Any]) -> Filters:
    """The six filter lists that were given on the command line."""
    return Filters(**{name: tuple(params.get(name) or ()) for name in FILTERS})


def shares(*groups: Group) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command the options of these groups; their values are in `ctx.params`.

    Typer reads options off a signature: this adds to the signature, so that a command's own
    parameters are all that stands in its file.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        shared = [_parameter(name, kind) for group in groups for name, kind in group.items()]

        @functools.wraps(command)
        def run(**given: Any) -> None:
            command(**{name: value for name, value in given.items() if name in own})

        parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in own.values()] + shared
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return decorate


def _parameter(name: str, kind: Any) -> inspect.Parameter:
    default = False if get_args(kind)[0] is bool else None
    return inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=kind)
