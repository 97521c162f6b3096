"""What `catagent doctor` found: one JSON document that stands alone."""

from typing import Literal

from msgspec import Struct

Status = Literal["ok", "note", "warning", "broken"]


class Check(Struct, frozen=True):
    """One thing that was looked at: `group` and `name` say which, `found` what it is, `why` why so.

    A `note` is no trouble, such as an extra that is not installed; what is `broken` fails when it
    is needed. `remedy` is what to do, a command where there is one.
    """

    group: str
    name: str
    found: str
    status: Status = "ok"
    why: str = ""
    remedy: str = ""


class Choice(Struct, frozen=True):
    """A setting, without secrets, and its source: "default", an option, a variable, or a file."""

    name: str
    value: str | int | float | bool | None
    source: str
    description: str


class Report(Struct, kw_only=True, tag_field="type", tag="doctor"):
    """What `catagent doctor` found. `status` is that of the worst check; with --settings, of none.

    `version` is catagent's.
    """

    v: int = 1
    version: str
    status: Status
    checks: list[Check]
    settings: list[Choice]
