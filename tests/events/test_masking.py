"""Secrets taken out of events, and out of streams where they come in pieces."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import jsonpatch
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType
from msgspec import inspect as mi

from catagent.events import codec
from catagent.events import types as ev
from catagent.events.masking import EventMask
from catagent.events.prompts import Prompts
from catagent.redact import MASK
from tests.support import strategies as ours  # noqa: F401 - its Hypothesis profile

SECRET = "canary-4711-zyxw"
SHAPED = "sk-proj-AbCdEfGh12345678"
secrets = st.sampled_from([SECRET, SHAPED, "https://joe:hush-hush-99@host/v1"])
innocent = st.text(st.characters(codec="utf-8", exclude_characters="-:="), max_size=30)


def token(
    delta: str,
    channel: ev.Channel = "text",
    *,
    index: int | UnsetType = UNSET,
    tool: str | UnsetType = UNSET,
    call_id: str | UnsetType = UNSET,
) -> ev.LlmToken:
    data = ev.LlmTokenData(channel=channel, delta=delta, index=index, tool=tool, call_id=call_id)
    return ev.LlmToken(run_id="llm", data=data)


def finished(text: str) -> ev.LlmFinished:
    return ev.LlmFinished(run_id="llm", data=ev.LlmFinishedData(model="m", text=text))


def cut(text: str, sizes: Iterable[int]) -> list[str]:
    """The text in pieces of these sizes, over and over."""
    pieces: list[str] = []
    sizes = list(sizes)
    while text:
        size = sizes[len(pieces) % len(sizes)]
        pieces.append(text[:size])
        text = text[size:]
    return pieces


def streamed(pieces: list[str], channel: ev.Channel = "text") -> list[ev.Event]:
    """What a mask makes of a model's stream and its end."""
    mask = EventMask([SECRET])
    events: list[ev.Event] = [token(piece, channel) for piece in pieces]
    events.append(finished("".join(pieces)))
    return [masked for event in events for masked in mask(event)]


def text_of(events: Iterable[ev.Event]) -> str:
    return "".join(event.data.delta for event in events if isinstance(event, ev.LlmToken))


@given(innocent, secrets, innocent, st.lists(st.integers(1, 9), min_size=1, max_size=5))
@example("", SECRET, "", [1])
@example("see ", SECRET, "x", [3])
def test_a_streamed_secret_is_never_shown_however_it_is_cut(
    before: str, secret: str, after: str, sizes: list[int]
) -> None:
    events = streamed(cut(f"{before} {secret} {after}", sizes))
    hidden = "hush-hush-99" if "://" in secret else secret
    shown = text_of(events)
    assert hidden not in shown
    assert MASK in shown
    assert shown.endswith(" " + after)
    last = events[-1]
    assert isinstance(last, ev.LlmFinished)
    assert last.data.text == shown


@given(innocent, st.lists(st.integers(1, 9), min_size=1, max_size=5))
@example("a list of tasks and desks, as ever", [1])
def test_a_stream_without_a_secret_passes_piece_by_piece(text: str, sizes: list[int]) -> None:
    pieces = cut(text, sizes)
    events = streamed(pieces)
    assert [e.data.delta for e in events if isinstance(e, ev.LlmToken)] == pieces


def test_text_that_only_began_like_a_secret_is_shown_in_the_end() -> None:
    for pieces in (
        ["can", "ary-", "bird"],
        ["http", "://ho", "st/v1"],
        ["sk-", "ate"],
        ["canary-"],
    ):
        assert text_of(streamed(pieces)) == "".join(pieces)


def test_a_secret_in_a_tools_arguments_is_masked_and_its_name_kept() -> None:
    mask = EventMask(['qu"ote-of-doom'])
    first = token("", "tool_args", index=0, tool="get_items", call_id="c")
    pieces = ['{"place": "qu', '\\"ote-', "of-do", 'om"}']
    rest = [token(piece, "tool_args", index=0) for piece in pieces]
    events: list[ev.Event] = [first, *rest, finished("")]
    masked = [each for event in events for each in mask(event)]
    assert text_of(masked) == f'{{"place": "qu{MASK}"}}'
    assert first in masked


