"""What the nodes of a graph did, a line each, and what its state came to beside the answer."""

from typing import Any

from msgspec import UNSET

from catagent.events import types as ev
from catagent.views.format import compact, count, parsed, seconds

# The nodes of LangChain's own agents, which call models and tools; and how others name theirs.
_LOOP = frozenset({"model", "tools", "generate_structured_response"})
_LOOP |= {"pre_model_hook", "post_model_hook", "__start__"}
_MODELS = frozenset({"agent", "assistant", "call_model", "chatbot", "llm", "llm_call"})
_ROLES = frozenset({"ai", "assistant", "human", "user", "system", "developer", "tool"})
_MIDDLEWARE = (".before_agent", ".before_model", ".after_model", ".after_agent")
# So long, in characters, a value is whole in a line, else its beginning; and in a state.
_SHORT, _BEGINNING, _LONG = 60, 40, 2000
# Nodes that took less, in seconds, are shown without.
_MOMENT = 0.1
_BOXES = {"completed": "[x]", "in_progress": "[-]"}


class Nodes:
    """The nodes of one run, in order; a line of one in the loop of an agent only if `verbose`."""

    def __init__(self, *, verbose: bool = False) -> None:
        self._asked: Any = None
        self._verbose, self._acts = verbose, False
        # Nodes that call models or tools, and runs of nodes around others, by their tool call.
        self._loop: set[tuple[object, str]] = set()
        self._around: set[tuple[str, str | None]] = set()
        # The keys that were shown, and what was changed last, by the outermost graph in the end.
        self._shown: set[str] = set()
        self._last: dict[str, Any] | None = None

    def take(self, event: ev.Event) -> None:
        """Take note of an event; what a node of the loop decides or observes is right before it."""
        if isinstance(event, ev.RunStarted):
            self._asked = event.data.input
        if not isinstance(event, ev.Update):
            self._acts = isinstance(event, ev.Action | ev.Observation)

    def line(self, event: ev.Update) -> list[str]:
        """What a node changed, on one line; none for a node of the loop."""
        data, changes = event.data, _changes(event.data.changes)
        self._around.update((run, event.call) for run in event.parent_ids)
        is_loop, self._acts, self._last = self._is_loop(event, changes), False, changes
        if is_loop and not self._verbose:
            return []
        self._shown.update(changes)
        name = data.node if data.agent is UNSET else f"{data.agent}/{data.node}"
        if data.duration_s is not UNSET and data.duration_s >= _MOMENT:
            name += f" ({seconds(data.duration_s)})"
        news = {k: v for k, v in changes.items() if self._verbose or not _is_told(v)}
        whats = (f"{key} {short(value)}".lstrip() for key, value in news.items())
        said = ", ".join(what.removeprefix("messages ") for what in whats)
        return [f"{name}: {said}" if said else name]

    def _is_loop(self, event: ev.Update, changes: dict[str, Any]) -> bool:
        node, whose = event.data.node, (event.data.agent, event.data.node)
        if node in _LOOP or node.endswith(_MIDDLEWARE):
            return True
        is_around = (event.run_id, event.call) in self._around
        if is_around or not all(map(_is_told, changes.values())):
            return False
        self._loop |= {whose} if self._acts else set()
        return node in _MODELS or whose in self._loop

    def results(self, end: ev.RunFinishedData) -> dict[str, Any]:
        """What is in the final state and was neither asked, answered nor shown, by key."""
        state = end.state if isinstance(end.state, dict) else {}
        known = [self._asked, end.output, parsed(end.output or "")]
        return {
            key: value
            for key, value in state.items()
            if self._is_due(key, value) and value not in (*known, *(_at(key, of) for of in known))
        }

    def _is_due(self, key: str, value: Any) -> bool:
        if not value or _messages(value) or self._last is None:
            return False
        if key in ("todos", "files") or key not in self._shown:
            return True
        return key in self._last and short(value) != compact(value)


def _changes(changes: Any) -> dict[str, Any]:
    """The changes of an update, or of several with messages, by key; anything else under none."""
    parts = changes if isinstance(changes, list) else [changes or {}]
    if _messages(changes) or not all(isinstance(part, dict) for part in parts):
        return {"": changes}
    found = {key: value for part in parts for key, value in part.items()}
    return found if len(parts) == 1 or any(map(_messages, found.values())) else {"": changes}


def _messages(value: Any) -> list[dict[str, Any]]:
    """The messages, whole or by reference, of a value that is nothing else."""
    items = value if isinstance(value, list) and not _is_pair(value) else [value]
    items = [{"role": one[0], "content": one[1]} if _is_pair(one) else one for one in items]
    is_message = (isinstance(one, dict) and (_is_whole(one) or [*one] == ["ref"]) for one in items)
    return items if all(is_message) else []


def _is_pair(item: Any) -> bool:
    """Whether it is a message as a pair: its role, and its text."""
    is_pair = isinstance(item, list) and len(item) == 2 and all(isinstance(of, str) for of in item)
    return is_pair and item[0] in _ROLES


def _is_whole(item: dict[str, Any]) -> bool:
    """Whether it is a message of ours or of OpenAI's."""
    return item.keys() >= {"type", "content", "tool_calls"} or item.keys() >= {"role", "content"}


def _is_told(value: Any) -> bool:
    """Whether it is nothing, or references alone: to messages that were shown."""
    items = _messages(value)
    return value in (None, []) or bool(items and not any(map(_is_whole, items)))


def short(value: Any) -> str:
    """Any value in a few words: as it is, by its beginning, or by what is in it."""
    if messages := _messages(value):
        [*_, last] = messages
        if len(messages) > 1 or not _is_whole(last):
            return count(len(messages), "message")
        return f"{last.get('type') or last['role']} {short(last['content'])}".rstrip()
    text = compact(value)
    if len(text) <= _SHORT and "\n" not in text:
        return text
    if isinstance(value, str):
        return f"{' '.join(value[:_BEGINNING].split())}… ({count(len(value), 'character')})"
    return count(len(value), "item") if isinstance(value, list) else f"{text[:_SHORT]}…"


def whole(key: str, value: Any) -> str:
    """A value of a state: text as it is, a list of things to do, files by their size, or JSON."""
    match key, value:
        case _, str():
            return value
        case "todos", [{"content": _, "status": _}, *_]:
            return "\n".join(map(_thing_to_do, value))
        case "files", dict():
            return "\n".join(f"{name}: {_size(file)}" for name, file in value.items())
    text = compact(value)
    return text if len(text) <= _LONG else short(value)


def _thing_to_do(todo: Any) -> str:
    return f"{_BOXES.get(str(_at('status', todo)), '[ ]')} {_at('content', todo)}"


def _size(file: Any) -> str:
    text = file.get("content", file) if isinstance(file, dict) else file
    text = "\n".join(map(str, text)) if isinstance(text, list) else compact(text)
    return count(len(text), "character")


def _at(key: str, data: Any) -> Any:
    return data.get(key) if isinstance(data, dict) else None
