"""Long texts: of each the first and the last rows are shown, and how many lines are between."""

from catagent.views.format import count
from catagent.views.parts import Part, Rows, Stack
from catagent.views.style import Look
from catagent.views.text import facts


class Folded(Stack):
    """Parts of which `fold` rows are shown: two thirds as they come, the last ones at the end."""

    def __init__(self, look: Look, *parts: Part) -> None:
        super().__init__(*parts)
        self.hidden = 0
        self._look, self._held = look, Rows()
        self._due = round(look.options.fold * 2 / 3)
        self._last = look.options.fold - self._due

    def take(self, width: int | None) -> Rows:
        """Return the rows that are to be shown, and have become final since the last call."""
        rows = super().take(width)
        if not self._look.options.fold:
            return rows
        first, self._held = rows[: self._due], self._held + rows[self._due :]
        self._due -= len(first)
        over = len(self._held) - self._last
        if self.hidden or over > 1:  # the row that says so takes the place of two or more
            self._held, self.hidden = self._held[over:], self.hidden + over
        return first + self._between(width) + self._held if self.settled else first

    def tail(self, width: int, limit: int) -> Rows:
        """Return the newest rows, and above them how many are not shown."""
        between = self._between(width)[: limit - 1]
        rows = [*self._held, *super().tail(width, limit)]
        return between + rows[len(between) - limit :]

    def _between(self, width: int | None) -> Rows:
        """How many lines are not shown, and what shows them where that fits, or nothing."""
        options, more = self._look.options, count(self.hidden, "more line")
        known = [
            f"{self._look.glyphs.ellipsis} {more}",
            f"{options.again} {options.unfold}".strip(),
        ]
        return facts(self._look, known).take(width)[:1] if self.hidden else []
