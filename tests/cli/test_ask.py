"""`catagent ask`, as a user runs it: a real process, a real server, pipes."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.support.cli import COMMAND, catagent, environment, lines, text_of, with_server
from tests.support.patience import prompt
from tests.support.replies import Call, Reply, failing
from tests.support.scripts import ANSWER_TOKENS, calling, cat, failing_first, tokens_of, with_fault
from tests.support.server import Request, ScriptedServer

QUESTION = "what items are located where the cat is hiding?"
ANSWER = "".join(ANSWER_TOKENS)
AGENTS = ["cat", "cat-classic"]
STREAMING = ["events", "log"]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("mode", STREAMING)
def test_every_token_of_a_tools_model_comes_once_under_its_call(
    tmp_path: Path, agent: str, mode: str
) -> None:
    """Three tools in parallel: each one's tokens, in order, with its own tool_call_id."""
    with ScriptedServer(cat(tokens=50, parallel=3)) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("ask", QUESTION, "--agent", agent, "--mode", mode, env=env)
    events = lines(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert events[0]["type"] == "run.started"
    assert events[-1]["type"] == "run.finished"
    assert [event["seq"] for event in events] == sorted({event["seq"] for event in events})
    for call in range(3):
        assert text_of(events, f"call_items_{call}") == "".join(tokens_of(call, 50))
    assert text_of(events, None) == ANSWER
    for event in events:
        if event["type"] == "llm.finished":
            deltas = [
                token["data"]["delta"]
                for token in events
                if token["type"] == "llm.token"
                and token["run_id"] == event["run_id"]
                and token["data"]["channel"] == "text"
            ]
            assert "".join(deltas) == event["data"]["text"]


@pytest.mark.parametrize("agent", AGENTS)
@pytest.mark.parametrize("mode", ["steps", *STREAMING])
def test_every_mode_has_actions_observations_and_the_answer(
    tmp_path: Path, agent: str, mode: str
) -> None:
    with ScriptedServer(cat(tokens=5)) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("ask", QUESTION, "--agent", agent, "--mode", mode, env=env)
    events = lines(done.stdout)
    seen = [
        (event["type"], event["data"]["tool"], event["data"]["tool_call_id"])
        for event in events
        if event["type"] in ("action", "observation")
    ]
    assert seen == [
        ("action", "where_cat_is_hiding", "call_where"),
        ("observation", "where_cat_is_hiding", "call_where"),
        ("action", "get_items", "call_items_0"),
        ("observation", "get_items", "call_items_0"),
    ]
    assert [event["data"]["output"] for event in events if event["type"] == "answer"] == [ANSWER]
    last = events[-1]["data"]
    assert (last["status"], last["exit_code"], last["output"]) == ("success", 0, ANSWER)
    assert last["steps"] == 2


def test_output_answer_and_quiet_print_the_answer_alone(tmp_path: Path) -> None:
    """A newline ends it, and there is nothing else anywhere."""
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        for options in (["-o", "answer"], ["-q"]):
            done = catagent("ask", QUESTION, *options, env=env)
            assert (done.returncode, done.stdout, done.stderr) == (0, ANSWER + "\n", "")
        assert lines(catagent("ask", QUESTION, "-q", "--json", env=env).stdout)


def test_ask_reads_the_question_from_stdin_or_adds_stdin_to_it(tmp_path: Path) -> None:
    with ScriptedServer(cat()) as server:
        env = with_server(tmp_path, server.url)
        piped = catagent("ask", env=env, stdin=QUESTION + "\n")
        both = catagent("ask", "what is this?", env=env, stdin="a list\n")
    assert lines(piped.stdout)[0]["data"]["input"] == QUESTION
    asked = lines(both.stdout)[0]["data"]["input"]
    assert asked == "what is this?\n\n<stdin>\na list\n</stdin>"


def test_a_reader_that_leaves_ends_ask_quietly(tmp_path: Path) -> None:
    """`catagent ask … | head -1` says nothing on stderr and leaves with 141."""
    with ScriptedServer(cat(tokens=2000, pace=0.001)) as server:
        process = subprocess.Popen(
            [*COMMAND, "ask", QUESTION],
            env=with_server(tmp_path, server.url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        assert process.stdout
        assert process.stderr
        assert b"run.started" in process.stdout.readline()
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""
        process.stderr.close()


@pytest.mark.parametrize("mode", ["steps", *STREAMING])
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_cancels_the_run_and_its_requests(
    tmp_path: Path, mode: str, number: signal.Signals, code: int
) -> None:
    """run.finished is the last line, says cancelled, and no socket stays open."""
    with ScriptedServer(cat(tokens=20_000, pace=0.01)) as server:
        process = subprocess.Popen(
            [*COMMAND, "ask", QUESTION, "--mode", mode],
            env=with_server(tmp_path, server.url),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert process.stdout
        seen = []
        for line in process.stdout:
            seen.append(line)
            if '"type":"action"' in line and "get_items" in line:
                break
        time.sleep(0.2)  # into the middle of the tool's tokens
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
        assert prompt(began, 2)
        assert server.wait_closed()
    last = lines("".join(seen) + out)[-1]
    assert (last["type"], last["data"]["status"]) == ("run.finished", "cancelled")
    assert (process.returncode, last["data"]["exit_code"], err) == (code, code, "")


@pytest.mark.parametrize(
    ("arguments", "variables", "code", "words"),
    [
        (["ask", "q", "--mode", "evnets"], {}, 2, "events"),
        (["ask", "q", "--agent", "dog"], {}, 2, "cat"),
        (["ask", "q", "--agent", "no.such:thing"], {}, 2, "no.such"),
        (["ask", "q", "--model", "openai:gpt-4.1"], {}, 4, "OPENAI_API_KEY"),
        (["ask", "q", "--model", "local:/no/such.gguf"], {}, 2, "/no/such.gguf"),
        (["ask", " "], {}, 2, "catagent ask"),
        (["dance"], {}, 2, "dance"),
        (["ask", "q", "-o", "live"], {"OPENAI_API_KEY": "sk-x"}, 2, "terminal"),
    ],
)
def test_a_mistake_on_the_command_line_is_one_clear_message_and_its_own_code(
    tmp_path: Path, arguments: list[str], variables: dict[str, str], code: int, words: str
) -> None:
    done = catagent(*arguments, env=environment(tmp_path, **variables))
    assert done.returncode == code
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_refused_key_is_code_4_and_never_shown(tmp_path: Path) -> None:
    with ScriptedServer(lambda _: failing(401, "bad key sk-test-0123456789")) as server:
        done = catagent("ask", QUESTION, env=with_server(tmp_path, server.url))
    assert done.returncode == 4
    assert "sk-test-0123456789" not in done.stdout + done.stderr
    assert lines(done.stdout)[-1]["data"]["error"]["kind"] == "credentials"


def test_no_server_is_an_error_of_the_network(tmp_path: Path) -> None:
    env = with_server(tmp_path, "http://127.0.0.1:9/v1")
    done = catagent("ask", QUESTION, "--max-retries", "0", env=env)
    assert done.returncode == 1
    assert "127.0.0.1:9" in done.stderr
    assert lines(done.stdout)[-1]["data"]["error"]["kind"] == "network"


def test_retries_of_ask_are_events(tmp_path: Path) -> None:
    """Two failures, reported as they happen, then the run goes on."""
    script = failing_first(cat(), failing(503), times=2)
    with ScriptedServer(script) as server:
        done = catagent("ask", QUESTION, env=with_server(tmp_path, server.url))
    events = lines(done.stdout)
    assert done.returncode == 0
    retries = [event["data"]["attempt"] for event in events if event["type"] == "retry"]
    assert retries == [1, 2]


def test_a_question_beyond_the_embedded_model_is_noticed(tmp_path: Path) -> None:
    """The question is answered all the same, with a warning before the first request."""
    done = catagent("ask", "Wo versteckt sich denn die Katze heute?", env=environment(tmp_path))
    warnings = [event["data"] for event in lines(done.stdout) if event["type"] == "warning"]
    assert [warning["code"] for warning in warnings][:1] == ["embedded_model"]
    assert "--model" in warnings[0]["hint"]


def test_half_a_character_from_a_model_does_not_end_the_run(tmp_path: Path) -> None:
    """A lone surrogate becomes U+FFFD, in the next request too."""
    script = calling(Call.of("where_cat_is_hiding", "call_0"))

    def halved(request: Request) -> Reply:
        return script(request) if request.tools else Reply(("on \ud800 a ", "table"))

    with ScriptedServer(halved) as server:
        done = catagent("ask", QUESTION, env=with_server(tmp_path, server.url))
    assert done.returncode == 0, done.stderr
    assert "on \ufffd a table" in server.requests[-1].observations


@pytest.mark.parametrize("agent", AGENTS)
def test_a_retry_says_whose_request_it_was(tmp_path: Path, agent: str) -> None:
    """Four models ask at once; the retry names the right one."""
    failure = failing(503, retry_after="0.01")
    script = failing_first(cat(tokens=3, parallel=3), failure, times=2, at="items")
    with ScriptedServer(script) as server:
        env = with_server(tmp_path, server.url)
        done = catagent("ask", QUESTION, "--agent", agent, env=env)
    events = lines(done.stdout)
    retries = [event for event in events if event["type"] == "retry"]
    started = {e["run_id"]: e for e in events if e["type"] == "llm.started"}
    assert len(retries) == 2
    for retry in retries:
        model = started[retry["run_id"]]
        assert (retry["name"], retry["tool_call_id"]) == (model["name"], model["tool_call_id"])
        assert retry["name"] == "Get Items LLM"


def test_an_incomplete_answer_is_noted_on_stderr(tmp_path: Path) -> None:
    with ScriptedServer(with_fault(cat(), "agent", finish_reason="length")) as server:
        done = catagent("ask", QUESTION, "-o", "answer", env=with_server(tmp_path, server.url))
    assert (done.stdout, done.returncode) == (ANSWER + "\n", 0)
    assert "incomplete" in done.stderr
