"""What holds for every export: the whole run is in it, and its text stays text."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from catagent.errors import OutputError, UsageError
from catagent.events import types as ev
from catagent.exports import EXPORTERS, exporter, save, tags
from catagent.exports.html_text import code, markdown
from catagent.views.sanitize import clean
from tests.support.recordings import read_recording
from tests.support.runs import (
    NAMED,
    ROOT,
    artifact_run,
    cat_run,
    failed_run,
    finished,
    model,
    named_run,
    paused_run,
    stamped,
    started,
    tool,
)
from tests.support.strategies import events

pytestmark = pytest.mark.versions

FIXTURES = Path(__file__).parents[1] / "fixtures"
# Those that a person looks at: a recording is data, and stays as it is.
ENDINGS = sorted(EXPORTERS.keys() - {".jsonl"})
HOSTILE = (
    "<script>alert(1)</script> \x1b[2J\x1b]0;pwned\x07 \x9b31m \u202eevil [x](javascript:alert(1)) "
    "![p](http://127.0.0.1/p.png) [bold]x[/] ]]> --> </pre></details> &#x202e; ``` \ud800 \x00"
)


def export(ending: str, run: list[ev.Event], title: str | None = None) -> str:
    return exporter(Path(f"x{ending}"))(run, title)


def hostile_end() -> ev.RunFinished:
    error = ev.ErrorInfo(kind="x", type="X", message=HOSTILE, node=HOSTILE, file=HOSTILE)
    error.others = [ev.Failure(kind="x", type="X", message=HOSTILE)]
    end = finished("error", 1, error=error)
    nested: Any = HOSTILE
    for _ in range(10_000):
        nested = [nested]
    end.data.state = {HOSTILE: HOSTILE, "nested": nested}
    return end


def hostile_run() -> list[ev.Event]:
    """Hostile text wherever text can be."""
    return stamped(
        [
            started(HOSTILE),
            ev.Warned(data=ev.WarningData(code="x", message=HOSTILE, hint=HOSTILE)),
            ev.Node(name=HOSTILE, data=ev.NodeData(kind="custom", phase="end", content=HOSTILE)),
            ev.Unknown(fields={"type": HOSTILE, "data": HOSTILE}),
            *model("a", HOSTILE.split(" "), name=HOSTILE),
            *tool("c1", HOSTILE, {HOSTILE: HOSTILE}, [HOSTILE], model_name=HOSTILE),
            *asked(
                HOSTILE, ev.Message(type=HOSTILE, content=HOSTILE), tools=[ev.Tool(name=HOSTILE)]
            ),
            ev.Update(data=ev.UpdateData(node=HOSTILE, changes={HOSTILE: HOSTILE})),
            ev.Interrupt(
                data=ev.InterruptData(id="i", value=HOSTILE, allowed={HOSTILE: [HOSTILE]})
            ),
            ev.Answer(run_id=ROOT, data=ev.AnswerData(output=HOSTILE)),
            hostile_end(),
        ]
    )


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_export_has_the_question_the_calls_and_the_answer(ending: str) -> None:
    text = re.sub(
        r"\x1b\[[0-9;]*m|\\u001b\[[0-9;]*m|\\(?=[_*])|</?(strong|b)>|\*\*",
        "",
        export(ending, cat_run()),
    )
    for part in ("where_cat_is_hiding", "get_items", "books (old), a lamp", "hiding?"):
        assert part in text


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_export_can_have_any_title(ending: str) -> None:
    assert "My own title" in export(ending, cat_run(), "My own title")


@pytest.mark.parametrize("ending", ENDINGS)
def test_no_hidden_or_control_character_is_exported(ending: str) -> None:
    text = export(ending, hostile_run(), HOSTILE)
    assert not set(text) & set("\x00\x07\x9b\u202e\ud800")
    assert "\x1b" not in text
    text.encode()


def test_the_cast_sends_a_terminal_no_command_but_the_views_own() -> None:
    _, *lines = map(json.loads, export(".cast", hostile_run()).splitlines())
    sent = "".join(output for _, _, output in lines)
    assert set(re.findall(r"\x1b(?:\[[?0-9;]*)?(.)", sent)) <= set("hlmKJABC78")
    assert not set(sent) & set("\x00\x07\x9b\u202e")


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("length", [1, 5, 14, 20])
def test_a_run_cut_off_anywhere_can_be_exported(ending: str, length: int) -> None:
    assert export(ending, cat_run()[:length])


@pytest.mark.parametrize("ending", ENDINGS)
@settings(max_examples=25)
@given(run=st.lists(events, max_size=10))
def test_any_events_in_any_order_can_be_exported(ending: str, run: list[ev.Event]) -> None:
    export(ending, run).encode()


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_a_recording_that_nests_without_end_can_be_exported(ending: str) -> None:
    data = ev.ToolStartedData(tool="t", tool_input={})
    run: list[ev.Event] = [
        ev.ToolStarted(run_id=f"r{depth}", call=".".join(["1"] * depth), data=data)
        for depth in range(1, 2001)
    ]
    assert export(ending, run).count("t(" if ending == ".md" else ">t<") == 2000


class Page(HTMLParser):
    """Collects what a browser would act on, and what is left open, or closed too often."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[tuple[str, str | None]] = set()
        self.open: list[str] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes.update(attrs)
        self.open += [] if tag in ("meta", "br", "hr") else [tag]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def assert_harmless(page: Page) -> None:
    """Nothing in it acts, loads, has a style of its own or leads anywhere but to the web."""
    assert page.open == []
    assert not page.tags & {"script", "img", "iframe", "object", "base", "form", "link", "svg"}
    names = {name for name, _ in page.attributes}
    assert names <= PAGE_ATTRIBUTES
    links = [value or "" for name, value in page.attributes if name == "href"]
    assert all(link.startswith(("http://", "https://")) for link in links)


