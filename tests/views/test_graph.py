"""What a graph reports of itself: pauses, and updates of its state."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from langchain.agents.middleware import HumanInTheLoopMiddleware

from catagent.events import types as ev
from catagent.events.codec import decode
from catagent.views.graph import DEFAULT_DESCRIPTION, questions, resuming
from catagent.views.options import ViewOptions
from catagent.views.style import live_look
from tests.support import runs
from tests.views.test_transcript import PLAIN, shown

RECORDED = Path(__file__).parents[1] / "fixtures/v1/interrupt.jsonl"
VERBOSE = live_look(ViewOptions(verbose=True))


def test_a_pause_is_shown_where_it_happened_and_is_no_failure() -> None:
    rows = shown(runs.paused_run())
    assert "\n".join(rows[rows.index('╭─ expert(about="cats")') :]) == (
        '╭─ expert(about="cats")\n'
        '│ ╭─ look(where="shelf")\n'
        "│ │ ◦ tool model\n"
        "│ │ I need a lamp.\n"
        "│ │ ‖ May I turn on the lamp?\n"
        "│ ╰─ ‖ 0.40 s · 2 tokens seen · waiting for an answer\n"
        "╰─ ‖ 0.50 s · 2 tokens seen · waiting for an answer\n"
        "\n"
        "‖ send_email\n"
        "    to: ann@example.com\n"
        "    body:\n"
        "      The cat is on the shelf.\n"
        "      Bring fish.\n"
        "  Mail leaves the house.\n"
        "  answers to send_email: approve, reject\n"
        "\n"
        "‖ waiting for an answer after 3.4 s · 2 tool calls · 4 tokens seen"
    )
    assert not any(sign in "".join(rows) for sign in "✗✓→")


@pytest.mark.parametrize(("look", "width"), [(live_look(ViewOptions()), 80), (PLAIN, None)])
def test_a_call_that_goes_on_is_not_shown_whole_again(look: Any, width: int | None) -> None:
    goes_on = runs.started()
    goes_on.data.resumes = goes_on.run_id
    goes_on.run_id = "again"
    to = {"to": "ann@example.com", "body": "The cat is on the shelf.\nBring fish." * 9}
    asked = runs.tool("m", "send_email", to, [])[0]
    refused = ev.ObservationData(tool="send_email", tool_call_id="m", output="no", status="error")
    refusal = ev.Observation(run_id="again", call="x", data=refused)
    rows = shown(
        [runs.started(), asked, runs.finished("interrupted", 5), goes_on, refusal], look, width
    )
    titles = [row for row in rows if "send_email(" in row]
    assert titles[-1].startswith(("╭─ send_email(to=", "tool: send_email(to="))
    assert titles[-1].endswith("…" if width else "...")
    assert sum("Bring fish" in row for row in rows) < 12


def test_a_pause_in_words_says_so() -> None:
    rows = shown(runs.paused_run(), PLAIN, None)
    assert "    paused: May I turn on the lamp?" in rows
    assert rows[-1] == "run: waiting for an answer after 3.4 s, 2 tool calls, 4 tokens seen"


@pytest.mark.parametrize(("key", "words"), [("", "before send"), ("a1", "in send")])
def test_a_pause_without_words_says_where(key: str, words: str) -> None:
    assert questions(ev.InterruptData(id=key, node="send")) == [words]


def test_quiet_shows_what_is_asked() -> None:
    rows = shown(runs.paused_run(), live_look(ViewOptions(quiet=True)))
    assert [row for row in rows if row.startswith("‖")] == [
        "‖ May I turn on the lamp?",
        "‖ send_email",
    ]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("Is it Ann?", ["‖ Is it Ann?"]),
        ({"name": "Ann", "ages": [3, 4]}, ["‖ name: Ann", "  ages: [3, 4]"]),
        ([1, {"a": None, "b": {}}], ["‖ - 1", "  - a: null", "    b: {}"]),
        (
            {"to": {"name": "Ann", "at": [{"n": 1}]}, "a\nb": "c\n\nd", "none": []},
            [
                "‖ to:",
                "    name: Ann",
                "    at:",
                "      - n: 1",
                "  a␊b:",
                "    c",
                "",
                "    d",
                "  none: []",
            ],
        ),
        ({"action_requests": "none"}, ["‖ action_requests: none"]),
        ({"action_requests": [{}]}, ["‖ tool"]),
        (
            [
                {
                    "action_request": {"action": "mail", "args": {"to": "bob"}},
                    "config": {"allow_accept": True, "allow_edit": False},
                    "description": "\n# Mail",
                }
            ],
            ["‖ mail", "    to: bob", "  # Mail", "  answers to mail: accept"],
        ),
    ],
)
def test_whatever_a_graph_asks_can_be_read(value: Any, expected: list[str]) -> None:
    assert shown([ev.Interrupt(data=ev.InterruptData(id="i", value=value))]) == expected


@pytest.mark.parametrize(
    ("allows", "answer"),
    [
        ({"allow_edit": True, "allow_accept": True}, {"type": "accept", "args": None}),
        ({"allow_respond": True}, {"type": "response", "args": "TEXT"}),
    ],
)
def test_the_command_that_answers_an_agent_inbox_has_its_form(
    allows: dict[str, bool], answer: dict[str, Any]
) -> None:
    request = {"action_request": {"action": "mail", "args": {}}, "config": allows}
    command = resuming("catagent show 1", [ev.InterruptData(id="i", value=[request])])
    assert json.loads(shlex.split(command)[-1]) == [answer]


def test_an_argument_never_passes_for_what_is_asked() -> None:
    """Wrapped or in lines of its own, it stays further to the right than the description."""
    args = {"body": "word " * 20 + "\nThis is harmless."}
    request = {"name": "run", "args": args, "description": "It is not."}
    data = ev.InterruptData(id="i", value={"action_requests": [request]})
    first, *rows, last = shown([ev.Interrupt(data=data)], width=30)
    assert (first, last) == ("‖ run", "  It is not.")
    assert all(row.startswith("    ") for row in rows)


CALLING = {"type": "ai", "content": "", "tool_calls": [{"name": "look", "args": {"x": 1}}]}


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        ([{"ref": "a"}, CALLING], "ai: look(x=1), after 1 message"),
        ([{"type": "human", "content": "hi", "tool_calls": []}], "human: hi"),
        ([{"ref": "a"}, {"ref": "b"}], "2 messages, as above"),
    ],
)
def test_of_the_messages_that_a_node_is_about_to_get_the_last_is_shown(
    messages: list[Any], said: str
) -> None:
    state = {"messages": messages, "notes": ["n"]}
    value = {"breakpoint": {"kind": "node", "name": "act", "input": state}}
    assert shown([ev.Interrupt(data=ev.InterruptData(id="i", value=value))]) == [
        "‖ before act",
        f"    messages: {said}",
        '    notes: ["n"]',
    ]


def asked(*requests: dict[str, Any]) -> ev.Interrupt:
    """A pause of HumanInTheLoopMiddleware over these tool calls."""
    value = {"action_requests": list(requests), "review_configs": []}
    allowed = {str(request["name"]): ["approve", "reject"] for request in requests}
    return ev.Interrupt(data=ev.InterruptData(id="i", value=value, allowed=allowed))


def default(name: str, args: dict[str, Any], prefix: str) -> dict[str, Any]:
    """A request with LangChain's own description."""
    return {"name": name, "args": args, "description": f"{prefix}\n\nTool: {name}\nArgs: {args}"}


