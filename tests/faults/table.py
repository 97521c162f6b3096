"""The fault table: what can go wrong, and what a person is told. docs/faults.md is made of it.

Print the document's tables with `python -m tests.faults.table`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from tests.support import scripts
from tests.support.replies import Call, Reply, failing, streaming, streaming_deltas
from tests.support.scripts import ANSWER_TOKENS, calling, cat, with_fault
from tests.support.server import Script

Place = Literal["agent", "tool"]
Status = Literal["success", "error", "limit", "cancelled", "interrupted"]
Address = Literal["refused", "unknown", "no TLS", "untrusted"]
BOTH: tuple[Place, ...] = ("agent", "tool")
ANSWER = "".join(ANSWER_TOKENS)

BEFORE = "Before the stream"
WITHIN = "In the stream"
CALLS = "Tool calls"
AGENT = "The agent"

_AGAIN = "try again later; --max-retries says how often to try by itself"


@dataclass(frozen=True)
class Told:
    """The end of a run: its error's message (`…` stands for anything), kind, exit code, status."""

    message: str = ""
    kind: str = ""
    code: int = 0
    status: Status = "success"
    hint: str = ""


DONE = Told()


@dataclass(frozen=True)
class Fault:
    """One row. `script` makes the server's script for the model at a place.

    `address` is where the model is looked for instead; `misdeed` names an agent of
    tests/faults/agents.py. `classic` is what an AgentExecutor makes of it, where that differs, and
    `beside` what stands on stderr beside it.
    """

    name: str
    group: str
    told: Told
    script: Callable[[Place], Script] = lambda _: cat(3)
    places: tuple[Place, ...] = BOTH
    agents: tuple[str, ...] = ("cat", "cat-classic")
    arguments: tuple[str, ...] = ()
    address: Address | None = None
    misdeed: str | None = None
    warning: str | None = None
    retries: int = 0
    answer: str | None = None
    beside: str | None = None
    classic: Told | None = None

    @property
    def id(self) -> str:
        """Its name as a test's."""
        return self.name.replace(" ", "-").replace("`", "")

    def told_by(self, agent: str) -> Told:
        """What is told of it with this agent."""
        return self.classic if self.classic is not None and agent == "cat-classic" else self.told


def _refusing(reply: Reply) -> Callable[[Place], Script]:
    """Every request of that model gets this reply."""
    return lambda place: scripts.failing_first(cat(3), reply, times=99, at=_at(place))


def _breaking(**changes: object) -> Callable[[Place], Script]:
    """The agent's answer, or what the model inside get_items writes, is broken like this."""
    return lambda place: with_fault(cat(6), _at(place), **changes)  # type: ignore[arg-type]


def _at(place: Place) -> scripts.Target:
    return "agent" if place == "agent" else "items"


def _script(script: Script) -> Callable[[Place], Script]:
    return lambda _: script


_NO_RETRY = ("--max-retries", "0")
_ONE_RETRY = ("--max-retries", "1")
_STALL = ("--idle-timeout", "0.6")
_TRUST = "SSL_CERT_FILE can name the certificates to trust; https needs a server that speaks it"
_SILENT = Told(
    "The model was silent for ….",
    "network",
    124,
    "error",
    "is the server overloaded? wait longer with --idle-timeout SECONDS",
)


