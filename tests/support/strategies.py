"""Arbitrary events, built from the types themselves (Hypothesis)."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from msgspec import inspect as mi

from catagent.events import types as ev
from catagent.events.codec import KNOWN_TYPES

# A busy machine is no defect.
settings.register_profile("catagent", deadline=None)
settings.load_profile("catagent")

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
# JSON has no NaN and no infinity: they are written as null.
plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


def _of(kind: mi.Type) -> st.SearchStrategy[Any]:
    match kind:
        case mi.StructType():
            return _struct(kind)
        case mi.UnionType(types=types):
            return st.one_of([_of(one) for one in types])
        case mi.Metadata(extra_json_schema={"items": {"anyOf": refs}}):
            names = [ref["$ref"].rpartition("/")[2] for ref in refs]
            items = [_of(mi.type_info(getattr(ev, name))) for name in names]
            return st.lists(st.one_of(items), max_size=3)
        case mi.ListType(item_type=item):
            return st.lists(_of(item), max_size=3)
        case mi.DictType(value_type=value):
            return st.dictionaries(texts, _of(value), max_size=3)
        case mi.LiteralType(values=values):
            return st.sampled_from(values)
        case _:
            return _SCALARS[type(kind)]


_SCALARS: dict[type[Any], st.SearchStrategy[Any]] = {
    mi.AnyType: plain,
    mi.StrType: texts,
    mi.IntType: st.integers(0, 2**53 - 1),
    mi.FloatType: st.floats(allow_nan=False, allow_infinity=False),
    mi.BoolType: st.booleans(),
    mi.NoneType: st.none(),
}


def _struct(kind: mi.StructType) -> st.SearchStrategy[Any]:
    fields = {field.name: _of(field.type) for field in kind.fields}
    if "seq" in fields:
        fields["v"] = st.just(1)
    required = {f.name: fields[f.name] for f in kind.fields if f.required}
    optional = {f.name: fields[f.name] for f in kind.fields if not f.required}
    given = st.fixed_dictionaries(required, optional=optional)
    return given.map(lambda values: kind.cls(**values))


known_events: st.SearchStrategy[ev.Event] = st.one_of(
    [_of(mi.type_info(kind)) for kind in ev.KnownEvent.__args__]
)
unknown_events: st.SearchStrategy[ev.Event] = st.builds(
    lambda kind, fields: ev.Unknown(fields={"type": kind, **fields}),
    texts.filter(lambda kind: kind not in KNOWN_TYPES),
    st.dictionaries(texts.filter(lambda key: key != "type"), plain, max_size=4),
)
events: st.SearchStrategy[ev.Event] = known_events | unknown_events
