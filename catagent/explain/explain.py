"""What a request comes to as a script of LangChain's own API, to be read, or run as it is."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from contextlib import suppress
from typing import Any

from msgspec.structs import replace

from catagent.agents.code import Code, unknown
from catagent.config import Loaded
from catagent.errors import UsageError
from catagent.events.codec import map_leaves
from catagent.events.filters import Filters
from catagent.explain.literal import assigned, call, text
from catagent.explain.models import made
from catagent.explain.notes import notes
from catagent.explain.script import Script
from catagent.loading.registry import AGENTS, TOOLS
from catagent.redact import Redactor
from catagent.run.request import Request

_APIS = {"events": "astream_events", "log": "astream_log", "steps": "astream"}
_STEPS = {"cat": "steps", "cat-classic": "steps_classic"}
# What the two APIs with filters do not know, or call otherwise: catagent takes both words.
_TYPES = {
    "events": {"llm": "chat_model", "update": "chain"},
    "log": {"chat_model": "llm", "update": "chain"},
}


def explain(request: Request, loaded: Loaded, given: Collection[str] = (), thread: str = "") -> str:
    """The script that does what `request` does, in the `thread` of this name if it has one.

    It says which of the options `given` it leaves out. Nothing is run or asked. No secret is in it,
    and what was given stands in it as literals. Raises UsageError for what no script can do.
    """
    return str(_Writer(request, loaded, thread).write(given))


class _Writer:
    def __init__(self, request: Request, loaded: Loaded, thread: str) -> None:
        login = request.address.secrets if request.address else ()
        self.clean = Redactor((*loaded.secrets, *login))
        self.request, self.loaded = _cleaned(request, self.clean), loaded
        self.thread, self.out = self.clean.text(thread), Script()
        self.mode = loaded.settings.mode if request.python is None else "events"

    def write(self, given: Collection[str]) -> Script:
        request, limit = self.request, self.loaded.settings.timeout
        if request.address is not None:
            self._server(request.address.base, request.address.graph)
        elif request.tool is not None:
            self._tool(request.tool)
        else:
            self._agent(request.agent)
        main = f"asyncio.wait_for(main(), {limit!r})" if limit else "main()"
        self.out.blocks.append(f"asyncio.run({main})")
        self.out.notes += notes(request, self.loaded, given, self.mode)
        return self.out

    def _set(self, name: str, value: Any) -> None:
        self.out.blocks.append(assigned(name, value))

    def _models(self, *names: str) -> None:
        known = self.request, self.out, self.loaded, self.clean
        self.out.blocks.append("\n".join(f"{name} = {made(name, *known)}" for name in names))

    def _tool(self, name: str) -> None:
        if name in TOOLS:
            self._models("tool_model")
            self.out.add("tools", only=name)
        else:
            self._bring(Code.named(name) if ":" in name else None, name, "my_tool")
        self._set("INPUT", dict(self.request.tool_input))
        self._stream(name if name in TOOLS else "my_tool", "INPUT", is_own=name not in TOOLS)

    def _agent(self, name: str) -> None:
        if name in AGENTS:
            self._models("model", "tool_model")
            self.out.add("tools")
            most = str(self.loaded.settings.max_steps + 1)
            self.out.add(name.replace("-", "_"), max_iterations=most)
        else:
            self._bring(Code.named(name), name, "agent")
        given = self._given(name)
        self.out.blocks[-1] += "\n" + assigned("CONFIG", self._config())
        self._remember(name)
        self._stream("agent", given, "CONFIG", is_own=name not in AGENTS)

    def _bring(self, code: Code | None, asked: str, name: str) -> None:
        """Import what a person brings; what it is shows only where the script runs."""
        if code is None:
            raise unknown(asked, AGENTS if name == "agent" else TOOLS, name.removeprefix("my_"))
        if not all(word.isidentifier() for word in code.attribute.split(".")):
            raise UsageError(f"{code.attribute!r} is no name of Python's", "file.py:attribute")
        if code.project is not None and code.project.env:
            self.out.notes.append("Set what the env of its langgraph.json sets first.")
        self.out.standard |= {
            *("import sys", "from importlib import import_module", "from types import FunctionType")
        }
        folders = [str(folder) for folder in dict.fromkeys(code.folders) if folder.is_dir()]
        self._set("sys.path[:0]", map_leaves(folders, self.clean.text))
        module = text(self.clean.text(code.module))
        self.out.blocks[-1] += f"\n{name} = import_module({module}).{code.attribute}"
        self.out.add("own" if name == "agent" else "tool")

    def _given(self, agent: str) -> str:
        """Set up what the agent gets, and return the expression for it."""
        question = self.request.question
        if self.request.input is not None:
            self._set("INPUT", self.request.input)
        elif agent == "cat-classic":
            self._set("INPUT", {"input": question})
        elif agent == "cat" or self.request.address is not None:
            self._set("INPUT", {"messages": [{"role": "user", "content": question}]})
        else:
            self.out.add("asked")
            self._set("QUESTION", question)
            return "asked(agent, QUESTION)"
        return "INPUT"

    def _config(self) -> dict[str, Any]:
        """LangChain's config; what was made configurable is JSON where it can be.

        LangGraph counts a model and its tools as steps of their own, and wants one to spare.
        """
        found = {key: _read(key, value) for key, value in self.request.configurable.items()}
        found |= {"thread_id": self.thread} if self.thread else {}
        limit: dict[str, Any] = {"recursion_limit": 2 * self.loaded.settings.max_steps + 2}
        return limit | ({"configurable": found} if found else {})

    def _remember(self, agent: str) -> None:
        """Give the agent a checkpointer for the thread."""
        if self.thread and agent == "cat-classic":
            hint = "leave --thread out, or bring a graph of LangGraph's"
            raise UsageError("the agent has no memory for a thread: it is no graph", hint)
        if self.thread:
            self.out.add("thread")

    def _stream(self, source: str, *first: str, is_own: bool) -> None:
        """Go through what the mode's API says of a run."""
        parts: list[str] = [self.mode]
        filters = self._filters()
        more: dict[str, Any] = {"context": self.request.context, **filters}
        if self.mode == "events":
            first = (*first, 'version="v2"')
            parts += ["seen"] + ["answer"] * is_own
            parts += ["other"] * any(name.startswith("include") for name in filters)
        elif self.mode == "steps":
            parts = [_STEPS.get("" if self.request.tool else self.request.agent, "steps_own")]
            more["stream_mode"] = "updates" if parts == ["steps"] else None
        said = ".content" if is_own else ".text"
        self._loop(f"{source}.{_APIS[self.mode]}", first, more, parts, said)

    def _filters(self) -> dict[str, Any]:
        """The six lists, with the words that the API has for types. `astream` has none."""
        words, lists = _TYPES.get(self.mode), self.request.filters.as_dict()
        if words is None:
            return {}
        for name in lists.keys() & {"include_types", "exclude_types"}:
            lists[name] = [*dict.fromkeys(words.get(each, each) for each in lists[name])]
        return {**lists}

    def _loop(
        self, called: str, first: Sequence[str], more: dict[str, Any], parts: list[str], said: str
    ) -> None:
        given = {name: value for name, value in more.items() if value is not None}
        # "    async for event in …:"
        stream = call(called, *first, taken=24, indent=4, **given)
        self.out.add(*parts, stream=stream, said=said)

    def _server(self, base: str, graph: str) -> None:
        if self.thread:
            hint = "leave --thread out, or write --configurable thread_id=ID"
            raise UsageError("a thread of a server is found by asking that", hint)
        self.out.imports.add("from langgraph_sdk import get_client")
        made = call("get_client", taken=9, url=self.clean.text(base), api_key=None)
        self.out.blocks.append(f"client = {made}")
        given, thread = self._given(""), self.request.configurable.get("thread_id")
        self.out.blocks[-1] += "\n" + assigned("CONFIG", self._config())
        named = text(thread) if thread else "None", text(self.clean.text(graph))
        first = (*named, f"input={given}", "config=CONFIG")
        more = {"context": self.request.context, "stream_mode": "events"}
        self._loop("client.runs.stream", first, more, ["server", "seen"], '["content"]')


def _cleaned(request: Request, clean: Redactor) -> Request:
    def masked(leaf: Any) -> Any:
        return clean.text(leaf) if isinstance(leaf, str) else leaf

    names = ("question", "input", "context", "configurable", "tool_input")
    found = {name: map_leaves(getattr(request, name), masked) for name in names}
    return replace(
        request, filters=Filters(**map_leaves(request.filters.as_dict(), masked)), **found
    )


def _read(key: str, value: Any) -> Any:
    with suppress(ValueError, RecursionError):
        return value if key == "thread_id" else json.loads(value)
    return value
