"""QR codes in a terminal: what a reader by others reads from what is shown, and where a terminal is too small."""

import re

import pytest
import segno
import zxingcpp
from hypothesis import given, settings
from hypothesis import strategies as st

from securechat.links import Link, format_link
from securechat.qr_code import NARROW, QUIET, QrCode, qr_code

TEXT = "otpauth://totp/securechat:anna?secret=" + "A" * 32 + "&algorithm=SHA1&digits=6&period=30&issuer=securechat"
LINK = format_link(Link("chat.example.org", 6697, "чай", "Pxx4OENpdBC5nw1Yqya00w", "ab" * 32))
_PIXELS = 4  # the side of a module


def read(code: QrCode) -> list[str]:
    """What a reader finds in the lines as they are painted, without knowing how they were made."""
    picture = []
    for line in code.painted():
        drawn = re.fullmatch(r"\x1b\[38;5;16;48;5;231m([ ▀▄█]*)\x1b\[0m", line)
        assert drawn is not None
        for black in ("▀█", "▄█"):
            row = b"".join((b"\0" if one in black else b"\xff") * _PIXELS for one in drawn[1])
            picture += [row] * _PIXELS
    image = memoryview(b"".join(picture)).cast("B", (len(picture), len(picture[0])))
    return [found.text for found in zxingcpp.read_barcodes(image)]


def test_a_link_is_read_as_it_was() -> None:
    assert read(qr_code(LINK)) == [LINK]


@settings(max_examples=20, deadline=None)
@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=300))
def test_any_text_is_read_as_it_was(text: str) -> None:
    assert read(qr_code(text)) == [text]


def test_nothing_is_drawn_around_it() -> None:
    code = qr_code(LINK)
    assert len({len(row) for row in code.rows}) == 1
    blank = " " * code.width
    assert set(code.rows[: QUIET // 2]) == {blank}
    assert code.rows[-1] == blank
    assert all(row.startswith(" " * QUIET) and row.endswith(" " * QUIET) for row in code.rows)


def test_where_it_fits() -> None:
    code = qr_code(LINK)
    assert code.fits(code.width, len(code.rows) + 1)
    assert not code.fits(code.width - 1, 100)
    assert not code.fits(200, len(code.rows))
    assert code.fits(80, 40)


def test_what_is_too_long() -> None:
    with pytest.raises(ValueError, match=r"(?i)data too large"):
        qr_code("x" * 3000)


def test_where_there_are_no_colours_what_is_white_is_drawn() -> None:
    """On a dark terminal it is read as well: each half of a character is a module, and the rim is white."""
    light = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    lines = qr_code(TEXT, NARROW).inverted()
    rows = [row for line in lines for row in zip(*(light[one] for one in line), strict=True)]
    expected = segno.make(TEXT, error="l", micro=False).matrix_iter(border=NARROW)
    for row, modules in zip(rows, expected, strict=False):
        assert [not one for one in row] == [bool(one) for one in modules]
    assert len(rows) - len(rows[0]) in (0, 1)
    assert {one for row in (*rows[:NARROW], *rows[-NARROW:]) for one in row} == {1}


def test_the_address_of_an_authenticator_app_fits_on_a_screen_and_is_read() -> None:
    code = qr_code(TEXT, NARROW)
    assert len(code.rows) <= 24
    assert code.width <= 80
    assert read(code) == [TEXT]