def _before() -> Iterator[Fault]:
    yield Fault(
        "connection refused",
        BEFORE,
        Told(
            "The server refused the connection: …",
            "network",
            1,
            "error",
            "is it running? OPENAI_BASE_URL says where it is looked for",
        ),
        address="refused",
        arguments=_NO_RETRY,
    )
    yield Fault(
        "name not found",
        BEFORE,
        Told(
            "The server's name was not found: …",
            "network",
            1,
            "error",
            "check OPENAI_BASE_URL and the network",
        ),
        address="unknown",
        arguments=_NO_RETRY,
    )
    insecure: dict[str, Address] = {"TLS error": "no TLS", "untrusted certificate": "untrusted"}
    for name, address in insecure.items():
        yield Fault(
            name,
            BEFORE,
            Told("No secure connection: …", "network", 1, "error", _TRUST),
            address=address,
            arguments=_NO_RETRY,
        )
    yield Fault(
        "400 context too long",
        BEFORE,
        Told(
            "The conversation is too long for the model: …maximum context length is 10 tokens…",
            "model",
            1,
            "error",
            "ask something shorter, or choose a model with a larger context (--model)",
        ),
        _refusing(failing(400, "This model's maximum context length is 10 tokens.")),
    )
    yield Fault(
        "400 anything else",
        BEFORE,
        Told("The server did not accept the request (HTTP 400): …", "model", 1, "error"),
        _refusing(failing(400)),
    )
    yield Fault(
        "401",
        BEFORE,
        Told(
            "The server refused the API key (HTTP 401): …",
            "credentials",
            4,
            "error",
            "check the key that is set for this provider (OPENAI_API_KEY for openai)",
        ),
        _refusing(failing(401, "Incorrect API key provided.")),
    )
    yield Fault(
        "403",
        BEFORE,
        Told(
            "The server denied access (HTTP 403): …",
            "credentials",
            4,
            "error",
            "the key is known, but not allowed this: another key, or another model?",
        ),
        _refusing(failing(403)),
    )
    yield Fault(
        "404 model",
        BEFORE,
        Told(
            "The server knows no such model (HTTP 404): …",
            "model",
            1,
            "error",
            "check the name in --model, and the address (OPENAI_BASE_URL ends in /v1)",
        ),
        _refusing(failing(404, "The model does not exist.")),
    )
    too_many = Told("Too many requests (HTTP 429): …", "model", 1, "error", _AGAIN)
    yield Fault(
        "429 with Retry-After",
        BEFORE,
        too_many,
        _refusing(failing(429, retry_after="0.05")),
        arguments=_ONE_RETRY,
        retries=1,
    )
    yield Fault(
        "429 without Retry-After",
        BEFORE,
        too_many,
        _refusing(failing(429)),
        arguments=_ONE_RETRY,
        retries=1,
    )
    yield Fault(
        "429 quota",
        BEFORE,
        Told(
            "The quota of this key is used up (HTTP 429): …",
            "model",
            1,
            "error",
            "check the plan and billing",
        ),
        _refusing(failing(429, "You exceeded your current quota.")),
    )
    yield from _any_form()
    for status in (500, 503):
        yield Fault(
            str(status),
            BEFORE,
            Told(f"The server failed (HTTP {status}): …", "model", 1, "error", _AGAIN),
            _refusing(failing(status, retry_after="0")),
            arguments=_ONE_RETRY,
            retries=1,
        )
    yield Fault(
        "stall before the answer", BEFORE, _SILENT, _refusing(Reply(delay=60)), arguments=_STALL
    )
    yield Fault(
        "503 once",
        BEFORE,
        DONE,
        lambda place: scripts.failing_first(
            cat(3), failing(503, retry_after="0"), times=1, at=_at(place)
        ),
        retries=1,
        answer=ANSWER,
    )


def _any_form() -> Iterator[Fault]:
    """Errors in forms that are not OpenAI's."""
    key = "check the key that is set for this provider (OPENAI_API_KEY for openai)"
    refused = Told("The server refused the API key (HTTP 401): boo", "credentials", 4, "error", key)
    for name, body in {
        "401 `detail`": {"detail": "boo"},
        "401 `error` as a string": {"error": "boo"},
        "401 in a list": [{"error": {"code": 401, "message": "boo"}}],
        "401 page": b"<html><head><style>p {}</style></head><body><p>boo</p></body></html>",
    }.items():
        yield Fault(name, BEFORE, refused, _refusing(Reply(status=401, body=body)))
    fields = {"detail": [{"loc": ["body", "n"], "msg": "Field required"}]}
    yield Fault(
        "422 of fields",
        BEFORE,
        Told(
            "The server did not accept the request (HTTP 422): body.n: Field required",
            "model",
            1,
            "error",
        ),
        _refusing(Reply(status=422, body=fields)),
    )
    yield Fault(
        "402 no credit",
        BEFORE,
        Told(
            "The quota of this key is used up (HTTP 402): Insufficient credits.",
            "model",
            1,
            "error",
            "check the plan and billing",
        ),
        _refusing(failing(402, "Insufficient credits.")),
    )


