"""Pictures of a terminal as SVG: what tests have seen, for docs/screenshots and for people who look at them.

    SCREENSHOTS=docs/screenshots python -m pytest -n 0 tests/system/test_first_minute.py

makes them anew. Without the variable nothing is written.
"""

import os
from collections import Counter
from collections.abc import Iterator
from html import escape
from itertools import groupby
from pathlib import Path

import pyte

_WIDTH, _HEIGHT, _SIZE, _MARGIN = 8.4, 17, 14, 8
"""Of a cell in pixels, of the letters, and around everything."""
_GROUND, _LETTERS = "#101014", "#d8d8d8"
_NAMED = {
    "black": "#000000",
    "red": "#e06c75",
    "green": "#98c379",
    "brown": "#e5c07b",
    "blue": "#61afef",
    "magenta": "#c678dd",
    "cyan": "#56b6c2",
    "white": "#d8d8d8",
}


def keep(screen: pyte.Screen, name: str) -> None:
    """Write a picture of the screen, if somebody wants pictures."""
    folder = os.environ.get("SCREENSHOTS")
    if folder:
        Path(folder, f"{name}.svg").write_text(picture(screen))


def picture(screen: pyte.Screen) -> str:
    """Return the screen as SVG: one piece of text for each stretch of one style."""
    cells = [screen.buffer[y][x] for y in range(screen.lines) for x in range(screen.columns)]
    # What most cells have need not be said of each.
    ground = Counter(_style(cell)[1] for cell in cells).most_common(1)[0][0]
    letters = Counter(_style(cell)[0] for cell in cells if cell.data.strip()).most_common(1)[0][0]
    width, height = screen.columns * _WIDTH + 2 * _MARGIN, screen.lines * _HEIGHT + 2 * _MARGIN
    pieces = [piece for y in range(screen.lines) for piece in _row(screen, y, letters, ground)]
    cursor = screen.cursor
    if not cursor.hidden:
        pieces.append(_box(cursor.x, cursor.y, 1, _LETTERS, ' opacity=".6"'))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" xml:space="preserve" '
        f'viewBox="0 0 {width:g} {height}" width="{width:g}" height="{height}">\n'
        f"<style>text{{font:{_SIZE}px 'DejaVu Sans Mono',Menlo,Consolas,monospace;fill:{letters or _LETTERS}}}"
        f".b{{font-weight:bold}}</style>\n"
        f'<rect width="100%" height="100%" rx="6" fill="{ground or _GROUND}"/>\n' + "\n".join(pieces) + "\n</svg>\n"
    )


def _row(screen: pyte.Screen, y: int, usual: str, usual_ground: str) -> Iterator[str]:
    row = screen.buffer[y]
    cells = [(x, row[x]) for x in range(screen.columns)]
    for style, stretch in groupby(cells, lambda one: _style(one[1])):
        letters, ground, bold = style
        found = list(stretch)
        start, text = found[0][0], "".join(cell.data for _x, cell in found)
        if ground != usual_ground:
            yield _box(start, y, len(found), ground or _GROUND)
        if text.strip():
            left = len(text) - len(text.lstrip())
            text = text.strip()
            look = (' class="b"' if bold else "") + (f' style="fill:{letters or _LETTERS}"' if letters != usual else "")
            # The length keeps the columns, whatever font is there.
            length = f' textLength="{len(text) * _WIDTH:g}"' if text.isascii() and len(text) > 1 else ""
            x, base = _MARGIN + (start + left) * _WIDTH, _MARGIN + y * _HEIGHT + _SIZE - 1
            yield f'<text x="{x:g}" y="{base}"{look}{length}>{escape(text, quote=False)}</text>'


def _box(x: int, y: int, columns: int, colour: str, more: str = "") -> str:
    left, top = _MARGIN + x * _WIDTH, _MARGIN + y * _HEIGHT
    return f'<rect x="{left:g}" y="{top}" width="{columns * _WIDTH:g}" height="{_HEIGHT}" fill="{colour}"{more}/>'


def _style(cell: pyte.screens.Char) -> tuple[str, str, bool]:
    """Return the colours of a cell (empty: the terminal's own) and whether it is bold."""
    letters, ground = _colour(cell.fg), _colour(cell.bg)
    if cell.reverse:
        letters, ground = ground or _GROUND, letters or _LETTERS
    return letters, ground, cell.bold


def _colour(name: str) -> str:
    if name == "default":
        return ""
    return _NAMED.get(name.removeprefix("bright"), f"#{name}")
