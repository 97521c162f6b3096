"""How views look: what the settings, the environment and a stream come to."""

from __future__ import annotations

from catagent.cli.options import Shown
from catagent.config import Loaded
from catagent.views.options import ViewOptions, options_for


def view_options(
    loaded: Loaded, shown: Shown, stream: object, *, status_only: bool = False
) -> ViewOptions:
    """How a view on this stream looks."""
    return options_for(
        stream,
        loaded.environ,
        color=loaded.settings.color,
        theme=loaded.settings.theme,
        ascii=loaded.settings.ascii,
        verbose=shown.verbose,
        quiet=shown.quiet,
        status_only=status_only,
        errors=shown.errors,
    )
