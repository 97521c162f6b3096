"""How a view looks, and what a terminal can show, worked out from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from catagent.config import ColorChoice, Settings
from catagent.platforms import IS_UNIX

# "mono" is bold, dim, italic and underline without colours.
Color = Literal["none", "mono", "16", "256", "truecolor"]
Theme = Literal["dark", "light"]

# Longer rows are hard to read; COLUMNS asks for them.
READABLE_WIDTH = 100


@dataclass(frozen=True, slots=True)
class ViewOptions:
    """How to show a run.

    `verbose` shows what is new of what each model was sent, `prompts` all of it. `width` overrides
    the terminal's (in cells). `ascii` is for a stream that can hold no more, `simple` for signs of
    ASCII around text as it is: Linux's console has no others in its font. `status_only` shows what
    is going on and leaves nothing behind: for stderr, when stdout carries the events or the answer.
    `errors` shows a run once it has failed, and of the others nothing. `fold` is how many rows are
    shown of a long text, 0 for all. `is_turn` leaves out what a chat has said before it: who is
    asked, and what. `watches` counts the seconds of the runs that are there, not of the wait for
    them. `links` lets addresses be clicked.

    `again` is the command that shows the run again, with `{run}` for its id, empty where there is
    none; `unfold` is what to add to that, or to what was called, for texts to be shown whole.
    """

    color: Color = "none"
    theme: Theme = "dark"
    ascii: bool = False
    simple: bool = False
    verbose: bool = False
    prompts: bool = False
    quiet: bool = False
    status_only: bool = False
    errors: bool = False
    is_turn: bool = False
    watches: bool = False
    width: int | None = None
    fold: int = 0
    links: bool = False
    again: str = ""
    unfold: str = "--full"


def options_for(
    stream: object,
    env: Mapping[str, str],
    settings: Settings,
    **shown: Any,
) -> ViewOptions:
    """Return how a view on this stream looks; `shown` are more of the fields of ViewOptions."""
    isatty = bool(getattr(stream, "isatty", lambda: False)())
    ascii_only = settings.ascii or resolve_ascii(env, getattr(stream, "encoding", None))
    draws = is_capable(env, isatty=isatty) and not ascii_only
    return ViewOptions(
        color=resolve_color(settings.color, env, isatty=isatty),
        theme=resolve_theme(env) if settings.theme == "auto" else settings.theme,
        ascii=ascii_only,
        simple=isatty and env.get("TERM") == "linux",
        width=resolve_width(env),
        fold=settings.fold,
        links=draws and env["TERM"] != "linux",
        **shown,
    )


def resolve_color(choice: ColorChoice, env: Mapping[str, str], *, isatty: bool) -> Color:
    """Return the colours to use.

    NO_COLOR is about colour: on a terminal, bold and dim stay, which `never` takes away too.
    The command line takes precedence over the environment; there NO_COLOR over FORCE_COLOR and
    CLICOLOR_FORCE over CLICOLOR=0, and those over whether the stream is a terminal.
    """
    if choice == "never":
        return "none"
    forced = env.get("FORCE_COLOR", "") not in ("", "0", "false")
    forced = forced or env.get("CLICOLOR_FORCE", "") not in ("", "0")
    if choice == "always" or (forced and not env.get("NO_COLOR")):
        depth = _depth(env)
        return "16" if depth == "none" else depth
    off = env.get("NO_COLOR") or "0" in (env.get("CLICOLOR"), env.get("FORCE_COLOR"))
    depth = _depth(env) if isatty else "none"
    return "mono" if off and depth != "none" else depth


def _depth(env: Mapping[str, str]) -> Color:
    term = env.get("TERM", "")
    if term in ("dumb", "unknown") or not (term or IS_UNIX):
        return "none"
    if env.get("FORCE_COLOR") == "3" or env.get("COLORTERM", "") in ("truecolor", "24bit"):
        return "truecolor"
    if env.get("FORCE_COLOR") == "2" or "256color" in term or "direct" in term:
        return "256"
    return "16"


def resolve_ascii(env: Mapping[str, str], encoding: str | None) -> bool:
    """Return whether the stream or the locale can show only ASCII."""
    locale = env.get("LC_ALL") or env.get("LC_CTYPE") or env.get("LANG") or ""
    _, _, charset = locale.partition(".")
    if env.get("LC_ALL") in ("C", "POSIX"):
        return True
    return any(not _can_draw(name) for name in (encoding, charset.partition("@")[0]) if name)


def _can_draw(encoding: str) -> bool:
    try:
        "╭│╰✓…⠋".encode(encoding)
    except (LookupError, UnicodeEncodeError):
        return False
    return True


def resolve_theme(env: Mapping[str, str]) -> Theme:
    """Return the theme for the terminal's background, if it is known (COLORFGBG)."""
    background = env.get("COLORFGBG", "").rpartition(";")[2]
    return "light" if background in ("7", "15") else "dark"


def resolve_width(env: Mapping[str, str]) -> int | None:
    """Return the width that COLUMNS asks for, or None."""
    columns = env.get("COLUMNS", "")
    return max(20, int(columns)) if columns.isascii() and columns.isdigit() else None


def readable(options: ViewOptions, columns: int) -> int:
    """The width of rows: one cell short of the edge, where a terminal may wrap already."""
    return max(8, min(columns - 1, options.width or READABLE_WIDTH))


def is_capable(env: Mapping[str, str], *, isatty: bool) -> bool:
    """Return whether the live view can run: a terminal that moves its cursor, and no CI log."""
    moves = IS_UNIX and isatty and env.get("TERM", "dumb") not in ("dumb", "unknown", "")
    return moves and not env.get("CI")