PAGE_ATTRIBUTES = {"lang", "charset", "http-equiv", "content", "name", "class", "open", "start"}
PAGE_ATTRIBUTES |= {"href", "rel"}
MARKUP = "<>&\"'`*_[]()!#|:-=~\\/ \n\u202e\x00"
PIECES = ["https://a.b/", "javascript:", "data:text/html,", "</pre>", "<script>", "&#x202e;", "a"]
PIECES += ["```", "|-|-|", "\n\n", "onload=", "&quot;", "![", "[a]: ", "style"]


def test_the_html_page_loads_and_runs_nothing() -> None:
    page = Page(export(".html", hostile_run(), HOSTILE))
    assert_harmless(page)
    policies = [value for name, value in page.attributes if name == "content" and value]
    assert any(p.startswith("default-src 'none'; style-src 'sha256-") for p in policies)
    assert "<script>alert(1)</script>" in page.text


@settings(max_examples=300)
@given(parts=st.lists(st.sampled_from([*MARKUP, *PIECES]), max_size=30))
def test_no_markdown_or_code_makes_a_page_act(parts: list[str]) -> None:
    text = "".join(parts)
    for html in (markdown(text), tags.pre(text, text), tags.pre(text, language="html")):
        assert_harmless(Page(html))
        assert not set(html) & set("\x00\u202e")
    assert Page(f"<p>{code(clean(text), 'html')}</p>").text == clean(text)


def test_markdown_is_links_headings_tables_quotes_and_coloured_code() -> None:
    told = markdown(MARKDOWN)
    for part in (
        '<a href="https://a.b/c?d=1&amp;e" rel="noopener noreferrer">text</a>',
        "<h3>One</h3>",
        '<td class="right">2</td>',
        "<blockquote>",
        '<span class="k">def</span>',
        'rel="noopener noreferrer">https://bare.example/x</a>.',
        'photo (<a href="http://127.0.0.1/p.png"',
        "[no](javascript:alert(1))",
    ):
        assert part in told
    assert told.count("<a ") == 3


MARKDOWN = """# One

[text](https://a.b/c?d=1&e "title"), https://bare.example/x. [no](javascript:alert(1))
![photo](http://127.0.0.1/p.png)

| a | b |
|---|--:|
| 1 | 2 |

> said

```python
def find(): ...
```
"""


def test_a_long_text_of_the_html_page_folds_and_is_whole() -> None:
    lines = [f"line {number};" for number in range(400)]
    text = export(".html", [started(), *tool("c", "read", {}, ["\n".join(lines)], inside=[])])
    assert "391 more lines" in text
    assert re.findall(r"line \d+;", Page(text).text) == lines
    text = export(".html", [started(), *tool("c", "look", {}, ['{"a":[1]}'], inside=[])])
    assert '{\n  "a": [\n    1\n  ]\n}' in Page(text).text


def test_the_html_page_says_each_error_once() -> None:
    error = ev.ErrorInfo(kind="tool", type="ValueError", message="no cat")
    other = ev.ErrorInfo(kind="tool", type="KeyError", message="no dog")
    failed = [
        ev.ToolFinished(
            run_id=each.type,
            data=ev.ToolFinishedData(tool="t", status="error", output="", error=each),
        )
        for each in (error, other)
    ]
    text = export(".html", [started(), *failed, finished("error", 1, error=error)])
    assert (text.count("no cat"), text.count("no dog"), text.count("tool failed")) == (1, 1, 2)


