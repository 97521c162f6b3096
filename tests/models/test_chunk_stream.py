"""Server-sent events, however the network cuts them; the connection once they are through."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catagent.models.factory import Models
from catagent.models.openai_client.server_sent_events import STRAY, ServerSentEvents
from tests.models.conftest import UseModels
from tests.support.replies import Reply
from tests.support.server import ScriptedServer

BODY = (
    "\ufeffdata: {}\n\n: a comment\n\nid: 1\n\nevent: ping\ndata:\n\nretry: 5\n\n"
    'event: error\ndata:{"a":\ndata: "ä\u2028"}\n\ndata: [DONE]\n\n'
    'data: 1\n{"b": 2}\n \nPing\nerror: {"c":3}\ndata: not ended'
).encode()
EVENTS = [(b"", b"{}"), (b"error", '{"a":\n"ä\u2028"}'.encode()), (b"", b"[DONE]")]
STRAYS = [(b"", b"1"), (STRAY, b'{"b": 2}'), (STRAY, b"Ping"), (b"error", b'{"c":3}')]


@given(
    st.lists(st.integers(min_value=0, max_value=2 * len(BODY))),
    st.sampled_from([b"\n", b"\r\n", b"\r"]),
)
def test_chunk_stream_events_do_not_depend_on_how_the_body_is_cut_or_its_lines_end(
    cuts: list[int], newline: bytes
) -> None:
    events, body = ServerSentEvents(), BODY.replace(b"\n", newline)
    pieces = [body[start:end] for start, end in pairwise([0, *sorted(cuts), len(body)])]
    assert [event for piece in pieces for event in events.feed(piece)] == EVENTS + STRAYS
    assert list(events.end()) == []


@pytest.mark.parametrize(
    ("last", "found"),
    [(b'{"a": 1}', [(STRAY, b'{"a": 1}')]), (b"error: x", [(b"error", b"x")]), (b"dat", [])],
)
def test_a_last_line_counts_though_it_never_ends(last: bytes, found: list[Any]) -> None:
    events = ServerSentEvents()
    assert [*events.feed(last), *events.end()] == found


def test_the_connection_of_a_chunk_stream_serves_the_next_request(use_models: UseModels) -> None:
    async def twice(models: Models) -> Any:
        await models.tool.ainvoke("hi")
        return await models.tool.ainvoke("hi")

    with ScriptedServer(lambda _: Reply(["a"])) as server:
        use_models(twice, server.url)
        assert server.accepted == 1
