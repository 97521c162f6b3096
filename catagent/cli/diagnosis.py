"""What `catagent doctor` found: for a person, as it is found, or as one JSON document."""

import shutil
import sys
from collections import Counter
from collections.abc import Collection, Iterable, Iterator

from catagent import __version__
from catagent.cli.asked import Asked
from catagent.config import Loaded
from catagent.doctor import settings
from catagent.doctor.examine import examine
from catagent.events.codec import encode_plain
from catagent.events.report import Check, Report, Status
from catagent.redact import redact
from catagent.sinks.jsonl import escaped
from catagent.views.style import Look, Style, live_look
from catagent.views.wrap import wrap

# From the best to the worst.
_STYLES: dict[Status, Style] = {"ok": "ok", "note": "dim", "warning": "warn", "broken": "bad"}
_NAME, _NARROW, _NARROW_MARGIN, _WIDEST = 17, 60, 4, 120


def report(asked: Asked, *, only_settings: bool, json: bool) -> bool:
    """Print what is found, without secrets; whether nothing is broken."""
    if not only_settings:
        checks = examine(asked.loaded, asked.problems, asked.python, asked.view(sys.stdout))
    else:
        checks = settings.checks(asked.loaded, asked.problems) if json else _settings(asked)
    found = list(checks if json else _shown(checks, asked))
    counts = Counter(check.status for check in found)
    status: Status = next((each for each in reversed(_STYLES) if counts[each]), "ok")
    if json:
        _print_document(asked.loaded, status, found)
    elif not only_settings:
        said = (f"{counts[each]} {each}" for each in _STYLES if counts[each])
        sys.stdout.write(f"\n{', '.join(said)}\n")
    return status != "broken"


def _print_document(loaded: Loaded, status: Status, found: list[Check]) -> None:
    chosen = settings.choices(loaded)
    document = Report(version=__version__, status=status, checks=found, settings=chosen)
    line = redact(encode_plain(document).decode(), loaded.secrets)
    sys.stdout.buffer.write(escaped(line.encode()))


def _settings(asked: Asked) -> Iterator[Check]:
    """Yield every setting, then what is wrong with them."""
    for each in settings.choices(asked.loaded):
        yield Check("settings", each.name, _written(each.value), why=each.source)
    wrong = settings.checks(asked.loaded, asked.problems)
    yield from (check for check in wrong if check.status != "ok")


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return "not set" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


def _shown(checks: Iterable[Check], asked: Asked) -> Iterator[Check]:
    """Print each check as it comes, below the heading of its group, and yield it."""
    look, secrets, group = live_look(asked.view(sys.stdout)), asked.loaded.secrets, ""
    for check in checks:
        if group != check.group:
            sys.stdout.write("\n" * bool(group) + look.coded("1", check.group) + "\n")
        group = check.group
        sys.stdout.write("".join(f"{row.rstrip()}\n" for row in _rows(check, look, secrets)))
        sys.stdout.flush()
        yield check


def _rows(check: Check, look: Look, secrets: Collection[str]) -> list[str]:
    """A mark and the name, what was found and why, and below that the remedy."""
    glyphs, width, mark = look.glyphs, None, f"{check.status:9}"
    if sys.stdout.isatty():
        marks = {"ok": glyphs.ok, "note": glyphs.part, "warning": glyphs.warn}
        mark = marks.get(check.status, glyphs.bad).ljust(len(glyphs.ok))
        width = min(shutil.get_terminal_size().columns - 1, _WIDEST)
    is_narrow = width is not None and width < _NARROW
    margin = " " * (_NARROW_MARGIN if is_narrow else len(mark) + _NAME)
    texts = [f"{check.found} ({check.why})" if check.why else check.found]
    texts += [glyphs.call + check.remedy] if check.remedy else []
    room = width and width - len(margin)
    rows = [margin + r for t in texts for r in wrap(look.line(redact(t, secrets)), room)]
    head = look.paint(_STYLES[check.status], mark) + check.name
    if is_narrow:
        return [head, *rows]
    return [head + rows[0][len(mark) + len(check.name) :], *rows[1:]]