def _within() -> Iterator[Fault]:
    yield Fault(
        "disconnect",
        WITHIN,
        Told(
            "The connection broke off: …",
            "network",
            1,
            "error",
            "try again; look at proxies in between",
        ),
        _breaking(fault="disconnect", fault_after=3),
    )
    yield Fault(
        "clean cut without finish_reason",
        WITHIN,
        Told(
            "The stream of … was cut off: it ended without a finish reason.",
            "network",
            1,
            "error",
            "try again; if it happens often, look at the server or a proxy in between",
        ),
        _breaking(fault="cut", fault_after=3),
    )
    yield Fault(
        "stall in the stream",
        WITHIN,
        _SILENT,
        _breaking(fault="stall", fault_after=3),
        arguments=_STALL,
    )
    yield Fault(
        "run over --timeout",
        WITHIN,
        Told(
            "The run took over 1 s.",
            "network",
            124,
            "error",
            "give it longer with --timeout SECONDS",
        ),
        _breaking(fault="stall", fault_after=3),
        arguments=("--timeout", "1"),
    )
    yield Fault(
        "malformed chunk",
        WITHIN,
        Told(
            "The server sent what is not JSON in its stream: …",
            "model",
            1,
            "error",
            "is it an OpenAI-compatible API? a proxy in between may have cut it",
        ),
        _breaking(fault="malformed", fault_after=3),
    )
    yield Fault(
        "error frame",
        WITHIN,
        Told("The server reported an error in its stream: …", "model", 1, "error", _AGAIN),
        _breaking(fault="error_frame", fault_after=3),
    )
    yield from _no_chunks()
    yield Fault(
        "refusal",
        WITHIN,
        DONE,
        _refusing(streaming(_REFUSAL)),
        warning="refusal",
        places=("agent",),
        answer="I will not.",
    )
    reasons = {"length": "length", "content_filter": "content_filter", "abort": "incomplete"}
    for reason, code in reasons.items():
        yield Fault(
            f"finish_reason {reason}" + " or any other that is not known" * (code == "incomplete"),
            WITHIN,
            DONE,
            _breaking(finish_reason=reason),
            warning=code,
            answer=ANSWER,
        )
    yield Fault(
        "finish_reason tool_calls without a call",
        WITHIN,
        Told(
            "The model announced a tool call that never came (finish reason tool_calls).",
            "model",
            1,
            "error",
            "try again, or a model that is better at calling tools",
        ),
        _breaking(finish_reason="tool_calls"),
    )
    yield Fault(
        "empty answer of the agent",
        WITHIN,
        DONE,
        _breaking(tokens=()),
        places=("agent",),
        warning="empty_answer",
        answer="",
    )
    yield Fault(
        "empty answer of a tool's model",
        WITHIN,
        DONE,
        _breaking(tokens=()),
        places=("tool",),
        answer=ANSWER,
    )
    yield Fault("usage missing", WITHIN, DONE, _breaking(usage=False), answer=ANSWER)
    odd = streaming_deltas({"content": "So."}, usage={"prompt_tokens": "3", "total_tokens": [1.5]})
    yield Fault("usage that cannot be read", WITHIN, DONE, _refusing(odd), ("agent",), answer="So.")


