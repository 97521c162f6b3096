"""What is said to the person beside the product: one clean message at a time, on stderr."""

from __future__ import annotations

import sys

from catagent.views.sanitize import clean


def say(message: str, hint: str = "") -> None:
    """Print a message and what to do next. Both may quote text that is not ours."""
    lines = [clean(message)]
    if hint:
        lines.append(f"  hint: {clean(hint)}")
    try:
        sys.stderr.write("\n".join(lines) + "\n")
        sys.stderr.flush()
    except OSError:
        pass  # a closed stderr leaves the exit code to tell
