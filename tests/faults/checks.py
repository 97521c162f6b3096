"""What holds of every run, whatever happened in it."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Any

from catagent.views.sanitize import clean
from tests.faults.table import Fault, Told
from tests.support.warm import Done

Line = dict[str, Any]


def assert_whole(events: list[Line]) -> None:
    """One beginning, one end, a number each, every span closed once, every token accounted for."""
    types = [event["type"] for event in events]
    assert (types[0], types[-1]) == ("run.started", "run.finished")
    assert (types.count("run.started"), types.count("run.finished")) == (1, 1)
    seqs = [event["seq"] for event in events]
    assert seqs == sorted(set(seqs))
    for kind in ("llm", "tool"):
        started = [event["run_id"] for event in events if event["type"] == f"{kind}.started"]
        finished = [event["run_id"] for event in events if event["type"] == f"{kind}.finished"]
        assert len(finished) == len(set(finished))
        assert set(started) <= set(finished)
    for event in events:
        if event["type"] == "llm.finished":
            assert_tokens_add_up(events, event)


def assert_tokens_add_up(events: list[Line], finished: Line) -> None:
    """The deltas of a model's run, one after the other, are its text."""
    deltas = [
        event["data"]["delta"]
        for event in events
        if event["type"] == "llm.token"
        and event["run_id"] == finished["run_id"]
        and event["data"]["channel"] == "text"
    ]
    assert not deltas or "".join(deltas) == finished["data"]["text"]


def assert_told(told: Told, last: Line) -> None:
    """The last event says what the table says."""
    data = last["data"]
    assert (data["status"], data["exit_code"]) == (told.status, told.code)
    if not told.message:
        assert data["error"] is None
        return
    error = data["error"]
    assert matches(told.message, error["message"]), error["message"]
    assert (error["kind"], error["hint"]) == (told.kind, told.hint)


def assert_said(told: Told, last: Line, err: str) -> None:
    """stderr holds one clear message, the place and the hint, the same as in the last event."""
    if told.status == "interrupted":
        assert err.startswith("catagent: the run waits for an answer")
        return
    if not told.message:
        assert err == ""
        return
    error = last["data"]["error"]
    inside = f"in node {error['node']}, " if error["node"] else ""
    if len(error.get("path", ())) > 1:
        inside = f"in {' > '.join(error['path'])}, "
    where = f"  {inside}at {error['file']}:{error['line']}\n" if error["file"] else ""
    where += f"    {error['source']}\n" if "source" in error else ""
    hint = f"  hint: {error['hint']}\n" if error["hint"] else ""
    assert err == f"catagent: error: {error['message']}\n{where}{hint}"


def assert_seen(fault: Fault, events: list[Line]) -> None:
    """The warnings, the retries and the answer of the row, no more and no less."""
    warnings = [event["data"]["code"] for event in events if event["type"] == "warning"]
    assert warnings == ([fault.warning] if fault.warning else [])
    assert len([event for event in events if event["type"] == "retry"]) == fault.retries
    answers = [event["data"] for event in events if event["type"] == "answer"]
    assert [answer["output"] for answer in answers] == (
        [] if fault.answer is None else [fault.answer]
    )


def assert_terminal_whole(done: Done) -> None:
    """The terminal has its modes back; nothing that a frame switched on or off stays so."""
    assert done.after == done.before
    for on, off in (("?25h", "?25l"), ("?2026l", "?2026h"), ("?7h", "?7l")):
        last = {word: done.out.rfind(f"\x1b[{word}".encode()) for word in (on, off)}
        assert last[on] >= last[off], f"{off} is the last word"
    styles = re.findall(rb"\x1b\[[0-9;]*m", done.out)
    assert not styles or styles[-1] == b"\x1b[0m"
    assert done.out.endswith((b"\n", b"\x1b[?2026l", b"\x1b[?25h"))


def assert_shown(told: Told, last: Line, out: bytes) -> None:
    """The message stands on the terminal once, and no traceback."""
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|[\s│╭╰─]", "", out.decode())
    assert "Traceback" not in text
    if told.message:
        message = re.sub(r"\s", "", clean(last["data"]["error"]["message"]))
        assert text.count(message) == 1


def assert_nothing_left(pid: int) -> None:
    """No process of the run's session is alive."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        assert int(fields[3]) != pid or fields[0] == "Z", stat


def matches(pattern: str, text: str) -> bool:
    """Whether the text is the pattern's, in which `…` stands for anything."""
    escaped = fnmatch.translate(re.sub(r"([*?[])", r"[\1]", pattern).replace("…", "*"))
    return re.match(escaped, text) is not None