APPROVE = "Tool execution requires approval"
SEND = default("send", {"to": "ann", "copies": [1, True]}, APPROVE)


def test_each_call_to_approve_has_a_sign_of_its_own_and_says_nothing_twice() -> None:
    pause = asked(SEND, default("remove", {"path": "a.txt"}, APPROVE))
    assert shown([pause]) == [
        "‖ send",
        "    to: ann",
        "    copies: [1, true]",
        "‖ remove",
        "    path: a.txt",
        "  answers to send: approve, reject",
        "  answers to remove: approve, reject",
    ]
    words = shown([pause], PLAIN, None)
    assert [row for row in words if row.startswith("paused: ")] == [
        "paused: send",
        "paused: remove",
    ]


@pytest.mark.versions
def test_langchains_own_description_of_a_call_is_known() -> None:
    assert HumanInTheLoopMiddleware({}).description_prefix == APPROVE == DEFAULT_DESCRIPTION
    lines = RECORDED.read_bytes().splitlines()
    pauses = [event for event in map(decode, lines) if isinstance(event, ev.Interrupt)]
    assert "Tool: get_items" in str(pauses)
    assert shown(pauses) == [
        "‖ get_items",
        "    place: under the sofa",
        "  answers to get_items: approve, reject",
    ]


@pytest.mark.parametrize(
    ("description", "expected"),
    [
        ("Mail leaves the house.", ["  Mail leaves the house."]),
        (default("send", SEND["args"], "Look twice.")["description"], ["  Look twice."]),
        (f"{SEND['description']}\nLook twice.", None),
        (default("send", {"to": "eve"}, APPROVE)["description"], None),
        (APPROVE + "\n\nLook twice.", None),
    ],
)
def test_whatever_else_the_author_says_of_a_call_is_kept(
    description: str, expected: list[str] | None
) -> None:
    """With LangChain's words as well where they are but a part of it, or say something else."""
    rows = shown([asked(SEND | {"description": description})])
    whole = [f"  {line}".rstrip() for line in description.split("\n")]
    assert rows[3:-1] == (expected or whole)