def test_the_html_page_nests_what_ran_inside_a_tool() -> None:
    text = export(".html", cat_run())
    tool = text.index(">get_items<")
    assert text.rindex("</details>", 0, tool) < tool < text.index(">Get Items LLM<")
    between = text[tool : text.index(">Get Items LLM<")]
    assert "</details>" not in between


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_reasoning_before_the_answer_is_exported(ending: str) -> None:
    answering = model("a", ["The ", "sofa."])
    assert isinstance(answering[-1], ev.LlmFinished)
    answering[-1].data.reasoning = "Cats like sofas."
    answer = ev.Answer(run_id=ROOT, data=ev.AnswerData(output="The sofa."))
    text = export(ending, [started(), *answering, answer, finished("success", 0)])
    assert "Cats like sofas" in text
    assert text.count("The sofa.") == 1


@pytest.mark.parametrize(("ending", "label"), [(".html", "observation"), (".md", "Observation")])
def test_an_exception_of_a_tool_is_not_exported_as_an_observation(ending: str, label: str) -> None:
    data = ev.ToolFinishedData(tool="t", status="error", output="")
    data.error = ev.ErrorInfo(kind="agent", type="ValueError", message="The cat scratched me.")
    failed = ev.ToolFinished(run_id="r", data=data)
    text = export(ending, [started(), failed, finished("error", 1)])
    assert "scratched" in text
    assert label not in text.rpartition("<main")[2]


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_calls_nest_by_key_where_ids_repeat(ending: str) -> None:
    """A nested agent's calls, and those of later messages, all from a server that counts from 0."""

    def call(key: str, name: str, inside: list[ev.Event]) -> list[ev.Event]:
        run = tool("call_0", name, {}, [f"seen by {name}"], inside=inside)
        for event in (*run[:2], *run[-2:]):
            assert not isinstance(event, ev.Unknown)
            event.call = key
        return run

    inner = model("m", ["deep thought"], tool_call_id="call_0")
    for event in inner:
        assert not isinstance(event, ev.Unknown)
        event.call = "1.1"
    first = call("1", "outer", call("1.1", "inner", inner))
    text = export(ending, [started(), *first, *call("2", "later", []), finished()])
    parts = ["outer", "inner", "deep thought", "seen by inner", "seen by outer", "later"]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)
    if ending == ".md":
        assert "\n## outer" in text
        assert "\n### inner" in text
        assert "\n#### tool model" in text or "\n#### model" in text
        assert "\n## later" in text
    else:
        opened, closed = (text[: places[2]].count(f"<{tag}") for tag in ("details ", "/details"))
        assert opened - closed == 3


def test_a_recording_of_before_there_were_keys_nests_as_its_agents_did() -> None:
    """All three calls of it, two of them a nested agent's, have the same id."""
    events, _ = read_recording(FIXTURES / "before/nested-ids.jsonl")
    headings = re.findall(r"^#+ [^(\n]*", export(".md", events), re.MULTILINE)
    assert headings[1:] == [
        "## where\\_research",
        "### where\\_is\\_it",
        "#### ChatOpenAI ",
        "### get\\_items",
        "#### ChatOpenAI ",
        "### ChatOpenAI ",
        "## Answer",
    ]


def asked(run_id: str, *messages: ev.Message | ev.Ref, **more: Any) -> list[ev.Event]:
    """A model that is sent these messages."""
    data = ev.LlmStartedData(model="m", messages=list(messages), **more)
    said = ev.Message(type="ai", content=f"said by {run_id}", id=run_id)
    end = ev.LlmFinishedData(model="m", text="", message=said)
    return [
        ev.LlmStarted(run_id=run_id, name="thinker", data=data),
        ev.LlmFinished(run_id=run_id, name="thinker", data=end),
    ]


def test_the_html_page_has_what_each_model_was_sent_each_message_whole_once() -> None:
    question = ev.Message(type="human", content="Where is it?" + " Please?" * 30, id="q")
    look = ev.Tool(name="look", description="Looks around.", parameters={"type": "object"})
    first = asked("m1", question, tools=[look], parameters={"temperature": 0.5})
    second = asked("m2", ev.Ref("q"), ev.Ref("m1"), ev.Ref("lost"), tools=[ev.Ref("look")])
    text = export(".html", [started("?"), *first, *second, finished()])
    assert text.count(question.content) == 1
    assert text.count("Looks around.") == 1
    assert "temperature=0.5" in text
    later = text[text.rindex('class="sent"') :]
    for part in ("3 messages, 1 tool", "3 messages as before", "tools: look"):
        assert part in later
    assert '<details class="sent">' in text


