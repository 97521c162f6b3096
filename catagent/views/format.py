"""Numbers, data and tables in the words that every view uses for them.

Rich's table takes 18 ms to import, and would read markup in untrusted text.
"""

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.events.codec import placeholder
from catagent.views.wrap import cells, without_colors

Row = Mapping[str, str]
# Between columns.
GAP = "  "

# A key, at the beginning of an object or after another.
_KEY = re.compile(r'(^\s*\{|,)\s*"(\w+)"\s*:\s*')
# Of less, in US dollars, digits say nothing.
_CHEAP = 0.0001
_CLASS = re.compile(r"(?:[A-Z]+[a-z0-9]*){2,}")


def seconds(duration: float | None) -> str:
    """A duration for people: `0.42 s`, `12.3 s`, `2 min 5 s`; empty where it is not known."""
    if duration is None or duration >= 60:
        return whole_seconds(round(duration)) if duration else ""
    return f"{duration:.2f} s" if duration < 1 else f"{duration:.1f} s"


def whole_seconds(duration: float) -> str:
    """A duration so far: `12 s`, `2 min 5 s`."""
    minutes, rest = divmod(int(duration), 60)
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"


def agent_of(event: ev.LlmEvent) -> str:
    """The agent inside the run's own that writes; empty where it is that one."""
    return getattr(event.data, "agent", "") or ""


def speaker(event: ev.LlmEvent) -> str:
    """Who writes: such an agent, or the model by its run's name, unless that is only a class's."""
    model = "" if isinstance(event, ev.LlmToken) else event.data.model
    is_class = not event.name or _CLASS.fullmatch(event.name)
    return agent_of(event) or (model if model and is_class else event.name)


def count(number: int, noun: str) -> str:
    """A number of things: `1 tool call`, `1,200 tokens`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def used(usage: ev.Usage | None, seen: int = 0, *, details: bool = False) -> str:
    """Tokens as far as models said, else as they were `seen`: `727 tokens in, 136 out`."""
    known = usage or ev.Usage()
    cached, thought = known.cached_tokens, known.reasoning_tokens
    is_split = (known.input_tokens, known.output_tokens) != (None, None)
    counts = [
        (known.input_tokens, f"in ({cached:,} cached)" if details and cached else "in"),
        (known.output_tokens, f"out ({thought:,} reasoning)" if details and thought else "out"),
        (None if is_split else known.total_tokens, "in all"),
        (seen or None, "seen"),
    ]
    given = [(number, word) for number, word in counts if number is not None]
    return ", ".join(
        f"{number:,} {word}" if at else f"{count(number, 'token')} {word}"
        for at, (number, word) in enumerate(given)
    )


def tool_calls(number: int, failed: int) -> str:
    """How many tool calls, and how many of them failed; empty where there were none."""
    bad = f", {failed:,} failed" if failed else ""
    return f"{count(number, 'tool call')}{bad}" if number else ""


def dollars(data: ev.RunFinishedData) -> str:
    """What a run cost: `$0.0042`; empty where nobody charges, or no model has answered."""
    if data.cost is UNSET:
        has_answer = data.usage is not None or data.status == "success"
        return "cost unknown" if data.models and has_answer else ""
    return "" if data.cost is None else price(data.cost)


def price(cost: float) -> str:
    """US dollars: `$0.0042`, `$12.50`."""
    if cost < _CHEAP:
        return f"under ${_CHEAP:g}"
    return f"${cost:,.2f}" if cost >= 1 else f"${cost:#.2g}"


def compact(value: Any) -> str:
    """Any data on one line; text is unchanged."""
    return value if isinstance(value, str) else json_line(value)


def json_line(value: Any) -> str:
    """Any data as JSON on one line. Never raises."""
    try:
        return json.dumps(value, ensure_ascii=False, default=str)
    except (TypeError, ValueError, RecursionError):
        return str(placeholder(value)["repr"])


def parsed(text: str) -> Any:
    """What a text is as JSON, or None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def fields(data: Any) -> list[str]:
    """Any data, a line for each of its keys: `place: on a shelf`; text keeps its own lines."""
    if isinstance(data, dict):
        return [f"{name}: {compact(value)}" for name, value in data.items()]
    return [compact(data)]


def one_line(data: Any) -> str:
    """Any data on one line, without spaces more than one; empty where there is nothing."""
    return " ".join(" ".join(fields(data)).split()) if data else ""


def arguments(tool_input: Any) -> str:
    """The arguments of a tool call on one line: `place="on a shelf", n=3`."""
    if isinstance(tool_input, dict):
        return ", ".join(f"{name}={json_line(value)}" for name, value in tool_input.items())
    return "" if tool_input is None else json_line(tool_input)


def called(name: str, tool_input: Any, agent: str = "") -> str:
    """A tool call on one line, by an agent of this name: `cat: get_items(place="on a shelf")`."""
    return f"{agent}{': ' if agent else ''}{name}({arguments(tool_input)})"


def so_far(text: str) -> str:
    """JSON of arguments that is being written, much like `arguments`: `place="on a sh`."""
    begun = _KEY.sub(lambda key: f"{', ' if key[1] == ',' else ''}{key[2]}=", text)
    return re.sub(r"\}\s*$", ")", begun.removeprefix("{"))


def widths(rows: Sequence[Row]) -> dict[str, int]:
    """Return the width of each column in cells, in the order of the first row."""
    return {name: max(cells(row[name]) for row in rows) for row in rows[:1] for name in row}


def headed(rows: Sequence[Row]) -> list[Row]:
    """Return the rows below the names of their columns; nothing for none."""
    return [*({name: name for name in row} for row in rows[:1]), *rows]


def table(rows: Sequence[Row], right: Collection[str] = ()) -> Iterator[str]:
    """Yield the rows in columns; those in `right` are flush right."""
    columns = widths(rows)
    return (line(row, columns, right) for row in rows)


def line(row: Row, columns: Mapping[str, int], right: Collection[str]) -> str:
    """Return a row, of clean text, in columns of these widths; those in `right` are flush right."""
    padded = []
    for name, width in columns.items():
        space = " " * (width - cells(without_colors(row[name])))
        padded.append(space + row[name] if name in right else row[name] + space)
    return GAP.join(padded).rstrip()
