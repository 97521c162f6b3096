"""Markdown block by block: final when a block is finished, nothing lost, nothing let through."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catagent.views import markdown_render
from catagent.views.markdown import Markdown
from catagent.views.options import ViewOptions
from catagent.views.style import Look, live_look
from catagent.views.wrap import cells, without_colors

pytestmark = pytest.mark.versions

LOOK = live_look(ViewOptions())
COLORED = live_look(ViewOptions(color="truecolor"))

SAMPLE = """# Title

A paragraph with **bold** and `code`,
on two lines.

- one
- two

  still two
- three

1. first
2. second

```python
def f():

    return "x"
```

| a | b |
|---|---|
| 1 | 2 |

- loose, and *long* enough to be wrapped at any of the widths that are tried here

  ```js
  /* a comment
   */
  f(`x

  y`)
  ```

- 1. nested
  2. nested

     | what | is |
     |:-:|--:|
     | wide 日本 | 🐈 |
     | wide 日本, and longer than the row above it | surplus | cell |

> quoted

***

The end.
"""


RULE = f" {'─' * 12}  {'─' * 45}"


def rows(text: str, sizes: list[int], look: Look = LOOK, width: int = 60) -> list[str]:
    """The rows of a text that comes in pieces of these sizes."""
    part = Markdown(look)
    found: list[str] = []
    at = index = 0
    while at < len(text):
        size = sizes[index % len(sizes)]
        part.feed(text[at : at + size])
        found += part.take(width)
        at, index = at + size, index + 1
    part.finish()
    return found + part.take(width)


@given(st.lists(st.integers(1, 40), min_size=1, max_size=6))
@settings(deadline=None, max_examples=30)
def test_markdown_rows_do_not_depend_on_how_the_text_is_cut(sizes: list[int]) -> None:
    assert rows(SAMPLE, sizes) == rows(SAMPLE, [len(SAMPLE)])


@given(st.integers(0, len(SAMPLE)), st.sampled_from([20, 39, 60, 99]))
@settings(deadline=None, max_examples=60)
def test_what_is_not_final_is_shown_as_it_would_be_if_nothing_followed(at: int, width: int) -> None:
    part, text = Markdown(COLORED), SAMPLE[: SAMPLE.rfind("\n", 0, at) + 1]
    part.feed(text)
    final = part.take(width)
    tail = part.tail(width, 99)
    part.finish()
    assert part.take(width) == tail
    assert final + tail == rows(text, [1], COLORED, width)


def test_a_markdown_block_is_final_when_the_next_one_begins() -> None:
    part = Markdown(LOOK)
    part.feed("One paragraph.\n")
    assert part.take(60) == []
    part.feed("\nAnother")
    assert part.take(60) == ["One paragraph."]
    assert part.tail(60, 3) == ["", "Another"]


@pytest.mark.parametrize("written", [
    ("```python\nx = 1\n", "  x = 1"),
    ("```\n\n\nx\n", "", "", "  x"),
    ("| a | b |\n|---|---|\n| 1 | 2 |\n", " a             b", RULE, " 1             2"),
    ("- one\n- two\n", " • one"),
    ("- one\n\n  ```\n  code\n", " • one", "", "     code"),
    ("1. one\n   - two\n   - three\n", " 1. one", "     • two"),
])  # fmt: skip
def test_lines_of_code_rows_of_tables_and_items_are_final_at_once(written: tuple[str, ...]) -> None:
    text, *final = written
    part = Markdown(LOOK)
    part.feed(text)
    assert part.take(60) == final


def test_colours_go_on_where_the_line_before_has_left_them() -> None:
    part = Markdown(COLORED)
    part.feed('```python\n"""One\n')
    first = part.take(60)
    part.feed('def two\n"""\ndef f(): pass\n')
    _, second, third, code = first + part.take(60)
    assert second.count("\x1b[") == third.count("\x1b[") == 2
    assert code.count("\x1b[") > 2


def test_a_code_block_is_highlighted_and_copies_without_padding() -> None:
    found = rows("```python\nreturn 1\n```\n", [5], COLORED)
    assert [without_colors(row) for row in found] == ["  return 1"]
    assert "\x1b[" in found[0]


WORDS = st.lists(st.from_regex(r"[a-z]{1,12}", fullmatch=True), min_size=1, max_size=40)
MARKS = st.sampled_from(
    [
        "\n",
        "\n\n",
        " ",
        " **",
        "** ",
        "`",
        "\n- ",
        "\n1. ",
        "\n# ",
        "\n```\n",
        "\n> ",
        " | ",
        "\n|-|-|\n",
        '[x](http://y.z "t")',
        "\n[x]: http://y\n",
        "![alt](u)",
        "<b>",
        "&amp;",
        "<http://a.b>",
        "\\*",
        "~~",
    ]
)


