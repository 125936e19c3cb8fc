"""Parts of texts for people: tables, times and counts."""

from collections.abc import Sequence

from securechat.printing import printable


def time(iso: str) -> str:
    """Return `2026-11-22 08:00` of `2026-11-22T08:00:00.000Z`."""
    return iso[:16].replace("T", " ")


def or_dash(count: int | None) -> str:
    """Return a count, or a dash where none is known."""
    return "-" if count is None else str(count)


def table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """Return lines with aligned columns; nothing in them can move the cursor."""
    cells = [head, *([printable(cell) for cell in row] for row in rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells)
    return "\n".join(lines)
