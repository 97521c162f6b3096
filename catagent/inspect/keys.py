"""The keys of the inspector: what they do, and what the help says of them."""

from textual.binding import Binding, BindingType

# Keys in Textual's words and in a person's, the action that they start, and what that does.
_KEYS = (
    ("up,k", "up k", "go('up')", "a row up"),
    ("down,j", "down j", "go('down')", "a row down"),
    ("left,h", "left h", "go('left')", "out of a span; a section back"),
    ("right,l", "right l", "go('right')", "into a span; a section on"),
    ("pageup,ctrl+b", "page up", "go('page_up')", "a page up"),
    ("pagedown,ctrl+f,space", "page down", "go('page_down')", "a page down"),
    ("g,home", "g", "go('first')", "the beginning"),
    ("G,end", "G", "go('last')", "the end"),
    ("enter", "enter", "enter", "open or fold; read what is selected"),
    ("tab", "tab", "app.focus_next", "the other pane"),
    ("s", "s", "turn(1)", "the next section"),
    ("left_square_bracket", "[", "step(-1)", "an event back: the run as it was then"),
    ("right_square_bracket", "]", "step(1)", "an event forward"),
    ("left_curly_bracket", "{", "step(-100)", "100 events back"),
    ("right_curly_bracket", "}", "step(100)", "100 events forward"),
    ("0,circumflex_accent", "0", f"step({-(1 << 40)})", "the first event"),
    ("dollar_sign,f", "$ f", "follow", "the last event; follow what runs"),
    ("e", "e", "error(False)", "the next error"),
    ("E", "E", "error(True)", "the error before"),
    ("slash", "/", "search", "search all that was said"),
    ("n", "n", "find(False)", "the next that was found"),
    ("N", "N", "find(True)", "the one before"),
    ("y", "y", "copy", "copy the section that is shown"),
    ("question_mark", "?", "help", "these keys"),
    ("escape", "esc", "escape", "back to the tree"),
    ("ctrl+z", "ctrl z", "suspend_process", "back to the shell, until fg"),
    ("q,ctrl+c", "q", "quit", "leave"),
)
BINDINGS: list[BindingType] = [Binding(keys, does, shown) for keys, shown, does, _ in _KEYS]
HELP = [f"{shown:11}{says}" for _, shown, _, says in _KEYS]
# What the last row says of them, as far as there is room.
HINTS = ("? keys  / search  e error  [ ] event  q quit", "? keys  / search  q quit", "? keys", "")
