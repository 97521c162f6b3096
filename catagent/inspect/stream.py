"""What a model has written so far, in lines; it costs what is new, however much there is."""

from collections.abc import Iterator

from catagent.events import types as ev
from catagent.inspect.span import Span
from catagent.inspect.spool import Spool
from catagent.views.style import Look, Style

_STYLES: dict[ev.Channel, Style] = {"reasoning": "reasoning", "tool_args": "tool", "block": "dim"}


class Stream:
    """The tokens of one model's call, read once each."""

    def __init__(self, spool: Spool, span: Span, look: Look) -> None:
        self._spool, self._span, self._look = spool, span, look
        self._tokens, self._read = list[ev.LlmTokenData](), 0
        self._texts, self._told = dict[tuple[ev.Channel, int], list[str]](), 0

    def lines(self, at: int) -> Iterator[tuple[Style, str]]:
        """All that it had written, what is of one kind, or of one call, together."""
        for position in self._span.positions[self._read : self._span.events(at)]:
            self._read += 1
            if isinstance(event := self._spool[position], ev.LlmToken):
                self._tokens.append(event.data)
        seen = self._span.pieces(at)
        if seen < self._told:
            self._texts, self._told = {}, 0
        self._add(self._tokens[self._told : seen])
        self._told = seen
        for (channel, _), lines in self._texts.items():
            style = _STYLES.get(channel, "plain")
            yield from ((style, line) for line in lines)

    def _add(self, tokens: list[ev.LlmTokenData]) -> None:
        news: dict[tuple[ev.Channel, int], list[str]] = {}
        for data in tokens:
            key = data.channel, data.index if isinstance(data.index, int) else 0
            if key not in self._texts:
                tool = self._look.line(f"{data.tool}(") if isinstance(data.tool, str) else ""
                self._texts[key] = [self._look.glyphs.call * bool(tool) + tool]
            news.setdefault(key, []).append(data.delta + "\n" * (data.channel == "block"))
        for key, pieces in news.items():
            text = self._look.text("".join(pieces).replace("\r\n", "\n"))
            first, *more = text.split("\n")
            self._texts[key][-1] += first
            self._texts[key] += more
