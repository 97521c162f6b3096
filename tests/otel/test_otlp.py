"""`--otlp`: runs as OpenTelemetry spans, at a collector on a socket."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status

from catagent import config
from catagent.cli import spans as otlp
from catagent.cli.asked import Asked
from catagent.errors import ExitCode, UsageError
from catagent.events.codec import decode, encode
from catagent.events.timestamps import epoch
from catagent.events.types import LlmFinished, LlmStarted, RunFinished, RunStarted
from catagent.otel.collector import Collector
from catagent.otel.pen import Pen
from catagent.otel.sink import SpanSink
from catagent.otel.spans import Spans
from catagent.redact import Redactor
from catagent.stop import Stop
from tests.support.cli import COMMAND, catagent, environment, quiet, with_server
from tests.support.collector import CollectorServer, facts
from tests.support.scripts import cat
from tests.support.server import ScriptedServer
from tests.support.waiting import wait_until
from tests.support.warm import Done, Warm

FIXTURES = Path(__file__).parents[1] / "fixtures/v1"
QUESTION = "what items are located where the cat is hiding?"
MODEL = "chat gpt-4o-mini"
TREE: dict[str, Any] = {
    "invoke_agent cat": {
        MODEL: {},
        "execute_tool where_cat_is_hiding": {MODEL: {}},
        "execute_tool get_items": {MODEL: {}},
    }
}

PROGRAM = """
import asyncio
from langchain_core.language_models.fake_chat_models import FakeListChatModel
from langchain_core.runnables import RunnableLambda

async def three():
    chain = RunnableLambda(lambda question: question) | FakeListChatModel(responses=["here"])
    told = {"run_name": "finder", "metadata": {"thread_id": "7"}}
    await asyncio.gather(*(chain.ainvoke("where?", told) for _ in range(3)))

