"""Which events a reader wants to see: LangChain's include and exclude lists, over our events.

As in `astream_events(include_names=…, …)`: with no include list everything is included, otherwise
what any of them names; whatever an exclude list names is left out.
"""

from collections.abc import Iterable, Iterator
from typing import Any, get_args

from msgspec import UNSET, Struct, field

from catagent.events import types as ev

# Chains, prompts and parsers are LangChain's plumbing: shown to those who ask for them.
QUIET_KINDS = frozenset({"chain", "prompt", "parser"})
TYPES = ("chat_model", "llm", "tool", "update", *get_args(ev.NodeKind))


class Filters(Struct, kw_only=True, frozen=True):
    """The six lists, as given on the command line."""

    include_names: tuple[str, ...] = ()
    include_types: tuple[str, ...] = ()
    include_tags: tuple[str, ...] = ()
    exclude_names: tuple[str, ...] = ()
    exclude_types: tuple[str, ...] = ()
    exclude_tags: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, list[str]]:
        """The lists that are not empty, by name."""
        lists = ((name, getattr(self, name)) for name in Filters.__struct_fields__)
        return {name: list(values) for name, values in lists if values}

    def keeps(self, event: ev.Event) -> bool:
        """Whether the event is wanted. Those about the run as a whole always are."""
        if isinstance(event, _ALWAYS):
            return True
        name, types, tags = _subject(event)
        included = self.include_names, self.include_types, self.include_tags
        if any(included):
            wanted = _names(included, name, types, tags)
        else:
            # Asking for LangChain's own objects means all of them: a patch that is left out
            # of a run log makes the next ones senseless.
            wanted = types[0] not in QUIET_KINDS or event.raw is not UNSET
        excluded = self.exclude_names, self.exclude_types, self.exclude_tags
        return wanted and not _names(excluded, name, types, tags)


class Noting(Filters, kw_only=True, frozen=True):
    """Filters that note what runs are called, so that a name of theirs which none has is seen."""

    names: set[str] = field(default_factory=set)
    tags: set[str] = field(default_factory=set)
    steps: set[str] = field(default_factory=set)

    def keeps(self, event: ev.Event) -> bool:
        """Whether the event is wanted, once it is noted."""
        if not isinstance(event, (ev.LlmToken, *_ALWAYS)):
            name, _, tags = _subject(event)
            self.names.add(name)
            self.tags.update(tags)
        match event:
            case (
                ev.ToolStarted(name=name)
                | ev.Update(name=name)
                | ev.Interrupt(data=ev.InterruptData(value={"breakpoint": {"name": str(name)}}))
            ):
                self.steps.add(name)
        return super().keeps(event)

    def unmatched(self, breaks: Iterable[str]) -> Iterator[tuple[str, str, set[str]]]:
        """Yield "name", "tag" or "tool or node", each that no run had, and those that there were.

        Where nothing ran there are none.
        """
        names, tags = self.include_names + self.exclude_names, self.include_tags + self.exclude_tags
        for what, wanted, seen in (
            ("name", names, self.names),
            ("tag", tags, self.tags),
            ("tool or node", breaks, self.steps),
        ):
            yield from ((what, each, seen) for each in wanted if self.names and each not in seen)


_Lists = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]


def _names(lists: _Lists, name: str, types: tuple[str, ...], tags: list[str]) -> bool:
    names, kinds, labels = lists
    return name in names or any(t in kinds for t in types) or any(tag in labels for tag in tags)


_ALWAYS = (
    *(ev.RunStarted, ev.RunFinished, ev.Answer, ev.Interrupt),
    *(ev.Retry, ev.Warned, ev.Unknown),
)


def _subject(event: Any) -> tuple[str, tuple[str, ...], list[str]]:
    """Name, LangChain types and tags of the run that an event is about."""
    if isinstance(event, ev.LlmEvent):
        # astream_log calls a chat model "llm", astream_events "chat_model": both words match.
        return event.name, ("chat_model", "llm"), event.tags
    if isinstance(event, ev.Node):
        return event.name, (event.data.kind,), event.tags
    if isinstance(event, ev.Update):
        return event.data.node, ("update", "chain"), event.tags
    return event.data.tool, ("tool",), event.tags
