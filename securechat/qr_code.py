"""QR codes in a terminal: two modules in each character, for what a telephone reads off the screen."""

from dataclasses import dataclass
from typing import Final

QUIET: Final = 4
"""So many modules around the code stay white, or it is not found (ISO/IEC 18004, section "Quiet zone")."""
NARROW: Final = 2
"""As few as telephones make do with, where it has to fit beside a question on a small screen."""

_DRAWN: Final = " ▀▄█"
"""By what a character has of what is drawn: nothing, the upper half, the lower one, both."""
_INVERTED: Final = str.maketrans(_DRAWN, _DRAWN[::-1])
_BLACK_ON_WHITE: Final = "\x1b[38;5;16;48;5;231m"  # of the 256 colours: those that no theme changes
_RESET: Final = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class QrCode:
    """A code as lines of text, all of one length, in which what is drawn is black."""

    rows: tuple[str, ...]

    @property
    def width(self) -> int:
        """How many columns it needs."""
        return len(self.rows[0])

    def fits(self, columns: int, lines: int) -> bool:
        """Whether a terminal of that size can show all of it at once, and a line below."""
        return self.width <= columns and len(self.rows) < lines

    def painted(self) -> list[str]:
        """Return the lines with their colours."""
        return [f"{_BLACK_ON_WHITE}{row}{_RESET}" for row in self.rows]

    def inverted(self) -> list[str]:
        """Return the lines in which what is white is drawn: where no colours can be, on a terminal that is dark."""
        return [row.translate(_INVERTED) for row in self.rows]


def qr_code(text: str, quiet: int = QUIET) -> QrCode:
    """Return the code for `text`, as small as can be. Raises ValueError when no code can hold it (some 2,900 bytes).

    `quiet` is the width of the white rim, in modules.
    """
    import segno  # late: few people ever see one

    text = text.encode(errors="replace").decode()  # a server's text may hold what was no UTF-8
    code = segno.make(text, error="l", micro=False)
    rows = [list(map(bool, row)) for row in code.matrix_iter(border=quiet)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    return QrCode(
        tuple(
            "".join(_DRAWN[upper + 2 * lower] for upper, lower in zip(above, below, strict=True))
            for above, below in zip(rows[::2], rows[1::2], strict=True)
        )
    )
