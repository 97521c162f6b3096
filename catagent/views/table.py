"""Tables as text: columns as wide as what is in them, two spaces apart, in rows without borders.

Rich's table takes 18 ms to import, and would read markup in untrusted text.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from catagent.views.wrap import cells, without_colors

Row = Mapping[str, str]
GAP = "  "


def widths(rows: Sequence[Row]) -> dict[str, int]:
    """Return the width of each column in cells, in the order of the first row."""
    return {name: max(cells(row[name]) for row in rows) for name in rows[0]}


def line(row: Row, columns: Mapping[str, int], right: Collection[str]) -> str:
    """Return a row, of clean text, in columns of these widths; those in `right` are flush right."""
    padded = []
    for name, width in columns.items():
        space = " " * (width - cells(without_colors(row[name])))
        padded.append(space + row[name] if name in right else row[name] + space)
    return GAP.join(padded).rstrip()