def test_the_html_page_of_a_long_conversation_is_linear() -> None:
    def page(turns: int) -> int:
        said: list[ev.Ref] = []
        run: list[ev.Event] = [started()]
        for turn in range(turns):
            run += asked(f"m{turn}", *said)
            said.append(ev.Ref(f"m{turn}"))
        return len(export(".html", [*run, finished()]))

    assert page(200) - page(150) < 1.1 * (page(100) - page(50))


def test_the_html_page_has_the_final_state_with_its_messages_whole() -> None:
    end = finished()
    end.data.state = {"plan": ["find it"], "messages": [{"ref": "m1"}]}
    text = export(".html", [started(), *asked("m1"), end])
    state = text[text.index("Final state") :]
    assert "said by m1" in state
    assert "find it" in state
    assert "<details>" in text.partition("<h2>State</h2>")[2]


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_updates_and_custom_events_are_exported_where_they_happened(ending: str) -> None:
    progress = ev.NodeData(kind="custom", phase="stream", content={"done": 0.5})
    noted = ev.UpdateData(node="plan", changes={"notes": "under the bed", "messages": []})
    quiet = ev.UpdateData(node="hush.before_model", changes={"messages": [{"ref": "m"}]})
    inside: list[ev.Event] = [ev.Node(name="progress", call="c", data=progress)]
    run = [*tool("c", "look", {}, ["seen"], inside=inside), ev.Update(data=noted)]
    text = export(ending, [started(), *run, ev.Update(data=quiet), finished()])
    places = [text.index(part) for part in ("look", "progress", "seen", "plan: notes", "under the")]
    assert places == sorted(places)
    assert "hush" not in text


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_a_run_that_waits_is_exported_with_what_it_asks(ending: str) -> None:
    text = export(ending, paused_run())
    assert "waits for an answer" in text
    for part in ("May I turn on the lamp?", "ann@example.com", "approve, reject"):
        assert part in text.replace("\\", "")


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_an_error_is_exported_with_its_place_and_those_that_came_with_it(ending: str) -> None:
    other = ev.Failure(kind="agent", type="KeyError", message="no fish", node="cook")
    error = ev.ErrorInfo(kind="agent", type="ValueError", message="no cat", hint="get one")
    error.node, error.file, error.line, error.others = "seek", "house.py", 12, [other]
    error.path, error.source = ["den", "seek"], "seek(cat)"
    text = export(ending, [started(), finished("error", 1, error=error)])
    for part in ("no cat", "den > seek, at house.py:12", "seek(cat)", "get one", "in node cook"):
        assert part in text.replace("\\", "").replace("&gt;", ">")


@pytest.mark.parametrize("ending", [".html", ".md"])
def test_an_export_names_the_models_that_were_asked_and_no_count_that_nobody_gave(
    ending: str,
) -> None:
    begin, end = started(), finished(usage=ev.Usage(output_tokens=7))
    begin.data.model, begin.data.input = None, {"topic": "cats", "n": 3}
    end.data.models = [ev.ModelUsage(model="brain-1")]
    text = export(ending, [begin, end])
    assert "brain-1" in text
    assert "7 tokens" in text
    assert "topic: cats n: 3" in text
    assert "None" not in text


def test_an_export_shows_a_failed_or_unfinished_run_as_such() -> None:
    assert "The key was refused." in export(".html", failed_run())
    assert "unfinished" in export(".html", cat_run()[:9])
    assert "The key was refused." in export(".md", failed_run())
    assert "unfinished" in export(".md", cat_run()[:9])


def test_the_svg_is_well_formed_and_loads_nothing() -> None:
    for run in (cat_run(), hostile_run()):
        tree = ElementTree.fromstring(export(".svg", run))  # noqa: S314 - our own
        for element in tree.iter():
            assert element.tag.split("}")[1] in {
                "svg",
                "title",
                "rect",
                "circle",
                "text",
                "path",
                "g",
            }
            assert not any("href" in name or name.startswith("on") for name in element.attrib)


