"""What a person asked for: what the settings, the environment and the options come to."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct

from catagent import config
from catagent.cli.stderr import say
from catagent.config import Loaded, Settings
from catagent.errors import UsageError, did_you_mean
from catagent.events.filters import TYPES, Filters, Noting
from catagent.redact import shortened
from catagent.views.options import ViewOptions, options_for

# Options that give a setting a value.
_SHORT = {"json": ("output", "jsonl"), "full": ("fold", 0), "no_color": ("color", "never")}
_LONGEST_HINT = 200


class Asked(Struct, kw_only=True, frozen=True):
    """What a command is to do: the settings, the filters, and the options that are neither.

    `given` has the options that the command takes as they were given, None for one that was not.
    `recording` is the file that is played, empty for what runs now; `is_turn` says that a chat has
    the question on the screen. `earlier` is the run that this asks again, in a command's words.
    `problems` are settings of no use, of a command that tells of them itself.
    """

    loaded: Loaded
    given: Mapping[str, Any] = {}
    filters: Filters = Filters()
    quiet: bool = False
    verbose: bool = False
    stats: bool = False
    json: bool = False
    debug: bool = False
    raw: bool = False
    python: str | None = None
    input: str | None = None
    context: str | None = None
    configurable: list[str] | None = None
    break_: list[str] | None = None
    step: bool = False
    record: Path | None = None
    recording: str = ""
    force: bool = False
    tokens: bool = False
    focus: str | None = None
    errors: bool = False
    fail_on_error: bool = False
    otlp: str | None = None
    otlp_content: bool = False
    env: bool = False
    is_turn: bool = False
    watches: bool = False
    auto_approve: str | None = None
    thread: str | None = None
    run: str | None = None
    continue_: bool = False
    earlier: str = ""
    inspect: bool = False
    detach: bool = False
    explain: bool = False
    problems: Sequence[UsageError] = ()

    @classmethod
    def of(cls, given: Mapping[str, Any], *, lenient: bool = False) -> Asked:
        """Read the settings, and say on stderr what was left out of them. Raises UsageError.

        Where it is `lenient`, what is wrong with them is in `problems`, and nothing is said.
        """
        flags = {name: given[name] for name in Settings.__struct_fields__ if name in given}
        flags |= {name: value for option, (name, value) in _SHORT.items() if given.get(option)}
        own = {name: given[name] for name in cls.__struct_fields__ if name in given}
        filters = _filters(given)
        problems: list[UsageError] | None = [] if lenient else None
        loaded = config.load(flags, env_file=given.get("env_file"), problems=problems)
        for notice in () if lenient else loaded.notices:
            say(f"catagent: warning: {notice}")
        return cls(loaded=loaded, given=given, filters=filters, problems=problems or (), **own)

    @property
    def settings(self) -> Settings:
        """The settings, those of the command line included."""
        return self.loaded.settings

    @property
    def again(self) -> str:
        """What shows the run again, with `{run}` for its id; empty where it is kept nowhere."""
        is_kept = "history" in self.given and self.settings.history
        named = "{run}" if is_kept else shlex.quote(str(self.record or self.recording or ""))
        return f"catagent show {named}{' -v' * self.verbose}" if named != "''" else ""

    def view(self, stream: object, *, status_only: bool = False) -> ViewOptions:
        """How a view on this stream looks. Of a run whose answer is wanted, it shows no more."""
        is_answer = self.settings.output == "answer" and not status_only
        return options_for(
            stream,
            self.loaded.environ,
            self.settings,
            verbose=self.verbose,
            quiet=self.quiet or is_answer,
            status_only=status_only,
            errors=self.errors,
            is_turn=self.is_turn,
            watches=self.watches,
            again=self.again,
        )

    def say_unmatched(self, *, waits: bool = False) -> None:
        """Say which names and tags of the filters no run had; of breakpoints unless it `waits`."""
        if not isinstance(self.filters, Noting):
            return
        breaks = () if waits else self.break_ or ()
        for what, each, seen in self.filters.unmatched(breaks):
            there = shortened(", ".join(sorted(seen)) or "none", _LONGEST_HINT)
            hint = did_you_mean(each, seen, f"there were: {there}")
            say(f"catagent: warning: no run had the {what} {each!r}", hint)


def _filters(given: Mapping[str, Any]) -> Filters:
    """The filters that were given. Raises UsageError for a type that no run is of."""
    chosen = {name: tuple(given.get(name) or ()) for name in Filters.__struct_fields__}
    for each in (*chosen["include_types"], *chosen["exclude_types"]):
        if each not in TYPES:
            raise UsageError(f"no run is of the type {each!r}", did_you_mean(each, TYPES))
    is_named = any(values for name, values in chosen.items() if not name.endswith("types"))
    return (Noting if is_named or given.get("break_") else Filters)(**chosen)
