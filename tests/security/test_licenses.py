"""What is installed with catagent is under a free license: parts of `langgraph dev` are not."""

from __future__ import annotations

from collections.abc import Iterable
from importlib import metadata

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def installed_with(name: str, extras: Iterable[str], seen: set[str]) -> set[str]:
    """What a package brings here, itself included, added to what was seen."""
    seen.add(name)
    for requirement in map(Requirement, metadata.requires(name) or ()):
        found, marker = canonicalize_name(requirement.name), requirement.marker
        here = marker is None or any(marker.evaluate({"extra": each}) for each in ("", *extras))
        if here and found not in seen:
            installed_with(found, requirement.extras, seen)
    return seen


def elastic(names: Iterable[str]) -> set[str]:
    """Those under the Elastic License."""
    fields = ("License-Expression", "License", "Classifier")
    about = {name: [metadata.metadata(name).get_all(field) for field in fields] for name in names}
    return {name for name, said in about.items() if "elastic" in str(said).lower()}


def test_nothing_that_catagent_brings_is_under_the_elastic_license() -> None:
    ours = installed_with("catagent", ["classic", "local"], set())
    assert {"langgraph", "xllamacpp"} < ours
    assert elastic(ours) == set()
    theirs = installed_with("langgraph-cli", ["inmem"], set())
    assert elastic(theirs) == {"langgraph-api", "langgraph-runtime-inmem"}