@given(st.lists(st.tuples(MARKS, WORDS), max_size=12), st.sampled_from([20, 39, 99]))
@settings(deadline=None, max_examples=60)
def test_markdown_loses_no_word_whatever_the_markup(
    parts: list[tuple[str, list[str]]], width: int
) -> None:
    text = "".join(mark + " ".join(words) for mark, words in parts)
    shown = "".join("".join(rows(text, [7], width=width)).split())
    letters = re.sub("[^a-z]", "", shown)
    for _, words in parts:
        for word in words:
            assert all(letters.count(letter) >= 1 for letter in word)
    assert len(letters) >= sum(len(word) for _, words in parts for word in words)


@pytest.mark.parametrize(
    "text",
    [
        "[ref]: http://example.com 'title'",
        "| a | b |\n|---|---|\n| 1 | 2 | lost |",
        "![alt text](http://example.com/picture.png)",
        '[text](http://example.com "a title")',
        "<div>html</div>",
        "a <b>bold</b> <!-- comment -->",
        "| " + " | ".join(f"column{n}" for n in range(30)) + " |\n|" + "---|" * 30,
        "> > > > > > > > > > > > deep",
    ],
)
def test_markup_that_rich_would_drop_is_shown_as_source(text: str) -> None:
    shown = "".join(rows(text, [9], width=40))
    for word in re.findall("[a-z0-9]{3,}", text):
        assert word in "".join(re.findall("[a-z0-9]", shown))


def test_entities_are_cleaned_after_the_parser_has_decoded_them() -> None:
    shown = "\n".join(rows("a &#x202e;b &#27;[2J `&#155;`", [4], COLORED))
    assert not re.search("[\x9b\u202e]|\x1b(?!\\[[0-9;]*m)", shown)
    assert "<202E>b" in without_colors(shown)


LINKED = live_look(ViewOptions(color="16", links=True))
LINK = re.compile("\x1b]8;;(.+?)\x1b\\\\(.*?)\x1b]8;;\x1b\\\\")


def linked(text: str, look: Look = LINKED, width: int = 60) -> list[tuple[str, str]]:
    """The links of a text, each with what is shown of it, row by row."""
    found = rows(text, [7], look, width)
    assert "\x1b]" not in "".join(without_colors(row) for row in found)
    assert max(cells(without_colors(row)) for row in found) <= width
    return [(url, without_colors(shown)) for url, shown in LINK.findall("\n".join(found))]


@pytest.mark.parametrize(("text", "url"), [
    ("[x](https://a.b/c).", "https://a.b/c"),
    ("See <http://a.b/?c=d&e>, then", "http://a.b/?c=d&e"),
    ("(at https://a.b/c_(d)).", "https://a.b/c_(d)"),
    ("- **https://a.b**: one", "https://a.b"),
    ("| a |\n|---|\n| https://a.b |", "https://a.b"),
])  # fmt: skip
def test_an_address_that_is_shown_whole_is_a_link(text: str, url: str) -> None:
    assert linked(text) == [(url, url)]
    assert linked(text, COLORED) == []


def test_each_row_of_a_wrapped_address_leads_to_all_of_it() -> None:
    url = "https://a.b/" + "c" * 60
    found = linked(f"Some words, and [a text]({url})", width=30)
    assert {whole for whole, _ in found} == {url}
    assert "".join(shown for _, shown in found) == url


@pytest.mark.parametrize("text", [
    "[x](javascript:alert) [x](file:///etc/passwd) [x](mailto:a@b.c) [x](/c) ftp://a.b",
    "\x1b]8;;https://evil.example\x1b\\text\x1b]8;;\x1b\\".replace("https", "gopher"),
    "`\x1b]8;;x\x07` &#27;]8;;x&#7;",
    "```\nhttps://a.b\n```",
])  # fmt: skip
def test_nothing_else_is_a_link(text: str) -> None:
    assert linked(text) == []


def test_a_link_shows_its_address_once_after_its_text() -> None:
    assert rows("See <https://a.b/c>.", [5]) == ["See <https://a.b/c>."]
    assert rows("See [x](https://a.b/c).", [5]) == ["See x (https://a.b/c)."]


def test_a_fence_inside_a_quote_is_drawn() -> None:
    assert rows("> ```py\n> x = 1\n> ```\n> end", [5]) == ["▌   x = 1", "▌ end"]


