"""The options that several commands share: `@shares(RUN, OUTPUT)` names groups of them."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from catagent.cli.asked import Asked
from catagent.cli.candidates import agents, models, runs, threads
from catagent.cli.mistakes import require_unix
from catagent.config import Settings
from catagent.events.filters import TYPES
from catagent.settings import descriptions

Options = tuple[inspect.Parameter, ...]

_KINDS = get_type_hints(Settings)
# What a shell completes the values of options with.
_VALUES: dict[str, Callable[[], Any]] = {
    "agent": agents,
    "thread": threads,
    **dict.fromkeys(("model", "tool_model"), models),
    **dict.fromkeys(("include_types", "exclude_types"), lambda: [*TYPES]),
}


def _option(
    name: str, text: str = "", *short: str, panel: str, kind: Any = bool, **more: Any
) -> inspect.Parameter:
    """Make the option `--name`. A setting's has its type, its default, and what is said of it.

    A text is for what a command says otherwise. A name that is a word of Python's ends in `_`.
    """
    flag, setting = "--" + name.rstrip("_").replace("_", "-"), _KINDS.get(name)
    if setting is bool:
        flag = f"{flag}/--no-{flag[2:]}"
    elif setting is not None:
        more.setdefault("show_default", _default(name))
    kind = kind if setting is None else setting | None
    more["autocompletion"] = _VALUES.get(name)
    make: Any = typer.Option  # its first parameter is a default, except inside Annotated
    return inspect.Parameter(
        name,
        inspect.Parameter.KEYWORD_ONLY,
        default=False if kind is bool else None,
        annotation=Annotated[
            kind,
            make(flag, *short, help=text or descriptions()[name], rich_help_panel=panel, **more),
        ],
    )


def _default(name: str) -> str:
    """The default of a setting as help shows it. A limit of 0 seconds is none."""
    value = getattr(Settings(), name)
    if isinstance(value, int | float):
        return f"{value:g}" if value else "none"
    return str(value)


_run = functools.partial(_option, panel="How to run it")
_watch = functools.partial(_option, panel="What to watch")
_output = functools.partial(_option, panel="How to show it")
_keep = functools.partial(_option, panel="What to keep")
_filter = functools.partial(_option, panel="What to show", kind=list[str] | None)

AGENT: Options = (
    _run(
        "agent",
        "",
        "-a",
        metavar="NAME",
    ),
    _run(
        "python",
        "The interpreter for your own agent.",
        kind=str | None,
        metavar="PATH",
        show_default="for a file its project's: VIRTUAL_ENV, or .venv",
    ),
    _run("context", "The context of a graph.", kind=str | None, metavar="JSON|@FILE"),
    _run(
        "configurable",
        "For its config. Repeatable.",
        kind=list[str] | None,
        metavar="KEY=VALUE",
    ),
    _run("env_file", "Variables for your own agent, from a file.", kind=Path | None),
)

INPUT: Options = (
    _run(
        "input",
        "The agent's own input, in the place of a question; - reads it from stdin.",
        kind=str | None,
        metavar="JSON|@FILE|-",
    ),
)

BREAK: Options = (
    _run(
        "break_",
        "Stop before this tool, or node of a graph. Repeatable.",
        kind=list[str] | None,
        metavar="TOOL|NODE",
    ),
    _run("step", "Stop before the first of all, and each that comes next."),
)

MODE: Options = (_run("mode", "", "-m"),)

RUN: Options = (
    *MODE,
    _run("model", metavar="NAME", show_default="OpenAI with a key, else local"),
    _run("tool_model", metavar="NAME", show_default="as --model"),
    *map(_run, ("max_steps", "max_tokens", "max_cost", "timeout", "idle_timeout", "max_retries")),
    _run("debug", "Show the traceback of an error."),
)

CHOSEN: Options = tuple(
    option for option in (*AGENT, *RUN) if option.name in ("agent", "python", "model", "tool_model")
)

ANSWERS: Options = (
    _run(
        "auto_approve",
        "Approve calls of these tools, or all, where the agent asks for approval.",
        kind=str | None,
        metavar="all|TOOL,…",
    ),
)

TURN: Options = (
    _run(
        "thread",
        "Go on with this thread, or begin one of this name.",
        kind=str | None,
        metavar="ID|NAME",
    ),
    _run("continue_", "Go on with the last thread."),
    *BREAK,
    *ANSWERS,
)

DETACH: Options = (_run("detach", "Start the run on its server, print what joins it, and leave."),)

DRAWING: Options = (
    _output("color"),
    _output("no_color", "The same as --color never."),
    *map(_output, ("theme", "ascii")),
)

LOOK: Options = (
    _output("quiet", "The answer alone.", "-q"),
    _output("verbose", "Show run ids, tags and timings.", "-v"),
    _output("stats", "Usage and times, on stderr, at the end."),
    *DRAWING,
    _output("fold"),
    _output("full", "The same as --fold 0."),
)

QUIET: Options = (_output("quiet", "Nothing on stderr but what went wrong.", "-q"),)

CHAT: Options = (
    _output("output", "live, or plain for screen readers.", "-o", metavar="NAME"),
    *LOOK,
)

OUTPUT: Options = (
    _output("output", "", "-o"),
    _output("json", "The same as -o jsonl."),
    *LOOK,
)

LIVE: Options = (*OUTPUT, _output("inspect", "Walk through it while it happens."))

EXPLAIN: Options = (
    _output("explain", "Print a script that does the same with LangChain alone, and run nothing."),
)

WATCH: Options = (
    _watch("tokens", "Make models stream that would not."),
    _watch(
        "focus",
        "Runs of this agent; or one, by its id.",
        kind=str | None,
        metavar="NAME|ID",
    ),
    _watch("errors", "Show only runs that failed."),
    _watch(
        "fail_on_error",
        "Exit with 1 where a run failed. With the program's own code where it failed itself.",
    ),
    _watch("thread", "Of a server: the run of this thread.", kind=str | None, metavar="ID|NAME"),
    _watch("run", "Of that thread: this run.", kind=str | None, metavar="ID"),
    _watch("env", 'For a shell, to watch what it starts. eval "$(catagent watch --env)" runs it.'),
)

SPANS: Options = (
    _keep(
        "otlp",
        "Send the run as OpenTelemetry spans to this collector. Needs the extra otel.",
        kind=str | None,
        metavar="URL",
    ),
    _keep("otlp_content", "Send with --otlp what was said, too."),
)

RECORD: Options = (
    _keep("record", "Write the run to this file, for replay.", kind=Path | None),
    _keep("force", "Let --record overwrite a file."),
    _keep("history"),
    *SPANS,
)

KEEP: Options = (_keep("raw", "LangChain's own object in every event."), *RECORD)

FILTERS: Options = (
    _filter("include_names", "Only runs of this name. Repeatable."),
    _filter("include_types", "Only runs of this type: tool, chain, …"),
    _filter("include_tags", "Only runs with this tag. Repeatable."),
    _filter("exclude_names", "No runs of this name. Repeatable."),
    _filter("exclude_types", "No runs of this type. Repeatable."),
    _filter("exclude_tags", "No runs with this tag. Repeatable."),
)

Recording = Annotated[
    str,
    typer.Argument(
        metavar="RUN",
        help="The beginning of a run's id, last, or a file.",
        autocompletion=runs,
    ),
]

OneRun = Annotated[
    str | None,
    typer.Option("--run", metavar="ID", help="Of several runs in a recording, this one."),
]


def shares(
    *groups: Options, lenient: bool = False
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command what it is `asked`, and the options of these groups, which are part of that.

    Where it is `lenient`, settings of no use are part of it, too, and no error. Typer reads options
    off a signature, so that is where they are added.
    """
    shared = [option for group in groups for option in group]

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def run(**given: Any) -> None:
            own = {name: given.pop(name) for name in given.keys() - {o.name for o in shared}}
            asked = Asked.of(given, lenient=lenient)
            if asked.inspect:
                require_unix("--inspect", "-o plain --verbose shows much of it")
                from catagent.cli.inspected import apart  # not for who does not inspect

                asked = apart(asked)
            command(asked, **own)

        _, *parameters = inspect.signature(command, eval_str=True).parameters.values()
        parameters = [p.replace(kind=p.KEYWORD_ONLY) for p in parameters]
        run.__signature__ = inspect.Signature([*parameters, *shared])  # type: ignore[attr-defined]
        return run

    return decorate