_CHUNK = (
    b'data: {"id":"c","choices":[{"index":0,"delta":{"content":"So "},"finish_reason":null}]}\n\n'
)
_REFUSAL = (
    b'data: {"id":"c","choices":[{"index":0,"delta":{"refusal":"I will "}}]}\n\n'
    b'data: {"id":"c","choices":[{"index":0,"delta":{"refusal":"not."},"finish_reason":"stop"}]}'
    b"\n\ndata: [DONE]\n\n"
)
_USAGE = b'data: {"id":"c","choices":[],"usage":{"prompt_tokens":1,"completion_tokens":0}}\n\n'
_FILTER = b'data: {"id":"","choices":[],"prompt_filter_results":[]}\n\n'
_FRAMES = {
    "error event": b'event: error\ndata: {"message":"boo","code":500}\n\n',
    "error event of plain text": b"event: error\ndata: boo\n\n",
    "error object": b'data: {"object":"error","message":"boo"}\n\n',
    "error object after text": _CHUNK + b'data: {"object":"error","message":"boo"}\n\n',
    "error in a choice": (
        _CHUNK + b'data: {"choices":[{"finish_reason":"error","error":{"message":"boo"}}]}\n\n'
    ),
    "error as a string": b'data: {"error":"boo"}\n\n',
    "error detail": b'data: {"detail":"boo"}\n\n',
    "a field error": _CHUNK + b'error: {"code":500,"message":"boo"}\n\n',
    "an error outside of any event": _CHUNK + b'{"error":{"message":"boo"}}\n\n',
}
_IS_IT = "is it an OpenAI-compatible API? OPENAI_BASE_URL ends in /v1"
_JSON = {"content-type": "application/json"}
_BODIES = {
    "a page for a stream": (
        "The server sent text/html, and no stream: Log in first",
        Reply(body=b"<html><p>Log in\nfirst</p>", headers={"content-type": "text/html"}),
    ),
    "a JSON error for a stream": (
        "The server sent application/json, and no stream: no luck",
        Reply(body={"error": {"message": "no luck"}}, headers=_JSON),
    ),
    "nothing for a stream": ("The server's answer is empty (HTTP 200).", streaming(b"")),
    "only the end of a stream": (
        "The server's stream ended without a single chunk.",
        streaming(b"data: [DONE]\n\n"),
    ),
    "JSON that is not a chunk": (
        "The server sent what is not a chunk of an answer: [1, 2]",
        streaming(b"data: [1,2]\n\ndata: [DONE]\n\n"),
    ),
    "a string that is not a chunk": (
        'The server sent what is not a chunk of an answer: "boo"',
        streaming(_CHUNK + b'data: "boo"\n\n'),
    ),
    "a line of no event": (
        'The server sent what is not a chunk of an answer: "boo"',
        streaming(_CHUNK + b"boo\n\ndata: [DONE]\n\n"),
    ),
}


def _no_chunks() -> Iterator[Fault]:
    """What there may be where chunks should be."""
    told = Told("The server reported an error in its stream: boo", "model", 1, "error", _AGAIN)
    for name, body in _FRAMES.items():
        yield Fault(name, WITHIN, told, _refusing(streaming(body)))
    cut = Told(
        "The stream of … was cut off: it ended without a finish reason.",
        "network",
        1,
        "error",
        "try again; if it happens often, look at the server or a proxy in between",
    )
    yield Fault("nothing but usage", WITHIN, cut, _refusing(streaming(_USAGE)))
    yield Fault("nothing but a filter's results", WITHIN, cut, _refusing(streaming(_FILTER)))
    for name, (message, reply) in _BODIES.items():
        yield Fault(name, WITHIN, Told(message, "model", 1, "error", _IS_IT), _refusing(reply))
    yield Fault(
        "a whole answer for a stream",
        WITHIN,
        Told(
            "The server sent a whole answer where a stream was asked for.",
            "model",
            1,
            "error",
            "can it stream? a proxy in between may have kept it from doing so",
        ),
        _refusing(Reply(body={"choices": [{"message": {"content": "Hello"}}]}, headers=_JSON)),
    )


def _bad_arguments(args: str, reason: str | None = None) -> Callable[[Place], Script]:
    return _script(calling(Call("get_items", args), finish_reason=reason))


_FUNCTION = {"name": "get_items", "arguments": '{"place": "sofa"}'}
_CALLS = {
    "a call without an index": {"tool_calls": [{"id": "a", "function": _FUNCTION}]},
    "a call without an id": {"tool_calls": [{"index": 0, "function": _FUNCTION}]},
    "two calls without index and id": {"tool_calls": [{"function": _FUNCTION}] * 2},
    "a call as `function_call`": {"function_call": _FUNCTION},
}