def test_every_string_of_an_event_is_masked() -> None:
    data = ev.ToolFinishedData(tool="t", status="success", output=f"x {SECRET}")
    data.error = ev.ErrorInfo(kind="tool", type="E", message=SECRET)
    event = ev.ToolFinished(name=SECRET, tags=[SECRET], data=data)
    event.raw = {SECRET: [{"deep": SHAPED}]}
    (masked,) = EventMask([SECRET])(event)
    assert isinstance(masked, ev.ToolFinished)
    assert (masked.name, masked.tags, masked.data.output) == (MASK, [MASK], f"x {MASK}")
    assert masked.data.error is not None
    assert masked.data.error.message == MASK
    assert masked.raw == {MASK: [{"deep": MASK}]}


def filled(kind: mi.Type, depth: int = 0) -> Any:
    """A value of this type with the secret wherever any text can be."""
    match kind:
        case mi.StructType(cls=cls, fields=fields):
            texts = {field.name: filled(field.type, depth + 1) for field in fields}
            return cls(**texts)
        case mi.UnionType(types=types):
            return filled(next(one for one in types if not isinstance(one, mi.NoneType)), depth)
        case mi.Metadata():
            kinds = map(mi.type_info, (ev.Message, ev.Tool, ev.Ref))
            return [filled(one, depth) for one in kinds]
        case mi.ListType(item_type=item):
            return [filled(item, depth)] if depth < 6 else []  # errors hold errors
        case mi.DictType(value_type=value):
            return {SECRET: filled(value, depth)}
        case mi.LiteralType(values=values):
            return values[0]
        case mi.AnyType():
            return {SECRET: [{"deep": SECRET}]}
    return SECRET if isinstance(kind, mi.StrType) else 1


@pytest.mark.parametrize(
    "kind", ev.KnownEvent.__args__, ids=lambda kind: kind.__struct_config__.tag
)
def test_no_field_of_any_event_keeps_a_secret(kind: type[ev.KnownEvent]) -> None:
    event = filled(mi.type_info(kind))
    mask = EventMask([SECRET])
    lines = b"".join(codec.encode(each) for each in [*mask(event), *mask(finished(""))])
    assert MASK.encode() in lines
    assert SECRET.encode() not in lines


def test_what_is_referred_to_is_found_by_a_masked_id_too() -> None:
    """A message and what refers to it are masked alike, wherever they stand."""
    data = ev.LlmFinishedData(model="m", text="hi")
    data.message = ev.Message(type="ai", content="hi", id=f"run-{SECRET}")
    said = ev.LlmFinished(run_id="a", data=data)
    refs = [ev.Ref(f"run-{SECRET}"), ev.Ref("other")]
    asked = ev.LlmStarted(run_id="b", data=ev.LlmStartedData(model="m", messages=[*refs]))
    state = {"messages": [{"ref": f"run-{SECRET}"}]}
    update = ev.Update(data=ev.UpdateData(node="n", changes=state))
    mask, prompts = EventMask([SECRET]), Prompts()
    for event in (said, asked, update):
        prompts.take(*mask(event))
    assert prompts.messages(asked.data) == [data.message, ev.Ref("other")]
    assert prompts.whole(update.data.changes)["messages"][0]["content"] == "hi"
    assert data.message.id == f"run-{MASK}"


def test_data_that_is_nested_too_deep_is_cut_and_its_secrets_are_masked() -> None:
    """A recording may hold it: decoding goes deeper than Python's own stack does."""
    raw: Any = {"deepest": SECRET}
    for depth in range(900):
        raw = {SECRET: raw} if depth % 2 else [raw]
    event = ev.ToolFinished(data=ev.ToolFinishedData(tool="t", status="success", output=""))
    event.raw = raw
    (told,) = EventMask([SECRET])(codec.decode(codec.encode(event)))
    line = codec.encode(told)
    assert codec.PLACEHOLDER.encode() in line
    assert SECRET.encode() not in line


def test_the_placeholder_of_cut_data_holds_no_secret() -> None:
    raw: Any = SECRET
    for _ in range(250):
        raw = [raw]
    event = ev.ToolFinished(data=ev.ToolFinishedData(tool="t", status="success", output=""))
    event.raw = raw
    (told,) = EventMask([SECRET])(event)
    assert MASK.encode() in codec.encode(told)
    assert SECRET.encode() not in codec.encode(told)


