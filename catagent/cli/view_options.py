"""How views look: what the settings, the environment and a stream come to."""

from __future__ import annotations

from catagent.cli.options import Shown
from catagent.config import Loaded
from catagent.views.options import (
    ViewOptions,
    resolve_ascii,
    resolve_color,
    resolve_theme,
    resolve_width,
)


def view_options(
    loaded: Loaded, shown: Shown, stream: object, *, status_only: bool = False
) -> ViewOptions:
    """How a view on this stream looks."""
    environ, settings = loaded.environ, loaded.settings
    isatty = bool(getattr(stream, "isatty", lambda: False)())
    encoding = getattr(stream, "encoding", None)
    return ViewOptions(
        color=resolve_color(settings.color, environ, isatty=isatty),
        theme=resolve_theme(environ) if settings.theme == "auto" else settings.theme,
        ascii=settings.ascii or resolve_ascii(environ, encoding),
        verbose=shown.verbose,
        quiet=shown.quiet,
        status_only=status_only,
        width=resolve_width(environ),
    )