def _calls() -> Iterator[Fault]:
    only: tuple[Place, ...] = ("tool",)
    for name, delta in _CALLS.items():
        reply = streaming_deltas({"content": "Hm."}, delta, reason="tool_calls")
        yield Fault(name, CALLS, DONE, _script(calling(first=reply)), places=only, answer=ANSWER)
    yield Fault(
        "unknown tool", CALLS, DONE, _script(calling(Call("fly"))), places=only, answer=ANSWER
    )
    not_run = Told(
        "The arguments that the model wrote for … are not a JSON object: … The tool was not run.",
        "model",
        1,
        "error",
        "try again, or a model that is better at calling tools",
    )
    yield Fault(
        "invalid JSON arguments", CALLS, not_run, _bad_arguments("{place: sofa}"), places=only
    )
    yield Fault(
        "truncated arguments", CALLS, not_run, _bad_arguments('{"place": "under'), places=only
    )
    yield Fault(
        "arguments cut by the output limit",
        CALLS,
        Told(
            "The arguments that the model wrote for … are not a JSON object: … "
            "The model reached its output limit. The tool was not run.",
            "model",
            1,
            "error",
            "try again, or a model that is better at calling tools",
        ),
        _bad_arguments('{"place": "under', "length"),
        places=only,
        warning="length",
    )
    yield Fault(
        "arguments against the schema",
        CALLS,
        DONE,
        _bad_arguments('{"spot": 1}'),
        places=only,
        answer=ANSWER,
        classic=Told("The tool get_items failed: ValidationError: …", "tool", 1, "error"),
    )
    yield Fault(
        "one id for two calls",
        CALLS,
        DONE,
        _script(calling(*[Call.of("get_items", "call_0", place=p) for p in ("a", "b")])),
        places=only,
        warning="duplicate_tool_call_id",
        answer=ANSWER,
    )
    fifty = [Call.of("get_items", f"call_{i}", place=f"place {i}") for i in range(50)]
    yield Fault(
        "50 calls at once", CALLS, DONE, _script(calling(*fifty)), places=only, answer=ANSWER
    )
    yield from _misdeeds(only)


def _misdeeds(only: tuple[Place, ...]) -> Iterator[Fault]:
    yield Fault(
        "a tool raises",
        CALLS,
        Told(
            "The tool get_items failed: ValueError: the cat scratched me",
            "tool",
            1,
            "error",
        ),
        misdeed="raises",
        places=only,
    )
    yield Fault(
        "a tool hangs",
        CALLS,
        Told(
            "The run took over 1 s.",
            "network",
            124,
            "error",
            "give it longer with --timeout SECONDS",
        ),
        misdeed="hangs",
        arguments=("--timeout", "1"),
        places=only,
    )
    yield Fault(
        "a tool calls sys.exit",
        CALLS,
        Told(
            "The tool get_items tried to end the program (exit code 7).",
            "tool",
            1,
            "error",
        ),
        misdeed="exits",
        places=only,
    )
    yield Fault(
        "a tool returns what cannot be printed",
        CALLS,
        Told("The node tools failed: ValueError: no repr", "agent", 1, "error"),
        misdeed="shy",
        places=only,
        classic=Told("The agent failed: ValueError: no repr", "agent", 1, "error"),
    )
    for what, misdeed, words in (
        ("a tool prints to stdout", "prints", "wrote this to stdout"),
        ("a tool writes to stderr", "notes", "wrote this to stderr"),
        ("a thread of a tool fails", "strays", "catagent: warning: a thread of the agent's failed"),
        ("a task fails unawaited", "forgets", "catagent: warning: a task of the agent's failed"),
        ("a finaliser fails", "litters", "catagent: warning: something failed while it was"),
    ):
        yield Fault(what, CALLS, DONE, misdeed=misdeed, places=only, answer=ANSWER, beside=words)
    for what, misdeed in {
        "a tool returns 10 MB": "big",
        "a tool returns bytes": "binary",
        "a tool returns what JSON cannot hold": "odd",
        "a tool returns escape sequences": "escapes",
    }.items():
        yield Fault(what, CALLS, DONE, misdeed=misdeed, places=only, answer=ANSWER)


