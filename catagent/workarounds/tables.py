"""Rich's tables: the widths of their columns, which it computes in private."""

from __future__ import annotations

from rich.console import Console, ConsoleOptions
from rich.table import Table


def column_widths(table: Table, console: Console, options: ConsoleOptions) -> tuple[int, ...]:
    """How wide each column will be, padding included, where `options` say how wide the table is."""
    inner = options.update_width(options.max_width - table._extra_width)
    return tuple(table._calculate_column_widths(console, inner))


def fix_widths(table: Table, widths: tuple[int, ...]) -> None:
    """Give the columns the widths of another table. Raises ValueError if it has more or fewer."""
    for index, (column, width) in enumerate(zip(table.columns, widths, strict=True)):
        column.width = width - table._get_padding_width(index)
