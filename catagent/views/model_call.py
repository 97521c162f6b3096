"""What one call of a model writes: reasoning, text and tool calls, each in its own part."""

from collections.abc import Iterator

from catagent.events import types as ev
from catagent.events.said import in_order
from catagent.views.fold import Folded
from catagent.views.format import called, parsed, so_far
from catagent.views.markdown import Markdown
from catagent.views.parts import Hanging, Part, Ready, Rows, Stack
from catagent.views.style import Look, Style
from catagent.views.text import Feed, Text, facts, last_of
from catagent.views.wrap import cells, head, tail

# Of what the agent says so many characters are held back until it is known what follows.
MOST_HELD = 500

_STYLES: dict[ev.Channel, Style] = {"text": "plain", "reasoning": "reasoning", "block": "dim"}


class Model(Stack):
    """The parts of a call. It has no rows, not even its label, until there is something to show."""

    def __init__(
        self, look: Look, name: str, *, label: Part | None, agent: str, inside: bool
    ) -> None:
        super().__init__()
        self.look, self.name, self.agent = look, name, agent
        # It has whose it is, if the label does not say so.
        self.said = Said(look, "" if label else agent, inside=inside)
        self._home: Stack = self
        self._markdown = not (inside or look.words)
        self.tokens = 0
        self.usage: ev.Usage | None = None
        self.calls: dict[int, Call] = {}
        self.pieces: list[str] = []
        self.names: list[str] = []
        self._label = label
        self._forgot = False
        # The last retry, until more is written.
        self.retried: Part | None = None
        self._channel: ev.Channel | None = None
        self._last: Feed | None = None

    @property
    def text(self) -> str:
        """All the text so far, as it was written."""
        return "".join(self.pieces)

    def feed(self, data: ev.LlmTokenData) -> None:
        """Take one piece of text, reasoning or tool arguments."""
        self.tokens += 1
        if data.channel == "tool_args":
            self._switch("tool_args")
            self._home = self
            self.said.decide(answer=False)
            self.said.closed = True
            self.calls.setdefault(data.index or 0, Call()).feed(data)
        else:
            self.write(data.channel, data.delta)

    def write(self, channel: ev.Channel, delta: str) -> None:
        """Add text, reasoning, or a line that names a block; nothing begins with empty lines."""
        if channel == "text":
            self.pieces.append(delta)
            self.said.count(delta)
        elif channel == "block" and delta:
            self.names.append(delta)
            delta += "\n"
        shown = delta if channel == self._channel else delta.lstrip("\r\n")
        if shown:
            self._switch(channel)
            if self._last is not None:
                self._last.feed(shown)

    def add(self, *parts: Part) -> None:
        """Show parts, the first of them under the label."""
        if parts and self._label:
            self.parts.append(self._label)
            self._label = None
        self._home.parts.extend(parts)

    def finish(self, data: ev.LlmFinishedData) -> None:
        """Take what was not streamed, and end."""
        if data.tool_calls:
            self.said.decide(answer=False)
        if not self.tokens and not self._forgot:
            self.write("reasoning", data.reasoning)
            for channel, whole in in_order(data):
                self.write(channel, whole)
        elif data.text.startswith(self.text) and not self._forgot:
            self.write("text", data.text[len(self.text) :])
        self._switch(None)
        self.closed = self.said.closed = True
        self._home = self
        self.usage = data.usage

    def written(self, data: ev.LlmFinishedData) -> Iterator[tuple[str, str]]:
        """Yield the key and the text of each tool call, as streamed or else as in `data`."""
        for index, call in self.calls.items():
            yield call.key or f"{id(self)}.{index}", call.whole(self.agent)
        for index, whole in enumerate([] if self.calls else data.tool_calls):
            key = whole.call or whole.id or f"{id(self)}.{index}"
            yield key, called(whole.name, whole.args, self.agent)

    def forget(self) -> None:
        """Let go of what was kept to compare it with the observation."""
        self.pieces, self.names, self.calls, self._forgot = [], [], {}, True

    def _switch(self, channel: ev.Channel | None) -> None:
        if (retried := self.retried) is not None:
            self.retried = None
            self._switch(None)
            self._home.parts.append(retried)
        if channel == self._channel:
            return
        if self._last is not None:
            self._last.finish()
        self._channel, self._last = channel, None if channel is None else self._begun(channel)

    def _begun(self, channel: ev.Channel) -> Feed | None:
        """A new part for what comes on this channel."""
        if channel == "tool_args":
            return None
        if channel == "text" and not self.said.closed and self._home is self:
            self.said.apart = self._channel == "reasoning" and not self.look.words
            self.add(self.said)
            self._home = self.said
        drawn = channel == "text" and self._markdown
        text = Markdown(self.look) if drawn else Text(self.look, _STYLES[channel])
        shown = text if self._markdown else Folded(self.look, text)
        if channel == "reasoning":  # set apart from what the model says
            title = [Ready(lambda _: ["reasoning:"])] * self.look.words
            thought = self.look.paint("gutter", self.look.glyphs.thought)
            self.add(*title, Stack(shown, side=thought))
        else:
            self.add(shown)
        return text

    def tail(self, width: int, limit: int) -> Rows:
        """Return up to `limit` rows of what is not final yet."""
        if self._channel == "tool_args" and not self.parts:
            return [self.look.paint("dim", row) for row in self._call_rows(width, limit)]
        return super().tail(width, limit)

    def newest(self, size: int) -> str:
        """Return the newest text, or the call that is being written."""
        if self._channel == "tool_args":
            return "".join(self._call_rows(size, 1))
        return super().newest(size)

    def _call_rows(self, width: int, limit: int) -> Rows:
        return [call.row(self.look, width) for call in list(self.calls.values())[-limit:]]


