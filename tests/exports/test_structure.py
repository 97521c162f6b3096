"""`--structure-only`: what is left of a run can be shared, and is a run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec import inspect as mi

from catagent.events import types as ev
from catagent.events.codec import decode, encode
from catagent.events.state import RunState, reduce
from catagent.exports import EXPORTERS, exporter
from catagent.exports.structure import structure
from tests.support.runs import cat_run, failed_run

SHARED = {
    *("run_id", "parent_ids", "ts", "name", "tool_call_id", "call", "call_id", "id", "schema"),
    *("agent", "model", "tool_model", "mode", "versions", "run_type", "tool", "finish_reason"),
    *("kind", "type", "node", "path", "code", "status"),
}


def filled(kind: mi.Type, name: str) -> Any:
    """A value of this type in which every text, of all that there could be, says whose it is."""
    match kind:
        case mi.StructType():
            return kind.cls(
                **{f.name: filled(f.type, f.name) for f in kind.fields if f.name != "v"}
            )
        case mi.UnionType(types=types):
            wanted = (one for one in types if not isinstance(one, mi.NoneType))
            return filled(next(wanted), name)
        case mi.Metadata(extra_json_schema={"items": {"anyOf": refs}}):
            first = refs[0]["$ref"].rpartition("/")[2]
            return [filled(mi.type_info(getattr(ev, first)), name)]
        case mi.ListType(item_type=item):
            return [filled(item, name)]
        case mi.DictType(value_type=value):
            return {f"canary:{name}": filled(value, name)}
        case mi.LiteralType(values=values):
            return values[0]
        case mi.AnyType():
            return {f"canary:{name}": [f"canary:{name}"]}
    scalars: dict[Any, Any] = {mi.IntType: 7, mi.FloatType: 7.0, mi.BoolType: True}
    return scalars.get(type(kind), f"canary:{name}")


def test_no_text_that_an_event_may_hold_is_shared_but_names() -> None:
    """A field that is new to an event is left out as well, until it is listed as harmless."""
    whole = [filled(mi.type_info(kind), "") for kind in ev.KnownEvent.__args__]
    lines = [encode(event) for event in structure([*whole, ev.Unknown(fields={"x": "canary:x"})])]
    assert set(re.findall(r"canary:(\w+)", b"".join(lines).decode())) == SHARED
    assert [type(decode(line)) for line in lines] == [type(event) for event in whole]


@pytest.mark.parametrize("ending", EXPORTERS)
def test_a_run_without_its_texts_is_exported_as_any_other(ending: str) -> None:
    text = exporter(Path(f"run{ending}"))(list(structure(cat_run())), None)
    assert "get_items" in text.replace("\\_", "_")
    assert not re.search("shelf|lamp|hiding\\?", text)


def test_counts_times_and_kinds_of_errors_are_kept() -> None:
    whole, bare = RunState(), RunState()
    for event in cat_run():
        reduce(whole, event)
    for event in structure(cat_run()):
        reduce(bare, event)
    assert [*whole.tools] == [*bare.tools]
    assert [event.ts for event in cat_run()] == [event.ts for event in structure(cat_run())]
    ends = [[llm.finished for llm in state.llms.values()] for state in (whole, bare)]
    counts = [[(end.usage, end.duration_s) for end in those if end] for those in ends]
    assert counts[0] == counts[1] != []
    *_, end = structure(failed_run())
    assert isinstance(end, ev.RunFinished)
    assert end.data.error
    assert (end.data.error.message, end.data.error.kind) == ("AuthenticationError", "credentials")


def test_a_name_that_is_a_file_says_nothing_of_its_folders() -> None:
    data = ev.RunStartedData(agent="/home/ann/cats/app.py:agent", mode="events", input="")
    data.model = "local:~/models/cat.gguf"
    data.tool_model = "openai:meta/llama"
    (event,) = structure([ev.RunStarted(name="acme ltd/app.py:agent", data=data)])
    assert isinstance(event, ev.RunStarted)
    assert event.name == "app.py:agent"
    kept = (event.data.agent, event.data.model, event.data.tool_model)
    assert kept == ("app.py:agent", "local:cat.gguf", "openai:meta/llama")
