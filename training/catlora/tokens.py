"""Turns conversations into token ids and loss weights, exactly as llama.cpp will serve them."""

import json
import re
from dataclasses import dataclass
from pathlib import Path

import gguf
import jinja2
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from .paths import TEMPLATE
from .shapes import Message, Pack

CONTROL = 3  # llama.cpp's token type for markers like <|im_end|>
TURN, END = "<|im_start|>assistant\n", "<|im_end|>"

# What a wrong token costs differs: a decision derails the run, boilerplate hardly can be wrong.
DECISION, NEXT_THING, COPIED, PLAIN, BOILERPLATE = 4.0, 2.5, 1.5, 1.0, 0.2


@dataclass
class Encoded:
    """A pack's ids: the shared prefix, each conversation's ids, and a loss weight for each id."""

    prefix: list[int]
    ids: list[list[int]]
    weights: list[list[float]]
    decisions: list[list[int]]  # for each conversation, where its decision tokens stand


def load_tokenizer(path: Path) -> Tokenizer:
    """Rebuild the base model's byte-pair tokenizer from its GGUF."""
    fields = gguf.GGUFReader(path).fields
    tokens = fields["tokenizer.ggml.tokens"].contents()
    merges = [tuple(m.split(" ")) for m in fields["tokenizer.ggml.merges"].contents()]
    types = fields["tokenizer.ggml.token_type"].contents()
    vocabulary = {token: i for i, token in enumerate(tokens)}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    bytes_ = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([digits, bytes_])
    tokenizer.decoder = decoders.ByteLevel()
    special = [t for t, kind in zip(tokens, types, strict=True) if kind == CONTROL]
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    return tokenizer


def _template() -> jinja2.Template:
    environment = jinja2.Environment()  # noqa: S701 - makes prompts, not pages
    # llama.cpp's own filter neither escapes HTML nor leaves ASCII, jinja2's does both.
    environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment.from_string(TEMPLATE.read_text())


def render(messages: list[Message], tools: list[Message], template: jinja2.Template) -> str:
    """The text that the served model would see."""
    text = template.render(messages=messages, tools=tools or None, add_generation_prompt=False)
    return str(text)


def split_turns(text: str) -> list[tuple[str, bool]]:
    """Cut a rendered conversation into stretches, each marked as written by the model or not.

    A turn includes its end marker, so that the model learns to stop.
    """
    parts, at = [], 0
    while (found := text.find(TURN, at)) >= 0:
        start = found + len(TURN)
        end = text.index(END, start) + len(END)
        parts += [(text[at:start], False), (text[start:end], True)]
        at = end
    return parts


class Encoder:
    """Encodes packs with one tokenizer and the shipped chat template."""

    def __init__(self, base: Path) -> None:
        self.tokenizer = load_tokenizer(base)
        self.template = _template()

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, markers included."""
        ids: list[int] = self.tokenizer.encode(text, add_special_tokens=False).ids
        return ids

    def words(self) -> list[str]:
        """The vocabulary's words.

        Without the space before them they are spelled otherwise, and spelling them is what
        copying an argument takes.
        """
        return sorted(
            token[1:] for token in self.tokenizer.get_vocab()
            if token[0] == "Ġ" and len(token) > 4 and token[1:].isascii() and token[1:].isalpha()
            and token[2:].islower()
        )  # fmt: skip

    def pack(self, pack: Pack) -> Encoded:
        """Encode a pack; what all its conversations begin with moves into the shared prefix."""
        system = [{"role": "system", "content": pack.system}] if pack.system else []
        start = [*system, *pack.history]
        begun = render(start, pack.tools, self.template) if pack.history else ""
        prefix = ""
        encoded = Encoded([], [], [], [])
        for conversation in pack.conversations:
            text = render(start + conversation, pack.tools, self.template)
            cut = len(begun) or text.index("<|im_start|>user")
            prefix = text[:cut]
            ids, weights, decisions = self._conversation(text[cut:], bool(pack.tools), begun)
            encoded.ids.append(ids)
            encoded.weights.append(weights)
            encoded.decisions.append(decisions)
        encoded.prefix = self.ids(prefix)
        return _share_start(encoded)

    def _conversation(
        self, text: str, agent: bool, context: str
    ) -> tuple[list[int], list[float], list[int]]:
        ids: list[int] = []
        weights: list[float] = []
        decisions: list[int] = []
        for part, written in split_turns(text):
            tokens = self.ids(part)
            costs = self._weights(part, tokens, context, agent) if written else [0.0] * len(tokens)
            decisions += [len(ids) + i for i, cost in enumerate(costs) if cost == DECISION]
            ids += tokens
            weights += costs
            context += part
        return ids, weights, decisions

    def _weights(self, part: str, tokens: list[int], context: str, agent: bool) -> list[float]:
        spans = [self.tokenizer.decode([t], skip_special_tokens=False) for t in tokens]
        if not agent:
            return _text_weights(spans)
        if part.startswith("<tool_call>"):
            return _call_weights(part, spans)
        weights = [COPIED if len(s.strip()) > 1 and s.strip() in context else PLAIN for s in spans]
        weights[0] = DECISION
        return weights


def _call_weights(part: str, spans: list[str]) -> list[float]:
    """Weigh a tool call: its first token and the name's first token decide, arguments are copied.

    An argument's first token counts twice: after the quote it is spelled otherwise than after
    the space in the question, and a wrong start makes a different word ("hedgeshoes").
    """
    name_at = part.index('"name": "') + len('"name": "')
    value = re.search(r'"arguments": \{"\w+": "(.*")\}', part, re.DOTALL)
    first, last = value.span(1) if value else (len(part), len(part))
    weights, at, named, started = [], 0, False, False
    for span in spans:
        end = at + len(span)
        if at == 0 or (end > name_at and not named):
            weights.append(DECISION)
            named = named or end > name_at
        elif end > first and at < last:
            weights.append(COPIED if started else 2 * COPIED)
            started = True
        else:
            weights.append(BOILERPLATE)
        at = end
    return weights


def _text_weights(spans: list[str]) -> list[float]:
    """Weigh a text of a tool: where a list's next thing begins, it must not be one it has had."""
    starts = [before.endswith("),") for before in ["", *spans[:-1]]]
    return [NEXT_THING if start else PLAIN for start in starts]


def _share_start(pack: Encoded) -> Encoded:
    """Move the longest untrained start that all conversations have in common to the prefix."""
    limit = min(next(i for i, w in enumerate(row) if w) for row in pack.weights) - 1
    size = 0
    while len(pack.ids) > 1 and size < limit and len({row[size] for row in pack.ids}) == 1:
        size += 1
    pack.prefix += pack.ids[0][:size]
    pack.ids = [row[size:] for row in pack.ids]
    pack.weights = [row[size:] for row in pack.weights]
    pack.decisions = [[i - size for i in row] for row in pack.decisions]
    return pack