def update(changes: Any, node: str = "extract", **more: Any) -> ev.Update:
    run = {name: more.pop(name) for name in ("run_id", "parent_ids", "call") if name in more}
    return ev.Update(data=ev.UpdateData(node=node, changes=changes, **more), **run)


KNOWN, NEW = {"ref": "m-1"}, {"type": "ai", "content": "hello", "tool_calls": list[Any]()}
DOCUMENT = {"type": "web", "content": "x" * 90}


def test_a_change_of_the_state_is_one_dim_row() -> None:
    changes = {"messages": [KNOWN, NEW], "info": {"name": "Ann"}, "docs": ["x" * 90, "y"]}
    changes["text"] = "word\n" * 100
    assert shown([update(changes, duration_s=0.5)], width=None) == [
        '∙ extract (0.50 s): 2 messages, info {"name": "Ann"}, docs 2 items, text '
        "word word word word word word word word… (500 characters)"
    ]
    [row] = shown([update(changes)], VERBOSE, width=60)
    assert (row[:21], row[-1]) == ("∙ extract: 2 messages", "…")
    assert shown([update({"a b": "x" * 1000})], width=16) == ["∙ extract: a b …"]
    assert shown([update([{"a": 1}, {"chat": [KNOWN]}])]) == ["∙ extract: a 1"]
    assert shown([update([{"a": 1}, {"a": 2}])]) == ['∙ extract: [{"a": 1}, {"a": 2}]']
    assert shown([update({"chat": NEW})]) == ["∙ extract: chat ai hello"]
    openai = {"role": "user", "content": "hello"}
    assert shown([update({"chat": openai})]) == ["∙ extract: chat user hello"]
    pair = ["ai", "hello"]
    assert shown([update({"chat": pair})]) == ["∙ extract: chat ai hello"]
    assert shown([update({"messages": [pair, pair]})]) == ["∙ extract: 2 messages"]
    assert shown([update({"docs": [DOCUMENT]})]) == ["∙ extract: docs 1 item"]
    assert shown([update([KNOWN]), update(NEW)]) == ["∙ extract", "∙ extract: ai hello"]
    assert shown([update(["a", "b"])]) == ['∙ extract: ["a", "b"]']


@pytest.mark.parametrize("changes", [None, {}, {"messages": [KNOWN]}, {"messages": KNOWN}])
def test_a_node_has_a_line_unless_it_is_one_of_an_agents_loop(changes: Any) -> None:
    assert shown([update(changes)]) == ["∙ extract"]
    for node in ("model", "tools", "chatbot", "Todos.before_model"):
        assert shown([update(changes, node)]) == []
    acting = runs.tool("c", "look", {}, ["seen"])
    assert "∙ act" not in shown([*acting, update(changes, "act"), update(changes, "act")])
    inner = update(changes, "model", agent="bob", run_id="m", parent_ids=["r", "b"])
    assert shown([inner, update(changes, "agent", run_id="b", parent_ids=["r"])]) == ["∙ agent"]
    assert shown([update({"n": 1}, "chatbot", agent="bob")]) == ["∙ bob/chatbot: n 1"]


def test_what_a_state_came_to_stands_beside_the_answer_once() -> None:
    end = runs.finished(output="# Bees")
    todos = [{"content": "look", "status": "completed"}, {"content": "tell", "status": "pending"}]
    files = {"/a.md": "12345", "/b.md": {"content": ["1", "2"]}}
    end.data.state = {"messages": [KNOWN], "todos": todos, "files": files, "report": "# Bees"}
    docs, notes = ["x" * 90], "*short*\n\nlong"
    end.data.state |= {"docs": docs, "notes": notes, "n": 1, "left": [], "by": "tool"}
    events = [update({"docs": docs, "n": 1}), update({"notes": notes})]
    begun = runs.started()
    assert shown([begun, *events, end], PLAIN, None)[4:-1] == [
        "todos:",
        "  [x] look",
        "  [ ] tell",
        "files:",
        "  /a.md: 5 characters",
        "  /b.md: 3 characters",
        "notes:",
        "  *short*",
        "",
        "  long",
        "by:",
        "  tool",
    ]


def test_custom_events_are_shown_inside_the_call_that_wrote_them() -> None:
    data = ev.NodeData(kind="custom", phase="stream", content={"percent": 50})
    events = runs.tool("c", "get_items", {}, [])
    events.insert(2, ev.Node(name="progress", call="c", data=data))
    assert shown(events)[:2] == ["╭─ get_items()", '│ ∙ progress: {"percent": 50}']