def test_unsafe_markdown_of_a_model_is_fenced_in_the_export() -> None:
    tokens = MarkdownIt("commonmark").parse(export(".md", hostile_run(), HOSTILE))
    kinds = {inner.type for token in tokens for inner in [token, *(token.children or [])]}
    assert not kinds & {"html_block", "html_inline", "image", "link_open"}
    assert "**books**" in export(".md", cat_run())
    for address, is_fenced in (("https://a.b", False), ("/etc/passwd", True)):
        answer = ev.Answer(run_id=ROOT, data=ev.AnswerData(output=f"[x]({address})"))
        assert ("```" in export(".md", [started(), answer, finished()])) == is_fenced


def screen_after(cast: str) -> list[str]:
    """What a terminal shows at the end, its scrollback included."""
    header, *lines = map(json.loads, cast.splitlines())
    screen = pyte.HistoryScreen(header["width"], header["height"], history=10_000)
    stream = pyte.Stream(screen)
    for _, kind, output in lines:
        assert kind == "o"
        stream.feed(output)
    above = ["".join(row[x].data for x in range(header["width"])) for row in screen.history.top]
    return [row.rstrip() for row in [*above, *screen.display] if row.strip()]


def test_the_cast_leaves_the_transcript_on_the_screen() -> None:
    rows = screen_after(export(".cast", cat_run()))
    assert rows[0] == "cat · openai:gpt-4o-mini · events"
    assert rows[-1].startswith("✓ done in 3.4 s")
    assert sum("books (old), a lamp" in row for row in rows) == 1


def test_the_cast_keeps_time_and_draws_at_most_twelve_frames_a_second() -> None:
    header, *lines = map(json.loads, export(".cast", cat_run()).splitlines())
    times = [at for at, _, _ in lines]
    assert header["version"] == 2
    assert times == sorted(times)
    assert times[-1] == pytest.approx(3.5)
    assert len(times) <= 3.5 * 12 + 1


@pytest.mark.parametrize("late", ["2026-11-23T09:00:00Z", "9999-12-31T23:59:59Z"])
def test_the_cast_jumps_over_a_long_silence(late: str) -> None:
    """A recording is only data: what it says of the time costs neither memory nor time."""
    run = cat_run()
    assert isinstance(run[-1], ev.RunFinished)
    run[-1].ts = late
    _, *usual = export(".cast", cat_run()).splitlines()
    _, *lines = export(".cast", run).splitlines()
    times = [json.loads(line)[0] for line in lines]
    assert times == sorted(times)
    assert times[-1] > 3600
    assert len(lines) <= len(usual) + 3
    assert screen_after(export(".cast", run)) == screen_after(export(".cast", cat_run()))


def test_the_cast_draws_no_event_before_it_came() -> None:
    run = cat_run()
    for event in run[2:]:
        assert not isinstance(event, ev.Unknown)
        event.ts = event.ts.replace("T12:", "T13:")
    _, *lines = map(json.loads, export(".cast", run).splitlines())
    part = [at for at, _, output in lines if "where_cat_is_hiding" in output]
    assert min(part) >= 3600


def test_an_unknown_ending_is_a_usage_error() -> None:
    with pytest.raises(UsageError) as refused:
        exporter(Path("run.pdf"))
    assert ".html, .svg, .md, .cast, .txt" in refused.value.hint


def test_an_export_overwrites_nothing_without_force(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    save(path, "old", force=False)
    with pytest.raises(OutputError, match="exists already"):
        save(path, "new", force=False)
    save(path, "new", force=True)
    assert path.read_text() == "new"
    with pytest.raises(OutputError, match="cannot write"):
        save(tmp_path / "no" / "a.txt", "x", force=False)


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("ending", ENDINGS)
def test_blocks_of_models_are_in_every_export(ending: str, streamed: bool) -> None:
    told = export(ending, stamped(named_run(streamed=streamed)))
    # What each format escapes aside.
    told = re.sub(r"<[^>]*>|\\(?!u)|&#x22;|&quot;|\"", "", told)
    for name in NAMED:
        assert name.replace('"', "") in told


def test_the_answer_in_markdown_has_blocks_where_they_were_said_and_none_twice() -> None:
    told = re.sub(r"\\", "", export(".md", stamped(named_run())))
    said = ["## Answer", "Let me see.", NAMED[0], "They sleep.", NAMED[1]]
    assert told.endswith("\n\n".join(said) + "\n")
    assert all(told.count(part) == 1 for part in said)


@pytest.mark.parametrize("ending", ENDINGS)
def test_what_a_tool_returned_besides_what_its_agent_observes_is_in_every_export(
    ending: str,
) -> None:
    told = export(ending, stamped(artifact_run(["canary-rows", 2])))
    assert "artifact" in told.lower()
    assert "canary-rows" in told