def test_rules_and_list_numbers_look_as_written() -> None:
    found = rows("9. nine\n10. ten\n\n***\n", [5], width=20)
    assert found == [" 9. nine", " 10. ten", "", "─" * 20]


def test_a_defect_of_the_renderer_leaves_the_source(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> list[str]:
        raise RuntimeError

    monkeypatch.setattr(markdown_render, "render", fail)
    assert rows("Some **text**.\n", [3]) == ["Some **text**."]


def test_an_endless_fence_is_shown_in_parts() -> None:
    fence = Markdown(LOOK)
    fence.feed("```\n" + "code\n" * 100)
    assert sum("code" in row for row in fence.take(60)) == 100


def table_heads(found: list[str]) -> int:
    """Count the rules below the heads of tables."""
    return sum("─" in row for row in found)


def test_a_long_table_is_one_table() -> None:
    cells_of = [f"| row{n} | {'word ' * (3 if n < 80 else 9)}| note{n} |\n" for n in range(300)]
    found = rows("| place | items | notes |\n|:--|---|--:|\n" + "".join(cells_of), [50])
    assert not any("|" in row for row in found)
    assert sum("place" in row for row in found) == table_heads(found) == 1
    assert "" not in found
    text = "".join(found)
    assert all(text.count(f"row{n} ") == text.count(f"note{n}") == 1 for n in range(100, 300))


def test_cells_of_a_table_that_begins_small_have_the_width_of_the_screen() -> None:
    found = rows("| a | b |\n|---|---|\n| 1 | 2 |\n| 3 | " + "x " * 20 + "|\n", [9])
    assert found[-1].split() == ["3", *"x" * 20]


def test_a_pipe_in_the_code_of_a_table_is_not_the_edge_of_a_cell() -> None:
    found = rows("| a | b |\n|---|---|\n| `str | None` | 2 |\n| `x|y` | 3 |\n", [9])
    assert [row.split() for row in found[2:]] == [["str", "|", "None", "2"], ["x|y", "3"]]


@pytest.mark.parametrize(
    ("link", "shown"),
    [
        ("[https://a.b](https://a.b)", "https://a.b"),
        ("[a](https://b.c 'of it')", 'a (https://b.c "of it")'),
        ("[a](https://b.c/\u00fc)", "a (https://b.c/%C3%BC)"),
        ("http://ex\u00e4mple.com/p", "http://ex\u00e4mple.com/p"),  # and no link to `http://ex`
    ],
)
def test_a_link_leaves_the_rest_of_its_paragraph_as_it_would_be(link: str, shown: str) -> None:
    (row,) = rows(f"**See** {link}\n", [9], look=live_look(ViewOptions(links=True)))
    assert without_colors(row) == f"See {shown}"
    assert all(url in shown for url, _ in LINK.findall(row))


def test_two_tables_have_two_heads() -> None:
    table = "| a | b |\n|---|---|\n| 1 | 2 |\n"
    found = rows(table + "\n" + table, [9])
    assert table_heads(found) == 2


@pytest.mark.parametrize("number", [40, 79, 80, 81, 120, 200])
@pytest.mark.parametrize("indent", ["", "  "])
def test_a_long_fence_is_shown_as_it_is(number: int, indent: str) -> None:
    """Cut or not: no line more, and none less, empty ones included."""
    code = [f"{indent}line{n}" if n % 41 and n % 40 else "" for n in range(1, number + 1)]
    found = rows("Here:\n\n```yaml\n" + "\n".join(code) + "\n```\nend\n", [30])
    expected = [f"  {line}".rstrip() for line in code]
    assert found == ["Here:", "", *expected, "", "end"]


def test_an_endless_paragraph_stays_one_paragraph() -> None:
    text = "word - 1. other # " * 5000
    found = rows(text, [300])
    assert "" not in found
    assert "".join(found).replace(" ", "") == text.replace(" ", "")


def test_a_long_list_and_a_long_quote_have_no_gaps() -> None:
    items = "".join(f"{n}. item {'word ' * 20}\n" for n in range(1, 200))
    quote = "".join(f"> line {'word ' * 20}\n" for n in range(1, 200))
    assert "" not in rows(items, [100])
    assert "" not in rows(quote, [100])


def test_ascii_markdown_has_no_drawing_characters() -> None:
    ascii_only = live_look(ViewOptions(ascii=True))
    assert all(row.isascii() for row in rows(SAMPLE + "é", [9], ascii_only))


def test_markdown_rows_fit_the_width() -> None:
    assert max(cells(row) for row in rows(SAMPLE * 3, [11], width=30)) <= 30
