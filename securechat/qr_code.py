"""QR codes in a terminal: two modules in each character, for what a telephone reads off the screen."""

from dataclasses import dataclass
from typing import Final

QUIET: Final = 4
"""So many modules around the code stay white, or it is not found (ISO/IEC 18004, section "Quiet zone")."""

_DRAWN: Final = " ▀▄█"
"""By what a character has of what is drawn: nothing, the upper half, the lower one, both."""
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


def qr_code(text: str) -> QrCode:
    """Return the code for `text`, as small as can be. Raises ValueError when no code can hold it (some 2,900 bytes)."""
    return QrCode(tuple(_half_blocks(text, QUIET, boost=True, dark=True)))


def terminal_lines(text: str) -> list[str]:
    """Return the QR code of `text` as lines of half blocks, dark on light on a terminal that is light on dark."""
    return _half_blocks(text, 2, boost=False, dark=False)


def _half_blocks(text: str, quiet: int, *, boost: bool, dark: bool) -> list[str]:
    """Return the lines in which the dark modules are drawn, or else the light ones."""
    import segno  # late: few people ever see one

    text = text.encode(errors="replace").decode()  # a server's text may hold what was no UTF-8
    code = segno.make(text, error="l", micro=False, boost_error=boost)
    rows = [[bool(module) is dark for module in row] for row in code.matrix_iter(border=quiet)]
    if len(rows) % 2:
        rows.append([not dark] * len(rows[0]))
    return [
        "".join(_DRAWN[upper + 2 * lower] for upper, lower in zip(above, below, strict=True))
        for above, below in zip(rows[::2], rows[1::2], strict=True)
    ]