class Said(Stack):
    """What an agent says, until it calls a tool: the answer of the run, or what comes before that.

    It has no rows until that is decided, or it is too long to wait: then it is taken for an answer,
    unless the agent is one inside the run's own, which has a name. `inside` a tool it never is.
    """

    def __init__(self, look: Look, name: str, *, inside: bool = True) -> None:
        super().__init__()
        self.look, self.name = look, name
        self.answer = False if inside else None
        self.apart = False  # from what is above
        self._size, self._signed = 0, inside

    def count(self, text: str) -> None:
        """Take note of how much it is."""
        self._size += len(text)
        if self._size > MOST_HELD:
            self.decide(answer=not self.name)

    def decide(self, *, answer: bool) -> None:
        """Say which of the two it is; the first to say so is right."""
        if self.answer is None:
            self.answer = answer
            self._side = "" if answer or self.name else " " * cells(self.look.glyphs.agent)

    def take(self, width: int | None) -> Rows:
        """Return the rows that have become final, the first of them with a sign of what it is."""
        rows = [] if self.answer is None else super().take(width)
        if self._signed or not rows:
            return rows
        self._signed = True
        words = ["answer" if self.answer else "", self.name]
        if title := self.look.glyphs.dot.join(filter(None, words)):
            rows[:0] = label(self.look, title, "answer" if self.answer else "agent").take(width)
        elif side := self._gutter(width)[0]:
            rows[0] = self.look.paint("agent", self.look.glyphs.agent) + rows[0][len(side) :]
        return [""] * self.apart + rows


class Call:
    """A tool call while a model writes it; `key` is the provider's own id until ours is known."""

    def __init__(self) -> None:
        self.tool = self.key = ""
        self.pieces: list[str] = []

    def feed(self, data: ev.LlmTokenData) -> None:
        """Take a piece of the arguments."""
        self.tool = data.tool or self.tool
        self.key = data.call or self.key or data.call_id or ""
        self.pieces.append(data.delta)

    def whole(self, agent: str) -> str:
        """The call on one line; what came of its arguments, where it was cut off."""
        text = "".join(self.pieces)
        if isinstance(data := parsed(text), dict):
            return called(self.tool, data, agent)
        return called(self.tool, None, agent).removesuffix(")") + so_far(text)

    def row(self, look: Look, width: int) -> str:
        """The tool, and the newest of its arguments that fit next to it."""
        glyphs = look.glyphs
        name = head(look.line(self.tool[:width]), max(1, width // 2), glyphs.ellipsis)
        room = max(1, width - cells(glyphs.call + name) - 1)
        arguments = tail(look.line(so_far(last_of(self.pieces, width))), room, glyphs.ellipsis)
        return f"{glyphs.call}{name}({arguments}"


def label(look: Look, text: str, style: Style = "model") -> Hanging:
    """The rows that say whose words follow."""
    known = (text + look.glyphs.said).split(look.glyphs.dot)
    is_agent = style in ("agent", "answer") and not look.words
    sign = look.glyphs.agent if is_agent else look.glyphs.part
    return Hanging(look.paint(style, sign), facts(look, known, style=style))
