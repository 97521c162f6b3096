"""Python, the packages that catagent declares, and whether those that are installed fit."""

import platform
import sys
from collections.abc import Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, metadata, version

from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from catagent.events.report import Check
from catagent.loading.installing import install

_NAMED = ("langchain", "langchain-core", "langgraph", "openai")
_BRINGS = {
    "classic": "the agent cat-classic, and AgentExecutors of your own",
    "local": "the runtime of the embedded model, which needs no key",
    "otel": "--otlp, which sends runs as OpenTelemetry's spans",
}
_check = partial(Check, "python")


def checks() -> Iterator[Check]:
    """Yield what is found of Python, of the packages, and of each extra."""
    about, python = metadata("catagent"), platform.python_version()
    found, wanted = f"{python}, {sys.executable}", about["Requires-Python"]
    if SpecifierSet(wanted).contains(python, prereleases=True):
        yield _check("python", found)
    else:
        yield _check("python", found, "broken", f"it is to be {wanted}", "install another Python")
    needed = [Requirement(each) for each in about.get_all("Requires-Dist", ())]
    for extra in ("", *about.get_all("Provides-Extra", ())):
        yield from _packages(extra, [each for each in needed if _is_for(each, extra)])


def _packages(extra: str, needed: list[Requirement]) -> Iterator[Check]:
    """The packages of an extra, those of catagent itself for "": all that fit in one."""
    name, found = f"extra {extra}" if extra else "packages", {r.name: _version(r) for r in needed}
    wrong = [each for each in needed if not _fits(each, found[each.name])]
    brings = _BRINGS.get(extra, "")
    if not wrong:
        named = ", ".join(f"{each} {found[each]}" for each in _NAMED if each in found)
        yield _check(name, "installed" if extra else f"all {len(needed)} fit: {named}", why=brings)
    elif extra and not any(found.values()):
        remedy = install(*wrong)
        yield _check(
            name, "not installed", "note", f"it brings {brings or ', '.join(found)}", remedy
        )
    else:
        for each in wrong:
            is_to_be = f"{name}: it is to be {each.specifier}"
            has = found[each.name] or "not installed"
            yield _check(each.name, has, "broken", is_to_be, install(each))


def _is_for(needed: Requirement, extra: str) -> bool:
    if needed.marker is None or needed.marker.evaluate({"extra": ""}):
        return not extra
    return needed.marker.evaluate({"extra": extra})


def _fits(needed: Requirement, found: str) -> bool:
    return bool(found) and needed.specifier.contains(found, prereleases=True)


def _version(needed: Requirement) -> str:
    try:
        return version(needed.name)
    except PackageNotFoundError:
        return ""
