"""The event stream, version 1: one typed, JSON-plain union for every mode, source and sink.

A run is `run.started`, anything in between, `run.finished`. Every event carries the same
envelope; what is special to its type is in `data`. Within version 1 changes only add: a type
that a reader does not know decodes to `Unknown` and is kept. docs/events.md is the reference.

This module imports nothing of LangChain or Rich, and nothing else of catagent.
"""

from typing import TYPE_CHECKING, Annotated, Any, Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

SCHEMA = "catagent.events/1"

Channel = Literal["text", "reasoning", "tool_args", "block"]
RunStatus = Literal["success", "error", "cancelled", "limit", "interrupted"]
ToolStatus = Literal["success", "error", "interrupted"]
NodeKind = Literal["chain", "prompt", "retriever", "parser", "custom", "other"]
Phase = Literal["start", "stream", "end", "error", "interrupt"]


class Usage(Struct, kw_only=True):
    """Token counts of one model call, or of several added up; null is a count that nobody gave."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    cached_tokens: int | None = None
    reasoning_tokens: int | None = None


class ToolCall(Struct, kw_only=True):
    """A tool call as a model wrote it; `error` says why `args` could not be parsed.

    `call` is the key that the call has in this run, in `llm.finished` alone.
    """

    id: str | None
    name: str
    args: Any
    error: str | None = None
    call: str | UnsetType = UNSET


class Message(Struct, kw_only=True):
    """A chat message in plain data: LangChain's `type`, text `content`, and tool calls.

    What is absent has nothing to say: `blocks` is the content of a message whose content is a
    list, `status` and `artifact` are a tool message's, `role` is a chat message's,
    `additional_kwargs` LangChain's.
    """

    type: str
    content: str
    id: str | None = None
    name: str | None = None
    tool_call_id: str | None = None
    tool_calls: list[ToolCall] = []
    blocks: list[Any] | UnsetType = UNSET
    status: str | UnsetType = UNSET
    artifact: Any = UNSET
    role: str | UnsetType = UNSET
    additional_kwargs: dict[str, Any] | UnsetType = UNSET


class Tool(Struct, kw_only=True):
    """A tool that a model may call; `parameters` is the JSON Schema of its arguments."""

    name: str
    description: str = ""
    parameters: Any = None


class Ref(Struct):
    """Stands for a message or a tool that is the same as before in this stream.

    `ref` is its id, a tool's name: what it says is where it last stood as a whole. In a long prompt
    it stands for the `before` messages as well that came before it where a model was last sent it.
    """

    ref: str
    before: int | UnsetType = UNSET

    @property
    def count(self) -> int:
        """How many messages it stands for."""
        return 1 + self.before if isinstance(self.before, int) else 1


def _either(kind: str) -> Meta:
    refs = [{"$ref": f"#/$defs/{name}"} for name in (kind, "Ref")]
    return Meta(extra_json_schema={"items": {"anyOf": refs}})


if TYPE_CHECKING:
    Messages = list[Message | Ref]
    Tools = list[Tool | Ref]
else:  # msgspec knows no union of two objects without a tag; see `_read_items`
    Messages = Annotated[list[Any], _either("Message")]
    Tools = Annotated[list[Any], _either("Tool")]


class Failure(Struct, kw_only=True):
    """One thing that went wrong: `kind` says whose error it is, `hint` what to do next.

    `node`, `file`, `line` and its `source` say where, as far as it is known, in an agent's own
    code, and `path` what that is inside of: nodes and tools, the outermost first, and itself.
    """

    kind: str
    type: str
    message: str
    hint: str = ""
    node: str = ""
    path: list[str] | UnsetType = UNSET
    file: str = ""
    line: int | None = None
    source: str | UnsetType = UNSET


class ErrorInfo(Failure, kw_only=True):
    """What went wrong, and in `others` what failed along with it."""

    others: list[Failure] = []


Cost = float | None | UnsetType
"""US dollars by list prices; null where nobody charges, absent where nobody knows."""


class ModelUsage(Struct, kw_only=True):
    """What one model did in a run: seconds are wall time, summed over its calls.

    `cost` is in US dollars, by list prices: null for a model on this machine, absent if unknown.
    `uncounted` are the calls of which nobody said what tokens they took, so `usage` lacks those.
    """

    model: str
    calls: int = 0
    duration_s: float = 0.0
    usage: Usage | None = None
    cost: Cost = UNSET
    uncounted: int | UnsetType = UNSET


class RunStartedData(Struct, kw_only=True):
    """What is about to run. `input` is the question, or the agent's input as plain data.

    `model` and `tool_model` are null for an agent that brings its own. `filters` are the six
    filter lists in use. `context` and `configurable` are what else the command line gave the agent,
    but for what is secret by its name. `pid` and `program`, a command in one line, say in which
    process a run happened that was watched. `resumes` is the id of the run that waited and goes on
    with this one, and `answers` what a person said to it, by the ids of its interrupts.
    """

    agent: str
    model: str | None = None
    mode: str
    input: Any
    schema: str = SCHEMA
    tool_model: str | None = None
    thread_id: str | None = None
    filters: dict[str, list[str]] = {}
    versions: dict[str, str] = {}
    context: dict[str, Any] | UnsetType = UNSET
    configurable: dict[str, Any] | UnsetType = UNSET
    pid: int | UnsetType = UNSET
    program: str | UnsetType = UNSET
    resumes: str | UnsetType = UNSET
    answers: dict[str, Any] | UnsetType = UNSET


class LlmStartedData(Struct, kw_only=True):
    """A model call began. `run_type` is LangChain's: chat_model or llm.

    `messages`, `tools` and `parameters` are what the model is sent. `agent` is the name of that
    inside the run's own, if it is one's.
    """

    model: str
    run_type: str = "chat_model"
    messages: Messages = []
    tools: Tools = []
    parameters: dict[str, Any] = {}
    agent: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        """Make typed what was read from JSON."""
        _read_items(self.messages, Message)
        _read_items(self.tools, Tool)


def _read_items(items: list[Any], kind: type[Struct]) -> None:
    for index, item in enumerate(items):
        if not isinstance(item, Struct):
            is_ref = isinstance(item, dict) and "ref" in item
            items[index] = msgspec.convert(item, Ref if is_ref else kind)


class LlmTokenData(Struct, kw_only=True):
    """A piece of what a model writes, never cumulative.

    On channel `tool_args` the piece belongs to the tool call at `index`; `tool` and `call_id` come
    with its first piece alone, as models send them, and with it `call`, the key of that call.
    On channel `block` it is a whole line, which names what is neither text nor reasoning.
    """

    channel: Channel
    delta: str
    index: int | UnsetType = UNSET
    tool: str | UnsetType = UNSET
    call_id: str | UnsetType = UNSET
    call: str | UnsetType = UNSET


class LlmFinishedData(Struct, kw_only=True):
    """A model call ended: the whole of what was streamed, and what it cost.

    `named_blocks` are the lines of channel `block`, which name what is neither text nor reasoning.
    `ttft_s` is the time to the first token in seconds, `duration_s` that of the whole call.
    `error` is set when the call failed or was cut off; `text` is then what had come so far.
    """

    model: str
    text: str
    reasoning: str = ""
    named_blocks: list[str] = []
    message: Message | None = None
    tool_calls: list[ToolCall] = []
    usage: Usage | None = None
    finish_reason: str | None = None
    ttft_s: float | None = None
    duration_s: float | None = None
    error: ErrorInfo | None = None


class ActionData(Struct, kw_only=True):
    """The agent decided on a tool call (LangChain's AgentAction)."""

    tool: str
    tool_input: Any
    tool_call_id: str | None = None
    messages: list[Message] = []


class ToolStartedData(Struct, kw_only=True):
    """A tool began to run."""

    tool: str
    tool_input: Any
    tool_call_id: str | None = None


class ToolFinishedData(Struct, kw_only=True):
    """A tool ended. `output` is its text, `duration_s` in seconds.

    `content` is what it returned, as plain data, where that is more than a text.
    """

    tool: str
    status: ToolStatus
    output: str
    tool_call_id: str | None = None
    duration_s: float | None = None
    error: ErrorInfo | None = None
    content: Any = UNSET


class ObservationData(Struct, kw_only=True):
    """What the agent gets to see of a tool call.

    `content` is that as plain data, where it is more than a text and in no message.
    """

    tool: str
    status: ToolStatus
    output: str
    tool_call_id: str | None = None
    messages: list[Message] = []
    content: Any = UNSET


class AnswerData(Struct, kw_only=True):
    """The final answer. `complete` is false when the model was cut short (length, filter, …)."""

    output: str
    complete: bool = True
    messages: list[Message] = []


class UpdateData(Struct, kw_only=True):
    """What a node of a graph changed in the state: `changes` by key, null for nothing.

    `agent` is the name of that inside the run's own, if it is one's; `duration_s` in seconds.
    """

    node: str
    changes: Any = None
    agent: str | UnsetType = UNSET
    duration_s: float | UnsetType = UNSET


class InterruptData(Struct, kw_only=True):
    """A graph waits for a person: `value` is what it says to them, `id` what an answer names.

    `allowed` are the decisions that it takes for each tool, by name, where it names any; else it
    takes any text or JSON. One `in_place` is waited for by the run itself, which may go on.
    """

    id: str
    value: Any = None
    node: str = ""
    allowed: dict[str, list[str]] = {}
    in_place: bool | UnsetType = UNSET


class NodeData(Struct, kw_only=True):
    """Any other start, stream or end: a chain, prompt, retriever, parser or custom event."""

    kind: NodeKind
    phase: Phase
    content: Any = None


class RetryData(Struct, kw_only=True):
    """A request failed and is sent again: `attempt` of `max_attempts`, after `delay_s` seconds."""

    attempt: int
    max_attempts: int
    delay_s: float
    reason: str
    status_code: int | None = None


class WarningData(Struct, kw_only=True):
    """Something a person should know that did not end the run; `code` is stable, for programs."""

    code: str
    message: str
    hint: str = ""


class RunFinishedData(Struct, kw_only=True):
    """How the run ended; `output` is the final answer as far as there is one.

    `state` is the agent's final state as plain data, null where it has none or did not get there.

    `steps` is how often the agent decided on tool calls, several at once being one step, and
    `tool_calls` how many it decided on. `cost` is that of all models together, as theirs is.
    """

    status: RunStatus
    exit_code: int
    output: str | None = None
    state: Any = None
    error: ErrorInfo | None = None
    steps: int = 0
    tool_calls: int = 0
    duration_s: float = 0.0
    ttft_s: float | None = None
    usage: Usage | None = None
    models: list[ModelUsage] = []
    cost: Cost = UNSET


_Data = TypeVar("_Data")


class Envelope(Struct, Generic[_Data], kw_only=True, tag_field="type"):
    """What every event carries; what is special to its type is in `data`.

    `run_id` is LangChain's id of the run (of a model, tool, chain) that the event is about, and
    `parent_ids` its ancestors from the root down. `tool_call_id` is the tool call that it
    happened inside: that of the nearest tool among itself and its ancestors, or null.
    `call` is the key of that call, or of the one that the event is about, unique in the run: `2.1`
    is the first call inside of call 2. `seq` and `ts` (RFC 3339, UTC) are set by the session
    alone. `raw` is the untouched LangChain object, with `--raw`.
    """

    v: int = 1
    seq: int = 0
    ts: str = ""
    run_id: str = ""
    parent_ids: list[str] = []
    name: str = ""
    tags: list[str] = []
    tool_call_id: str | None = None
    call: str | None = None
    raw: Any = UNSET
    data: _Data

    @property
    def type(self) -> str:
        """What the event is, as it stands in the line: `llm.token`."""
        return str(self.__struct_config__.tag)


class RunStarted(Envelope[RunStartedData], tag="run.started"):
    """First event of every run."""


class LlmStarted(Envelope[LlmStartedData], tag="llm.started"):
    """A model call began."""


class LlmToken(Envelope[LlmTokenData], tag="llm.token"):
    """A model wrote a piece of text, reasoning or tool arguments."""


class LlmFinished(Envelope[LlmFinishedData], tag="llm.finished"):
    """A model call ended."""


class Action(Envelope[ActionData], tag="action"):
    """The agent decided on a tool call."""


class ToolStarted(Envelope[ToolStartedData], tag="tool.started"):
    """A tool began to run."""


class ToolFinished(Envelope[ToolFinishedData], tag="tool.finished"):
    """A tool ended."""


class Observation(Envelope[ObservationData], tag="observation"):
    """What the agent gets to see of a tool call."""


class Answer(Envelope[AnswerData], tag="answer"):
    """The final answer."""


class Update(Envelope[UpdateData], tag="update"):
    """A node of a graph changed the state."""


class Interrupt(Envelope[InterruptData], tag="interrupt"):
    """A graph waits for a person's answer."""


class Node(Envelope[NodeData], tag="node"):
    """Anything else that ran."""


class Retry(Envelope[RetryData], tag="retry"):
    """A request to a model failed and is sent again."""


class Warned(Envelope[WarningData], tag="warning"):
    """Something a person should know."""


class RunFinished(Envelope[RunFinishedData], tag="run.finished"):
    """Last event of every run, on errors and Ctrl-C too."""


LlmEvent = LlmStarted | LlmToken | LlmFinished
CallEvent = Action | ToolStarted | ToolFinished | Observation
_AgentEvent = CallEvent | Answer | Update | Interrupt | Node
KnownEvent = RunStarted | LlmEvent | _AgentEvent | Retry | Warned | RunFinished


class Unknown(Struct, kw_only=True):
    """An event of a type that this version does not know: `fields` is its whole JSON object."""

    fields: dict[str, Any]
    type: str = ""
    seq: int = 0
    ts: str = ""

    def __post_init__(self) -> None:
        """Take type, number and time as they are written."""
        seq = self.fields.get("seq")
        self.seq = seq if isinstance(seq, int) else 0
        self.type, self.ts = (str(self.fields.get(name, "")) for name in ("type", "ts"))


Event = KnownEvent | Unknown


def run_of(event: Event) -> str:
    """Return the id of the run that an event belongs to: the root of what it is about."""
    if not isinstance(event, Unknown):
        return event.parent_ids[0] if event.parent_ids else event.run_id
    parents = event.fields.get("parent_ids")
    if isinstance(parents, list) and parents:
        return str(parents[0])
    return str(event.fields.get("run_id") or "")


_ABOUT = ("run_id", "parent_ids", "name", "tags", "tool_call_id", "call")


def about(event: KnownEvent) -> dict[str, Any]:
    """Return what an event's envelope says of its run, for another event of that."""
    return {name: getattr(event, name) for name in _ABOUT}


# Deeper than any agent nests its calls. What a recording nests deeper is taken for less deep.
DEEPEST_CALL = 32


def call_of(event: CallEvent) -> str:
    """Return the key of the call that an event is about; of one without a key, the best there is.

    Every source gives keys, and the reader gives them to recordings that have none yet.
    """
    return event.call or event.data.tool_call_id or event.run_id


def outer_call(call: str) -> str | None:
    """Return the key of the call that a call was made inside of, or None."""
    return call.rpartition(".")[0] or None