def _agent() -> Iterator[Fault]:
    only: tuple[Place, ...] = ("agent",)
    yield Fault(
        "endless loop",
        AGENT,
        Told(
            "The agent was stopped after 4 steps without an answer.",
            "agent",
            3,
            "limit",
            "allow more with --max-steps (now 4)",
        ),
        _script(scripts.endless()),
        places=only,
        arguments=("--max-steps", "4"),
    )
    for what, misdeed, message, hint in (
        (
            "endless loop of an agent without tools",
            "circles",
            "The agent was stopped after 4 steps without an answer.",
            "allow more with --max-steps (now 4)",
        ),
        (
            "more than the agent's author allows",
            "bounded",
            "The agent was stopped by its author's limit: "
            "Recursion limit of 3 reached without hitting a stop condition.",
            "allow more where the agent is made: --max-steps cannot raise it",
        ),
    ):
        yield Fault(
            what,
            AGENT,
            Told(message, "agent", 3, "limit", hint),
            misdeed=misdeed,
            places=only,
            agents=("cat",),
            arguments=("--max-steps", "4"),
        )
    for what, option, allowed, used in (
        ("more tokens than --max-tokens", "--max-tokens N", "40", "used … tokens"),
        ("more money than --max-cost", "--max-cost USD", "0.00003", "cost $… by list prices"),
    ):
        flag = option.partition(" ")[0]
        limit = f"${allowed}" if flag == "--max-cost" else allowed
        yield Fault(
            what,
            AGENT,
            Told(
                f"The run {used}, and {flag} allows {limit}.",
                "agent",
                3,
                "limit",
                f"allow more with {option}",
            ),
            _script(scripts.endless()),
            places=only,
            arguments=(flag, allowed),
        )
    yield Fault(
        "no final answer",
        AGENT,
        Told(
            "The agent ended without an answer.", "agent", 1, "error", "try again, or another model"
        ),
        misdeed="silent",
        places=only,
        agents=("cat",),
    )
    yield Fault(
        "an interrupt that waits for a person",
        AGENT,
        Told(code=5, status="interrupted"),
        misdeed="waits",
        places=only,
        agents=("cat",),
    )


FAULTS: tuple[Fault, ...] = (*_before(), *_within(), *_calls(), *_agent())


def tables() -> str:
    """The tables of docs/faults.md, as Markdown."""
    return "\n\n".join(_table(group) for group in (BEFORE, WITHIN, CALLS, AGENT))


def _table(group: str) -> str:
    rows = [_row(fault) for fault in FAULTS if fault.group == group]
    head = ["| fault | the person is told | exit code | `run.finished` | beside it |"]
    return "\n".join([f"### {group}", "", *head, "|---|---|---|---|---|", *rows])


def _row(fault: Fault) -> str:
    told = fault.told
    said = _quoted(told.message) + (f" hint: {_quoted(told.hint)}" if told.hint else "")
    end = told.status + (f", kind {told.kind}" if told.kind else "")
    waits = told.status == "interrupted"
    said = said or ("what it waits for" if waits else "the answer")
    cells = [fault.name, said, str(told.code), end, _beside(fault)]
    return f"| {' | '.join(cells)} |"


def _beside(fault: Fault) -> str:
    found = [f"warning `{fault.warning}`"] if fault.warning else []
    if fault.retries:
        found.append(f"{fault.retries} `retry`")
    if fault.beside is not None:
        ours = fault.beside.startswith("catagent: ")
        found.append("a warning, on stderr" if ours else "its text, on stderr")
    if fault.classic is not None:
        found.append(f"an AgentExecutor: {_quoted(fault.classic.message)} ({fault.classic.code})")
    return "; ".join(found)


def _quoted(text: str) -> str:
    return f"“{text}”" if text else ""


if __name__ == "__main__":
    print(tables())  # noqa: T201 - that is what it is for
