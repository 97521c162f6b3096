"""The tool calls of one run: each has one key, made here and nowhere else.

Providers' ids repeat or are missing. What tells calls apart is who wrote them, and where: all is
asked while LangChain runs, in the order in which things happen.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import TYPE_CHECKING, Any

from catagent.sources.span import Span

if TYPE_CHECKING:
    from langchain_core.messages import AIMessage, BaseMessage, ToolCall, ToolMessage

    from catagent.sources.message_checks import WrittenArgs


@dataclass(slots=True, eq=False)
class Call:
    """One tool call, written by `author` in its agent's message number `turn`, if a model did.

    `near` are the runs around whatever decided on it, the root first, `run` the newest run of its
    tool, `action` an AgentAction of an executor inside of another agent. `decided`: its agent took
    what its model wrote; `acted`: an event said so; `reported`: any event named it.
    """

    key: str
    tool: str
    call_id: str | None
    outer: Call | None
    near: Sequence[str]
    author: Span | None = None
    turn: int = 0
    args: Any = None
    run: Span | None = None
    action: Any = None
    decided: bool = False
    acted: bool = False
    reported: bool = False


class Calls:
    """Every call of a run, found by what is known of it at the time."""

    def __init__(self) -> None:
        self._inside: Counter[str] = Counter()
        self._open: defaultdict[str, list[Call]] = defaultdict(list)
        self._written: dict[tuple[str, int], Call] = {}
        self._authors: dict[str, Span] = {}
        self._of_action: dict[int, tuple[Any, Call]] = {}
        self._acting_in: defaultdict[str, list[Call]] = defaultdict(list)
        self._claimed: set[str] = set()
        self._by_model: dict[tuple[Call | None, str | None, str], Call] = {}
        self._answers: dict[tuple[Call | None, str | None, str | None], Any] = {}
        self._turns: dict[str, int] = {}

    def written(self, llm: Span, order: int, tool: str, call_id: str | None) -> Call:
        """The call that a model writes, or wrote, as number `order` of its message."""
        place = llm.run_id, order
        if place not in self._written:
            self._written[place] = self._new(tool, call_id, llm, author=llm)
        return self._written[place]

    def wrote(self, llm: Span, message: AIMessage, streamed: WrittenArgs) -> None:
        """Take note of a model's message, and of the calls in it; `streamed` are their pieces."""
        order = streamed.order(message.tool_calls)
        for wanted, number in zip(message.tool_calls, order, strict=False):
            call = self.written(llm, number, wanted["name"], wanted["id"])
            call.tool, call.args = wanted["name"], wanted["args"]  # a name may come in pieces
            self._by_model[call.outer, call.call_id, call.tool] = call
            llm.written.append(call)
        if message.id is not None:
            self._authors[message.id] = llm

    def author(self, message: BaseMessage) -> Span | None:
        """The model run that wrote a message."""
        return self._authors.get(message.id or "")

    def decided(self, message: AIMessage, where: Span) -> Iterator[tuple[Call, Any]]:
        """The calls, with their arguments, that a node's message is the first to decide on."""
        author = self.author(message)
        known = [] if author is None else list(author.written)
        for wanted in message.tool_calls:
            call = self._in_message(wanted, known, where)
            if not call.decided or call.args != wanted["args"]:
                call.decided, call.args = True, wanted["args"]
                yield call, wanted["args"]

    def _in_message(self, wanted: ToolCall, known: list[Call], where: Span) -> Call:
        call_id, tool = wanted["id"], wanted["name"]
        mine = (call for call in known if call.call_id == call_id)
        if (call := max(mine, key=lambda call: call.tool == tool, default=None)) is not None:
            known.remove(call)
            return call
        call = self._best(call_id, where, lambda c: not c.decided, lambda c: (c.tool == tool,))
        copied = self._by_model.get((where.call, call_id, tool))
        if call is None and copied is not None and copied.args == wanted["args"]:
            return copied
        return call or self._new(tool, call_id, where)

    def started(self, span: Span, call_id: str | None, args: Any) -> Call:
        """The call that a tool run is of: one that waits for it, one run again, or a new one."""
        if (call := self._next_action(span, args)) is not None:
            return call

        def fits(call: Call) -> bool:
            again = call.author is not None and call.run is not None and call.run.ended is not None
            same = bool(call_id) or call.tool == span.name
            return same and (call.run is None or again)

        def rank(call: Call) -> tuple[Any, ...]:
            run = call.run
            here = run is not None and run.parent_ids == span.parent_ids
            failed_here = here and run is not None and run.error is not None
            named = call.tool == span.name
            return call.decided, named, failed_here, run is None, here, _is_equal(call.args, args)

        found = self._best(call_id, span, fits, rank) or self._without_id(call_id, span, args)
        return found or self._new(span.name, call_id, span)

    def _without_id(self, call_id: str | None, span: Span, args: Any) -> Call | None:
        """The call that waits for this tool and arguments: nodes need not hand on its id."""
        waiting = (call for calls in self._open.values() for call in calls if call.run is None)
        alike = (c for c in waiting if c.decided and c.outer is span.call and c.tool == span.name)
        return None if call_id else next((c for c in alike if _is_equal(c.args, args)), None)

    def acting(self, action: Any, executor: Span, author: Span | None) -> Call:
        """The call of an AgentAction, the very object, of which ReAct agents know no id."""
        found = self._of_action.get(id(action))
        if found is None:
            call = self._acting(action, executor, author)
            call.decided, call.args = True, action.tool_input
            found = self._of_action[id(action)] = action, call
            self._claimed.add(call.key)
            self._acting_in[executor.run_id].append(call)
        return found[1]

    def _next_action(self, span: Span, args: Any) -> Call | None:
        """What an executor runs, which says so by its actions alone: several, if at once."""
        actions = self._acting_in[span.parent_ids[-1]] if span.parent_ids else []
        return max(
            (call for call in actions if call.run is None),
            key=lambda call: (call.tool == span.name, _is_equal(call.args, args)),
            default=None,
        )

    def _acting(self, action: Any, executor: Span, author: Span | None) -> Call:
        """The call that a model wrote, or that runs already: of what cannot be read, for one."""
        call_id = getattr(action, "tool_call_id", None)
        near = [*executor.parent_ids, executor.run_id]

        def fits(call: Call) -> bool:
            runs = call.run is not None and call.run.parent_ids == near
            same = bool(call_id) or (runs and call.tool == action.tool)
            return same and call.key not in self._claimed

        call = self._best(call_id, executor, fits, lambda call: (call.tool == action.tool,))
        return call or self._new(action.tool, call_id, executor, near=near, author=author)

    def observed(self, message: ToolMessage, where: Span) -> Call | None:
        """The call that a tool message answers, wherever it came from; None for a copy of one."""
        call_id, content = message.tool_call_id, message.content

        def rank(call: Call) -> tuple[Any, ...]:
            run = call.run
            output = None if run is None else getattr(run.output, "content", run.output)
            named = message.name in (None, call.tool)
            same, ended = _is_equal(output, content), run is not None and run.ended is not None
            return named, same, ended, call.decided

        runs = ((call, call.run) for call in self._open[call_id or ""])
        exact = (call for call, run in runs if run is not None and run.output is message)
        call = next(exact, None) or self._best(call_id, where, lambda _: True, rank)
        answer = (where.call, call_id, message.name)
        if call is None and self._answers.get(answer) == content:
            return None
        call = call or self._new(message.name or "", call_id, where)
        self._answers[answer] = content
        self.close(call)
        return call

    def close(self, call: Call) -> None:
        """Take note that a call was observed: what comes under its id now is another."""
        found = self._open[call.call_id or ""]
        if call in found:
            found.remove(call)

    def _best(
        self,
        call_id: str | None,
        where: Span,
        fits: Callable[[Call], bool],
        rank: Callable[[Call], tuple[Any, ...]],
    ) -> Call | None:
        """Of the open calls with this id in the same call, that which was decided nearest by.

        Then the best by `rank` counts, then the newest message, and in it the first call.
        """
        found = [c for c in self._open[call_id or ""] if c.outer is where.call and fits(c)]
        return max(
            found,
            key=lambda call: (_common(call.near, where.parent_ids), *rank(call), call.turn),
            default=None,
        )

    def _new(
        self,
        tool: str,
        call_id: str | None,
        where: Span,
        *,
        near: Sequence[str] | None = None,
        author: Span | None = None,
    ) -> Call:
        outer, near = where.call, where.parent_ids if near is None else near
        around = "" if outer is None else f"{outer.key}."
        self._inside[around] += 1
        key = f"{around}{self._inside[around]}"
        call = Call(key, tool, call_id, outer, near, author)
        if author is not None:
            call.turn = self._turns.setdefault(author.run_id, len(self._turns) + 1)
            self._by_model[outer, call_id, tool] = call
        self._open[call_id or ""].append(call)
        return call


def _is_equal(one: Any, other: Any) -> bool:
    """Whether two values are equal. Tools take and return anything: arrays compare to arrays."""
    try:
        return bool(one == other)
    except Exception:  # a stranger's comparison must not end the run that is looked at
        return False


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many runs, from the root down, two places share."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))