asyncio.run(three())
"""


def replayed(
    warm: Warm, home: Path, collector: CollectorServer, run: str | Path, *more: str, **env: str
) -> Done:
    path = run if isinstance(run, Path) else FIXTURES / f"{run}.jsonl"
    words = ["replay", str(path), "--speed", "0", "-q", "--otlp", collector.url, *more]
    return warm.run(words, environment(home, **env))


@pytest.mark.parametrize("mode", ["events", "steps", "log"])
def test_a_run_is_sent_as_it_happens_as_a_tree_of_spans(mode: str, tmp_path: Path) -> None:
    with CollectorServer() as collector, ScriptedServer(cat(tokens=5)) as server:
        env = with_server(tmp_path, server.url)
        words = ["ask", QUESTION, "-m", mode, "--model", "openai:gpt-4o-mini"]
        done = catagent(*words, "--otlp", collector.url, "--record", "run.jsonl", env=env)
    assert (done.returncode, done.stderr) == (0, "")
    assert collector.tree() == TREE
    assert set(collector.paths) == {"/v1/traces"}
    assert collector.resources[0]["service.name"] == "catagent"
    events = [decode(line) for line in (tmp_path / "run.jsonl").read_bytes().splitlines()[1:]]
    started = next(each for each in events if isinstance(each, RunStarted))
    assert {span.trace_id.hex() for span in collector.spans} == {started.run_id.replace("-", "")}
    root, total = collector.named("invoke_agent cat"), events[-1]
    assert isinstance(total, RunFinished)
    times = [root.start_time_unix_nano / 1e9, root.end_time_unix_nano / 1e9]
    assert times == pytest.approx([epoch(started.ts), epoch(total.ts)], rel=0, abs=1e-5)
    models = [span for span in collector.spans if span.name == MODEL]
    ends = [each for each in events if isinstance(each, LlmFinished)]
    for span, end in zip(models, ends, strict=True):
        lasted = (span.end_time_unix_nano - span.start_time_unix_nano) / 1e9
        assert lasted == pytest.approx(end.data.duration_s, abs=1e-5)
        assert span.kind == Span.SPAN_KIND_CLIENT
        assert facts(span)["gen_ai.usage.output_tokens"] == end.data.usage.output_tokens  # type: ignore[union-attr]


def test_a_models_span_says_what_the_conventions_ask_for(warm: Warm, tmp_path: Path) -> None:
    with CollectorServer() as collector:
        assert replayed(warm, tmp_path, collector, "retry").code == 0
    first = next(span for span in collector.spans if span.name == MODEL)
    assert facts(first) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.stream": True,
        "gen_ai.request.temperature": 0.0,
        "gen_ai.response.model": "gpt-4o-mini",
        "gen_ai.response.finish_reasons": ["tool_calls"],
        "gen_ai.response.time_to_first_chunk": pytest.approx(0.52, abs=0.01),
        "gen_ai.usage.input_tokens": 10,
        "gen_ai.usage.output_tokens": 2,
    }
    (again,) = first.events
    assert (again.name, facts(again)) == (
        "retry",
        {"attempt": 1, "http.response.status_code": 503},
    )
    tool = facts(collector.named("execute_tool get_items"))
    assert tool["gen_ai.tool.call.id"] == "call_items_0"
    assert tool["gen_ai.tool.type"] == "function"
    root = facts(collector.named("invoke_agent cat"))
    assert root["gen_ai.usage.input_tokens"] == 50
    assert "gen_ai.conversation.id" not in root  # a run of its own is no conversation


def test_tools_that_use_models_and_other_agents_are_nested(warm: Warm, tmp_path: Path) -> None:
    with CollectorServer() as collector:
        replayed(warm, tmp_path, collector, "nested")
    (tools,) = collector.tree().values()
    inner: dict[str, Any] = {"execute_tool where_cat_is_hiding": {MODEL: {}}, MODEL: {}}
    assert tools == {MODEL: {}, "execute_tool research": inner}
    begun = json.loads((FIXTURES / "nested.jsonl").read_text().splitlines()[1])["ts"]
    root = min(span.start_time_unix_nano for span in collector.spans)
    assert time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(root // 10**9)) == begun[:19]


@pytest.mark.parametrize(
    ("run", "status", "error"),
    [("cancelled", "cancelled", "Interrupted"), ("interrupt", "interrupted", None)],
)
def test_how_a_run_ended_is_in_its_span(
    run: str, status: str, error: str | None, warm: Warm, tmp_path: Path
) -> None:
    with CollectorServer() as collector:
        replayed(warm, tmp_path, collector, run)
    (root,) = (span for span in collector.spans if not span.parent_span_id)
    said = facts(root)
    assert (said["catagent.run.status"], said.get("error.type")) == (status, error)
    failed = root.status.code == Status.STATUS_CODE_ERROR
    assert failed == (error is not None)
    assert [each.name for each in root.events] == ["exception" if failed else "interrupt"]
    assert b"The run was cancelled" not in b"".join(collector.bodies)  # its words are content


def test_what_was_said_is_sent_with_otlp_content_alone(warm: Warm, tmp_path: Path) -> None:
    said = [b"items are located", b"under the sofa", b"You are a helpful", b"Find out where"]
    with CollectorServer() as collector:
        replayed(warm, tmp_path, collector, "events")
        bare = b"".join(collector.bodies)
        assert [text for text in said if text in bare] == []
        replayed(warm, tmp_path, collector, "events", "--otlp-content")
        whole = b"".join(collector.bodies)
        assert [text for text in said if text not in whole] == []
    last = [facts(span) for span in collector.spans if span.name == MODEL][-1]
    sent = json.loads(last["gen_ai.input.messages"])
    assert [each["role"] for each in sent[:4]] == ["system", "user", "assistant", "tool"]
    assert sent[2]["parts"][0]["name"] == "where_cat_is_hiding"
    assert sent[3]["parts"] == [
        {"type": "tool_call_response", "id": "call_where", "response": "under the sofa"}
    ]
    (answer,) = json.loads(last["gen_ai.output.messages"])
    assert (answer["role"], answer["finish_reason"]) == ("assistant", "stop")
    assert "gen_ai.tool.call.result" in facts(collector.spans[-3]) | facts(collector.spans[-4])


def test_no_secret_leaves_with_otlp_content_of_a_recording_that_holds_one(
    warm: Warm, tmp_path: Path
) -> None:
    key = "correct-horse-battery-staple-0815"
    run = (FIXTURES / "events.jsonl").read_text().replace("under the sofa", f"under {key} sofa")
    (recording := tmp_path / "run.jsonl").write_text(run)
    with CollectorServer() as collector:
        env = {"CAT_API_KEY": key}
        assert replayed(warm, tmp_path, collector, recording, "--otlp-content", **env).code == 0
    assert collector.tree() == TREE
    assert key.encode() not in b"".join(collector.bodies)


def test_spans_are_only_as_true_as_a_strangers_recording(warm: Warm, tmp_path: Path) -> None:
    """Half a run, times that are none, ids that are no UUIDs: what can be sent is sent."""
    events = [decode(line) for line in (FIXTURES / "events.jsonl").read_bytes().splitlines()[1:]]
    whole = encode(events[0]).decode()
    assert isinstance(events[0], RunStarted)
    own = events[0].run_id
    kept = [each for each in events[:40] if not isinstance(each, LlmFinished)]
    asked = next(each for each in kept if isinstance(each, LlmStarted))
    asked.ts = "yesterday"
    kept[2].ts = "0001-01-01T00:00:00Z"
    text = b"".join(map(encode, kept)).decode().replace(own, "no-uuid")
    assert own in whole
    (recording := tmp_path / "run.jsonl").write_text(text)
    with CollectorServer() as collector:
        done = replayed(warm, tmp_path, collector, recording)
    assert done.code == 1  # unfinished
    assert b"Traceback" not in done.err
    assert MODEL in collector.tree()["invoke_agent cat"]
    assert all(s.end_time_unix_nano >= s.start_time_unix_nano for s in collector.spans)


def test_no_more_of_a_collectors_answer_is_read_than_whether_it_took_spans(
    warm: Warm, tmp_path: Path
) -> None:
    with CollectorServer(length=10**12) as collector:
        done = replayed(warm, tmp_path, collector, "events")
    assert (done.code, done.err) == (0, b"")
    assert len(collector.spans) == 8


@pytest.mark.parametrize("answer", [500, 401])
def test_a_collector_that_refuses_spans_is_one_warning(
    answer: int, warm: Warm, tmp_path: Path
) -> None:
    with CollectorServer(answer) as collector:
        done = replayed(warm, tmp_path, collector, "events")
    said = f"catagent: warning: {collector.url}: 8 of 8 spans were not sent: HTTP {answer}\n"
    assert (done.code, done.err.decode()) == (0, said)


def test_spans_that_a_collector_could_not_take_are_sent_again(tmp_path: Path) -> None:
    with (
        CollectorServer(503, 200) as collector,
        ScriptedServer(cat(tokens=40, pace=0.05)) as server,
    ):
        done = catagent("ask", QUESTION, "--otlp", collector.url, env=quiet(tmp_path, server))
    assert (done.returncode, done.stderr) == (0, "")
    assert len(collector.spans) == 8
    assert collector.bodies[0] == collector.bodies[1]


def test_a_redirect_is_not_followed_and_no_header_goes_with_it(warm: Warm, tmp_path: Path) -> None:
    with CollectorServer() as other, CollectorServer(307, location=other.url) as collector:
        headers = {"OTEL_EXPORTER_OTLP_HEADERS": "api_key=sesame,x%20=1"}
        named = {**headers, "OTEL_EXPORTER_OTLP_ENDPOINT": f"{collector.url}/"}
        done = replayed(warm, tmp_path, collector, "events", **named)
        assert b"HTTP 307, a redirect, which is not followed" in done.err
        assert collector.headers[0]["api_key"] == "sesame"
        assert other.bodies == []
        # Of another address than the one that they are for, none is sent.
        replayed(warm, tmp_path, other, "events", **named)
        assert "api_key" not in other.headers[0]


@pytest.mark.parametrize(
    ("url", "code", "said"),
    [
        ("collector:4318", 2, "--otlp is not the URL of a collector"),
        ("http://ann:open-sesame@example.org", 2, "not sent over http"),
        ("http://127.0.0.1:9", 0, "http://127.0.0.1:9: 8 of 8 spans were not sent: ConnectError"),
        ("http://a..b", 0, "http://a..b: 8 of 8 spans were not sent: Unicode"),
        (
            "http://ann:open-sesame@127.0.0.1:9/x/v1/traces",
            0,
            "http://***@127.0.0.1:9/x: 8 of 8 spans",
        ),
    ],
)
def test_what_otlp_is_given_is_checked_and_its_login_masked(
    url: str, code: int, said: str, warm: Warm, tmp_path: Path
) -> None:
    words = ["replay", str(FIXTURES / "events.jsonl"), "--speed", "0", "-q", "--otlp", url]
    done = warm.run(words, environment(tmp_path, OTEL_EXPORTER_OTLP_ENDPOINT="http://[::1"))
    assert b"Traceback" not in done.err
    assert (done.code, said in done.err.decode()) == (code, True)
    assert b"sesame" not in done.err + done.out


def test_ctrl_c_waits_for_no_collector_that_hangs(tmp_path: Path) -> None:
    with (
        CollectorServer(wait=30) as collector,
        ScriptedServer(cat(tokens=400, pace=0.02)) as server,
    ):
        words = [*COMMAND, "ask", QUESTION, "-q", "--otlp", collector.url]
        asked = subprocess.Popen(
            words, env=quiet(tmp_path, server), stderr=subprocess.PIPE, text=True
        )
        wait_until(lambda: bool(collector.bodies), 60)
        interrupted = time.monotonic()
        asked.send_signal(signal.SIGINT)
        _, said = asked.communicate(timeout=60)
    assert time.monotonic() - interrupted < 1.5
    assert asked.returncode == 130
    assert f"{collector.url}: " in said
    assert "spans were not sent: it did not answer in time" in said


def test_every_run_of_a_watched_program_is_a_trace_of_spans(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    with CollectorServer() as collector, ScriptedServer(cat(tokens=3)) as server:
        env = quiet(tmp_path, server)
        words = ["watch", "--otlp", collector.url, "--", sys.executable, "app.py"]
        done = catagent(*words, env=env)
    assert done.returncode == 0, done.stderr
    roots = [span for span in collector.spans if not span.parent_span_id]
    assert len({span.trace_id for span in collector.spans}) == len(roots) == 3
    assert {facts(span)["gen_ai.conversation.id"] for span in roots} == {"7"}
    assert done.stderr.count("catagent: ") == 3  # the reports of its runs, as without --otlp


def test_without_otlp_nothing_of_opentelemetrys_is_imported(tmp_path: Path) -> None:
    play = ["-m", "catagent", "replay", str(FIXTURES / "events.jsonl"), "--speed", "0", "-q"]
    words = [sys.executable, "-X", "importtime", *play]
    done = subprocess.run(words, env=environment(tmp_path), capture_output=True, text=True)
    assert "catagent.cli" in done.stderr
    assert "opentelemetry" not in done.stderr


@pytest.mark.parametrize(
    ("words", "env", "hint"),
    [
        (["--otlp-content"], {}, "--otlp URL"),
        (["--otlp", "http://localhost"], {"OTEL_SDK_DISABLED": "true"}, "unset it"),
    ],
)
def test_otlp_that_would_send_nothing_is_refused(
    words: list[str], env: dict[str, str], hint: str, warm: Warm, tmp_path: Path
) -> None:
    done = warm.run(["replay", "last", *words], environment(tmp_path, **env))
    assert (done.code, done.err.decode().endswith(f"hint: {hint}\n")) == (2, True)


def test_what_otlp_needs_is_named_with_what_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, warm: Warm
) -> None:
    def missing(name: str) -> str:
        raise metadata.PackageNotFoundError(name)

    monkeypatch.setattr(metadata, "version", missing)
    asked = Asked(loaded=config.load({}, environ={}), otlp="http://localhost:4318")
    with pytest.raises(UsageError, match="needs the package opentelemetry-sdk") as raised:
        otlp.spans(asked, Stop()).__enter__()
    assert "opentelemetry-exporter-otlp-proto-common" in raised.value.hint


def test_what_opentelemetry_raises_ends_no_run_and_is_said(tmp_path: Path) -> None:
    said: list[str] = []

    def connect() -> tuple[Collector, Spans]:
        raise UnicodeError("half a character")

    sink = SpanSink(connect, Stop(), said.append)
    for line in (FIXTURES / "events.jsonl").read_bytes().splitlines()[1:]:
        sink.write(decode(line))
    sink.close()
    sink.close()
    assert said == ["no more spans: UnicodeError: half a character"]


def test_numbers_and_times_that_no_span_holds_are_the_nearest_that_one_does(
    warm: Warm, tmp_path: Path
) -> None:
    run = (FIXTURES / "events.jsonl").read_text()
    lines = run.replace('"input_tokens":10', f'"input_tokens":{2**63}').splitlines()
    lines[-1] = re.sub(r'"ts":"[^"]*"', '"ts":"9999-12-31T23:59:59Z"', lines[-1])
    (recording := tmp_path / "run.jsonl").write_text("\n".join(lines))
    with CollectorServer() as collector:
        done = replayed(warm, tmp_path, collector, recording)
    assert (done.code, done.err) == (0, b"")
    assert facts(collector.spans[0])["gen_ai.usage.input_tokens"] == 2**63 - 1
    assert collector.named("invoke_agent cat").end_time_unix_nano == 2**63 - 1


def test_spans_that_a_collector_takes_too_slowly_do_not_pile_up(tmp_path: Path) -> None:
    """A collector that hangs: what waits is bounded, the rest is counted, and nothing is logged."""
    said: list[str] = []
    stop, lines = Stop(), (FIXTURES / "events.jsonl").read_bytes().splitlines()
    events = [*map(decode, lines[1:])]
    with CollectorServer(wait=5) as server:
        collector = Collector(server.url, {}, proxied=False)
        spans = Spans(Pen(collector, Redactor(())), quotes=False)
        sink = SpanSink(lambda: (collector, spans), stop, said.append)
        for _ in range(320):
            for event in events:
                sink.write(event)
        stop.request(ExitCode.INTERRUPTED)
        began = time.monotonic()
        sink.close()
        assert time.monotonic() - began < 1
    assert said == ["2560 of 2560 spans were not sent: it takes too long"]
