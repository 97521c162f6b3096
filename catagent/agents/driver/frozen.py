"""Has every model and tool of LangChain's in this process answer as it did in a recording.

What providers and authors write is replaced, by the names that LangChain's documentation has for
it: `_generate` and `_stream` of models, `_run` of tools, and their asynchronous forms. All around
it goes on as ever: callbacks, streaming, parsing, middleware.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import importlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextvars import ContextVar
from typing import Any

from .recorded import Recorded, args_text, message_text, tools_text
from .replies import chunks_of, error_of, output_of, result_of

# The recorded tool call that this happens in, its id, and what it is to answer, None if it runs.
_inside: ContextVar[tuple[str, dict[str, Any] | None]] = ContextVar("_inside", default=("", None))
# The end of the run ended these calls, or their reader: what else they would say is not known.
_CUT = ("Cancelled", "Interrupted", "RunTimeoutError", "Stopped")
_RUN_IT = "record it anew, or run the tool itself with --run-tools"


@contextlib.contextmanager
def answering(
    data: dict[str, Any], on_retry: Callable[[dict[str, Any]], object] = lambda _: None
) -> Iterator[None]:
    """Meanwhile models and tools answer from what `Recorded` is made of. Imports LangChain.

    Those of classes that are made meanwhile, too. What was recorded of retries goes to `on_retry`.
    Raises at its end what was not recorded, whatever the agent made of it.
    """
    core: Any = importlib.import_module("langchain_core.language_models")
    base_tool: Any = importlib.import_module("langchain_core.tools").BaseTool
    recorded = Recorded(data)
    models, tools = _Models(recorded, on_retry), _Tools(recorded)
    with contextlib.ExitStack() as stack:
        _replace(stack, core.BaseChatModel, models.ways, models.replaced)
        _replace(stack, core.BaseLLM, models.ways, models.replaced)
        _replace(stack, base_tool, tools.ways, tools.replaced)
        try:
            yield
        finally:
            if recorded.missing is not None:
                raise recorded.missing


def _replace(stack: contextlib.ExitStack, base: Any, ways: Any, replaced: Any) -> None:
    """Have these methods replaced, of a class and all made from it, until the stack is closed."""

    def replace(kind: Any) -> None:
        for name in ways & vars(kind).keys():
            theirs = vars(kind)[name]
            stack.callback(setattr, kind, name, theirs)
            setattr(kind, name, functools.wraps(theirs)(replaced(name, theirs)))

    def made(cls: Any, /, **more: Any) -> None:
        (before.__get__(None, cls) if before else super(base, cls).__init_subclass__)(**more)
        replace(cls)

    for kind in _made_from(base):
        replace(kind)
    name = "__init_subclass__"
    before = vars(base).get(name)
    stack.callback(*((setattr, base, name, before) if before else (delattr, base, name)))
    base.__init_subclass__ = classmethod(made)


def _made_from(base: Any) -> set[Any]:
    return {base}.union(*map(_made_from, base.__subclasses__()))


class _Models:
    """What chat models, and text-completion models, do in the place of asking a server."""

    def __init__(self, recorded: Recorded, on_retry: Callable[[dict[str, Any]], object]) -> None:
        self._recorded, self._on_retry = recorded, on_retry
        self.ways = {"_generate", "_agenerate", "_stream", "_astream"}

    def replaced(self, name: str, theirs: Any) -> Any:
        """The method that takes the place of theirs."""

        def answer(model: Any, asked: Any, *more: Any, **options: Any) -> Any:
            is_text = isinstance(asked, list) and isinstance(next(iter(asked), None), str)
            items = [self._item(model, each, options) for each in (asked if is_text else [asked])]
            if any(item["holds"] for item in items):
                return theirs(model, asked, *more, **options)
            return getattr(self, name)(items)

        return answer

    def _generate(self, items: list[dict[str, Any]]) -> Any:
        for item in items:
            self._end(item)
        return result_of(items)

    async def _agenerate(self, items: list[dict[str, Any]]) -> Any:
        for item in items:
            await self._aend(item)
        return result_of(items)

    def _stream(self, items: list[dict[str, Any]]) -> Iterator[Any]:
        yield from chunks_of(items[0])
        self._end(items[0])

    async def _astream(self, items: list[dict[str, Any]]) -> AsyncIterator[Any]:
        for chunk in chunks_of(items[0]):
            yield chunk
            await asyncio.sleep(0)  # what runs at the same time has its turn
        await self._aend(items[0])

    def _item(self, model: Any, asked: Any, options: dict[str, Any]) -> dict[str, Any]:
        """What was recorded of this prompt: messages, or the text of one."""
        tools = options.get("tools") or options.get("functions") or ()
        texts = [f"prompt: {asked}"] if isinstance(asked, str) else map(_text, asked)
        texts = [tools_text(name for tool in tools for name in _tool_names(tool)), *texts]
        told = importlib.import_module("langchain_core.runnables").ensure_config()["metadata"]
        where = (_inside.get()[0], told.get("langgraph_node"), name := _name(model))
        item = self._recorded.model(where, name, texts)
        params: Any = getattr(model, "_get_ls_params", dict)
        item["provider"] = params().get("ls_provider")
        for retry in item["retries"]:
            self._on_retry(retry)
        return item

    def _end(self, item: dict[str, Any]) -> None:
        """Raise what ended the call, if it did not end well."""
        error = item["error"]
        if item["message"] or (error is None and item["text"] is not None):
            return
        if error is None or error["type"] in _CUT:
            self._recorded.lose(f"the recording ends while the model {item['name']} answers")
        raise error_of(error)

    async def _aend(self, item: dict[str, Any]) -> None:
        """The same; where the agent stopped waiting, wait for that."""
        if item["error"] and item["error"]["type"] == "Cancelled":
            await asyncio.Event().wait()
        self._end(item)


class _Tools:
    """What tools do in the place of running."""

    def __init__(self, recorded: Recorded) -> None:
        self._recorded = recorded
        self.ways = {"run", "arun", "_run", "_arun"}

    def replaced(self, name: str, theirs: Any) -> Any:
        """The method that takes the place of theirs."""

        def run(tool: Any, given: Any, *more: Any, **options: Any) -> Any:
            with self._call(tool, given, options):
                return theirs(tool, given, *more, **options)

        async def arun(tool: Any, given: Any, *more: Any, **options: Any) -> Any:
            with self._call(tool, given, options):
                return await theirs(tool, given, *more, **options)

        def answer(tool: Any, *args: Any, **options: Any) -> Any:
            item = _inside.get()[1]
            return theirs(tool, *args, **options) if item is None else self._answer(tool, item)

        async def aanswer(tool: Any, *args: Any, **options: Any) -> Any:
            found = answer(tool, *args, **options)
            return await found if _inside.get()[1] is None else found

        return {"run": run, "arun": arun, "_run": answer, "_arun": aanswer}[name]

    @contextlib.contextmanager
    def _call(self, tool: Any, given: Any, options: dict[str, Any]) -> Iterator[None]:
        """What is asked meanwhile is asked in this call."""
        hide = getattr(tool, "_filter_injected_args", None)
        args = hide(given) if hide and isinstance(given, dict) else given
        owner = _inside.get()[0]
        item = self._recorded.tool((owner, options.get("tool_call_id")), tool.name, args)
        runs = item is None or item["holds"] or self._recorded.runs(tool.name)
        token = _inside.set((item["id"] if item else owner, None if runs else item))
        try:
            yield
        finally:
            _inside.reset(token)

    def _answer(self, tool: Any, item: dict[str, Any]) -> Any:
        for value in item["asks"]:
            importlib.import_module("langgraph.types").interrupt(value)
        error, name = item["error"], item["name"]
        if item["status"] not in ("success", "error") or (error and error["type"] in _CUT):
            self._recorded.lose(f"the recording ends while the tool {name} runs", _RUN_IT)
        if error is not None:
            raise error_of(error)
        if "$unserialisable" in args_text(item.get("content")):
            self._recorded.lose(f"what the tool {name} returned is in no recording", _RUN_IT)
        return output_of(item, tool.response_format == "content_and_artifact")


def _name(model: Any) -> str:
    names = (getattr(model, each, None) for each in ("model_name", "model", "model_id"))
    return next((each for each in names if isinstance(each, str)), type(model).__name__)


def _text(message: Any) -> str:
    kind = message.type[: -len("MessageChunk")] if message.type.endswith("Chunk") else message.type
    calls = (getattr(message, name, None) or [] for name in ("tool_calls", "invalid_tool_calls"))
    asked = ((call["name"] or "", call["args"]) for each in calls for call in each)
    return message_text(kind.lower(), message.content, asked)


def _tool_names(tool: Any) -> list[str]:
    """The names of what an item of a call's `tools` declares, in the form of any provider."""
    if not isinstance(tool, dict):
        return [str(getattr(tool, "name", None) or getattr(tool, "__name__", tool))]
    declared = tool.get("function_declarations") or tool.get("functionDeclarations") or [tool]
    return [*map(_declared_name, declared)]


def _declared_name(form: dict[str, Any]) -> str:
    wrapped = (form.get(each) for each in ("function", "custom", "toolSpec"))
    inner = next((each for each in wrapped if isinstance(each, dict)), form)
    return str(inner.get("name") or form.get("type") or next(iter(inner), ""))
