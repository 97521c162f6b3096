"""Which questions a batch asks that goes on with an earlier one's results."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from catagent.batch.earlier import Earlier
from catagent.batch.questions import Question
from catagent.events.codec import encode_plain
from catagent.events.result import Result

_TEXTS = st.lists(st.sampled_from("abc"), max_size=8)


def lines(answered: dict[int, str], status: str = "success") -> bytes:
    found = (Result(n=n, input=text, status=status) for n, text in answered.items())  # type: ignore[arg-type]
    return b"".join(map(encode_plain, found))


def left(results: bytes, texts: list[str], *, again: bool) -> tuple[list[int], Earlier]:
    """The numbers of the questions that are asked; the input can be read `again`, or not."""
    earlier, asked = Earlier(()), [Question(n, text) for n, text in enumerate(texts, 1)]
    earlier.read(io.BytesIO(results))
    if again:
        earlier.expect(asked)
    return [each.n for each in asked if not earlier.has(each)], earlier


@given(_TEXTS, st.sets(st.integers(1, 8)), st.booleans())
def test_of_an_input_as_it_was_exactly_the_others_are_asked(
    texts: list[str], numbers: set[int], again: bool
) -> None:
    answered = {n: text for n, text in enumerate(texts, 1) if n in numbers}
    asked, earlier = left(lines(answered), texts, again=again)
    assert {*asked} == {*range(1, len(texts) + 1)} - answered.keys()
    assert earlier.moved == earlier.unasked == 0


@given(_TEXTS, _TEXTS)
def test_of_an_input_that_changed_each_answer_counts_once(old: list[str], new: list[str]) -> None:
    asked, earlier = left(lines(dict(enumerate(old, 1))), new, again=True)
    for text in "abc":
        unanswered = max(0, new.count(text) - old.count(text))
        assert len([n for n in asked if new[n - 1] == text]) == unanswered
    assert earlier.unasked == len(old) - (len(new) - len(asked))


def test_a_line_in_front_of_a_pipe_has_nothing_asked_again() -> None:
    asked, earlier = left(lines({1: "a", 2: "b"}), ["new", "a", "b"], again=False)
    assert asked == [1]
    assert earlier.moved == 2


def test_an_id_tells_questions_of_the_same_words_apart() -> None:
    earlier = Earlier(())
    earlier.read(io.BytesIO(encode_plain(Result(n=1, id="x", input="a", status="success"))))
    assert not earlier.has(Question(1, "a", "y"))
    assert earlier.has(Question(2, "a", "x"))


def test_only_success_is_an_answer_and_what_is_no_result_is_counted() -> None:
    text = lines({1: "a"}, "error") + b"\n{}\n" + lines({2: "b"})
    asked, earlier = left(text, ["a", "b"], again=True)
    assert asked == [1]
    assert earlier.damaged == 1


def test_a_line_without_an_end_is_torn_wherever_it_was_cut() -> None:
    whole, last = lines({1: "a"}), lines({2: "b"})
    for cut in range(len(last)):
        earlier = Earlier(())
        assert earlier.read(io.BytesIO(whole + last[:cut])) == len(whole)
        assert not earlier.has(Question(2, "b"))


def test_a_secret_in_a_question_is_no_reason_to_ask_it_again() -> None:
    earlier, secret = Earlier(["s3cr3t-s3cr3t"]), "what is s3cr3t-s3cr3t?"
    earlier.read(io.BytesIO(encode_plain(Result(n=1, input="what is ***?", status="success"))))
    masked = Earlier(["s3cr3t-s3cr3t"])
    from catagent.batch.questions import masked as without

    said = without(secret, ["s3cr3t-s3cr3t"])
    assert "s3cr3t" not in said
    masked.read(io.BytesIO(encode_plain(Result(n=1, input=said, status="success"))))
    assert masked.has(Question(1, secret))