@pytest.mark.parametrize(
    "event",
    [
        ev.RunFinished(data=ev.RunFinishedData(status="cancelled", exit_code=130)),
        ev.Node(data=ev.NodeData(kind="retriever", phase="stream", content="cancelled")),
        token("cancelled", "reasoning"),
        token("{}", "tool_args", index=1, tool="cancelled"),
    ],
)
def test_enumerated_words_are_not_masked_and_the_line_stays_valid(event: ev.Event) -> None:
    """A password can be a word, and `run.finished` with a masked status could not be read."""
    mask = EventMask(["cancelled", "retriever", "stream", "reasoning", "tool_args"])
    masked = [*mask(event), *mask(finished(""))]
    assert [codec.decode(codec.encode(each)) for each in masked] == masked
    assert not isinstance(event, ev.RunFinished) or event.data.status == "cancelled"
    assert not isinstance(event, ev.Node) or event.data.content == MASK


def test_the_raw_object_of_a_held_back_token_holds_what_is_shown_of_it() -> None:
    """Its operations still apply, and give the text without the secret."""
    mask = EventMask([SECRET])
    pieces = ["see https", "://exam", "ple.com/", " and canary-47", "11-zyxw or", " so."]
    events = [token(piece) for piece in pieces]
    state: dict[str, Any] = {"text": []}
    for number, event in enumerate(events, 1):
        event.raw = [{"op": "add", "path": "/text/-", "value": event.data.delta}]
        for masked in mask(event):
            assert isinstance(masked, ev.LlmToken)
            state = jsonpatch.apply_patch(state, masked.raw)
            assert "".join(state["text"]) == text_of(events[:number])
    assert "".join(state["text"]) == f"see https://example.com/ and {MASK} or so."


def test_arguments_parsed_from_held_back_text_are_masked_in_the_raw_object() -> None:
    event = token('{"key": "canary-47', "tool_args", index=0)
    call = {"type": "tool_call", "name": "f", "args": {"key": "canary-47"}, "id": "call_0"}
    broken = {"name": "f", "args": '{"key": "canary-47', "id": "call_0"}
    held = {"content": "", "quoted": "canary-47", "metadata": {"langgraph_node": "model"}}
    event.raw = {**held, "tool_calls": [call], "invalid_tool_calls": [broken]}
    (masked,) = EventMask([SECRET])(event)
    assert isinstance(masked, ev.LlmToken)
    assert masked.data.delta == '{"key": "'
    assert masked.raw == {
        **held,
        "quoted": MASK,
        "tool_calls": [{**call, "args": MASK}],
        "invalid_tool_calls": [{**broken, "args": masked.data.delta}],
    }


def test_a_character_streamed_in_two_halves_is_joined() -> None:
    assert text_of(streamed(["a\ud83d", "\ude00b"])) == "a😀b"
    assert text_of(streamed(["a\ud83d", "b", "\ud83d"])) == "a\ufffdb\ufffd"


def test_an_endless_secret_is_not_held_back_for_ever() -> None:
    events = streamed(["sk-", *["a" * 100] * 100])
    assert any(isinstance(e, ev.LlmToken) and e.data.delta == MASK for e in events[:-1])


def test_text_full_of_secret_beginnings_is_masked_in_linear_time() -> None:
    """A model could write it to slow us down."""
    began = time.process_time()
    text_of(streamed(["sk-" * 100_000 + " ", "://:" * 100_000 + " ", "Bearer " * 50_000]))
    assert time.process_time() - began < 2


def test_a_line_that_names_a_block_is_masked_and_holds_nothing_back() -> None:
    mask = EventMask([SECRET])
    end = finished("")
    end.data.named_blocks = [f"[search {SECRET}]"]
    events: list[ev.Event] = [token(f"[search {SECRET}]", "block"), token("[image canar", "block")]
    first, second, last = (masked for event in [*events, end] for masked in mask(event))
    assert isinstance(first, ev.LlmToken)
    assert first.data.delta == f"[search {MASK}]"
    assert isinstance(second, ev.LlmToken)
    assert second.data.delta == "[image canar"
    assert isinstance(last, ev.LlmFinished)
    assert last.data.named_blocks == [f"[search {MASK}]"]
