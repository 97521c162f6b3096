"""What a token costs: each mode against a bare loop over the same API, live, and how it grows."""

from __future__ import annotations

import json
import re

from benchmarks.answers import answer
from benchmarks.measure import Case, Cost, Costs, least, on_terminal, piped, rounds_of
from benchmarks.report import Row, Table, number
from benchmarks.server import serving
from benchmarks.startup import CATAGENT, PYTHON, QUESTION, to

MODES = ("events", "log", "steps")
# Tokens of an answer in which there is something of all that Markdown has.
_SECTION = 400
_LIVE = ("-o live", "-o live --full")
# What where_cat_is_hiding and the answer add to the tokens of get_items.
_MORE = 3 + 5


def per_token(rounds: int, tokens: int = 20_000) -> list[Table]:
    """The whole process, and the slope: what is left of it without the start-up."""
    with serving(tokens) as many, serving(0) as none:
        costs = rounds_of({**_cases(many), **_renamed(_cases(none), "0 ")}, rounds, warm=False)
    check(costs, tokens)
    slopes = {name: slope(costs[name], costs[f"0 {name}"], tokens) for name in _cases("")}
    return [
        _table(f"{tokens:,} tokens in a tool, CPU s of the whole process", costs),
        _table("CPU of one token, µs", slopes, ", a token"),
    ]


def _cases(url: str) -> dict[str, Case]:
    env = to(url)
    ask = [*CATAGENT, "ask", QUESTION]
    cases = {}
    for mode in MODES:
        cases[f"-o jsonl -m {mode}"] = piped([*ask, "-o", "jsonl", "-m", mode], env)
        cases[f"loop {mode}"] = piped([PYTHON, "-m", "benchmarks.baselines.loop", mode], env)
    for live in _LIVE:
        cases[live] = on_terminal([*ask, *live.split()], env)
    return cases


def _renamed(cases: dict[str, Case], prefix: str) -> dict[str, Case]:
    return {prefix + name: case for name, case in cases.items()}


def _table(title: str, costs: Costs, said: str = "") -> Table:
    table = Table(title, "the bare loop (for live: -o jsonl)")
    for mode in MODES:
        table.rows.append(Row.of(costs, f"-o jsonl -m {mode}", f"loop {mode}", 1.1, number))
    for live in _LIVE:
        table.rows.append(Row.of(costs, live, "-o jsonl -m events", 1.05, number))
    for row in table.rows:
        row.name += said
    return table


def slope(many: list[Cost], none: list[Cost], tokens: int) -> list[Cost]:
    """Microseconds of CPU that each token added."""
    pairs = zip(many, none, strict=True)
    return [Cost(cpu_s=(more.cpu_s - less.cpu_s) / tokens * 1e6) for more, less in pairs]


class MiscountError(Exception):
    """A case lost a token, so what it took is worth nothing."""


def check(costs: Costs, tokens: int) -> None:
    """Every token came, in every round of every case, ours and theirs. Raises MiscountError."""
    wanted = "".join(f"t{i} " for i in range(tokens))
    for mode in MODES:
        told = 0 if mode == "steps" else tokens + _MORE
        for cost in costs[f"loop {mode}"]:
            _require(mode == "steps" or int(cost.output) == told, f"loop {mode}")
        for cost in costs[f"-o jsonl -m {mode}"]:
            _require(texts(cost.output) == wanted, f"text, {mode}")
            _require(cost.output.count(b'"channel":"text"') == told, f"tokens, {mode}")
    for cost in costs["-o live"]:
        _require(not tokens or f"t{tokens - 1}".encode() in cost.output, "-o live")
    for cost in costs["-o live --full"]:
        shown = set(re.findall(rb"t\d+", cost.output))
        _require(shown >= set(wanted.encode().split()), "-o live --full")


def _require(right: bool, what: str) -> None:
    if not right:
        raise MiscountError(what)


def texts(output: bytes, model: str = "Get Items LLM") -> str:
    """The text of a model, of the one inside get_items, as its finished event has it."""
    events = (json.loads(line) for line in output.splitlines() if b'"llm.finished"' in line)
    return "".join(event["data"]["text"] for event in events if event["name"] == model)


def in_markdown(rounds: int, tokens: int = 20_000) -> Table:
    """An answer that is all Markdown; the cost of a token is what more than one section adds."""
    with serving(tokens, markdown=True) as many, serving(_SECTION, markdown=True) as less:
        cases = {**_answered(many), **_renamed(_answered(less), "few ")}
        costs = rounds_of(cases, rounds, warm=False)
    whole = "".join(answer(tokens))
    for jsonl, live in zip(costs["-o jsonl"], costs["-o live"], strict=True):
        _require(texts(jsonl.output, "ChatOpenAI") == whole, "-o jsonl, Markdown")
        _require(_links(live.output) == _links(whole.encode()), "-o live, Markdown")
    table = Table(f"{tokens:,} tokens of an answer in Markdown", "-o jsonl")
    added = {
        name: slope(costs[name], costs[f"few {name}"], tokens - _SECTION) for name in _answered("")
    }
    for found, said in ((costs, "CPU s of the whole process"), (added, "a token, µs")):
        row = Row.of(found, "-o live", "-o jsonl", 1.05, number)
        row.name += f", {said}"
        table.rows.append(row)
    return table


def _answered(url: str) -> dict[str, Case]:
    ask, env = [*CATAGENT, "ask", QUESTION], to(url)
    return {
        "-o jsonl": piped([*ask, "-o", "jsonl"], env),
        "-o live": on_terminal([*ask, "-o", "live"], env),
    }


def _links(text: bytes) -> set[bytes]:
    """One a section of the answer."""
    return set(re.findall(rb"example.org/\d+", text))


def growth(rounds: int, few: int = 10_000, many: int = 50_000) -> Table:
    """Five times the tokens: how much more CPU and memory, as a whole and without the start-up."""
    with serving(few) as less, serving(many) as more, serving(0) as none:
        cases: dict[str, Case] = {}
        for name, url in ("less", less), ("more", more), ("none", none):
            ask = [*CATAGENT, "ask", QUESTION]
            cases[f"jsonl {name}"] = piped([*ask, "-o", "jsonl"], to(url))
            cases[f"live {name}"] = on_terminal([*ask, "-o", "live"], to(url))
        costs = rounds_of(cases, rounds, warm=False)
    table = Table(f"{many:,} tokens against {few:,}", f"{few:,} tokens")
    for output in ("jsonl", "live"):
        whole = {name: costs[f"{output} {name}"] for name in ("less", "more")}
        added = {name: _without(costs[f"{output} none"], cost) for name, cost in whole.items()}
        for name, found, what in (
            ("CPU s", whole, "cpu_s"),
            ("CPU s without start-up", added, "cpu_s"),
            ("peak MB", whole, "rss_mb"),
        ):
            row = Row.of(found, "more", "less", 5.5, number, what)
            row.name = f"-o {output}, {name}"
            table.rows.append(row)
    return table


def _without(none: list[Cost], costs: list[Cost]) -> list[Cost]:
    start = least(none)
    return [Cost(cpu_s=cost.cpu_s - start) for cost in costs]
