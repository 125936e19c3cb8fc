"""QR codes in a terminal."""

import segno

from securechat.qr_code import terminal_lines

TEXT = "otpauth://totp/securechat:anna?secret=" + "A" * 32 + "&algorithm=SHA1&digits=6&period=30&issuer=securechat"


def test_each_half_of_a_character_is_a_module() -> None:
    """Light modules are painted, as the terminal's background is dark."""
    light = {"█": (1, 1), "▀": (1, 0), "▄": (0, 1), " ": (0, 0)}
    rows = [row for line in terminal_lines(TEXT) for row in zip(*(light[one] for one in line), strict=True)]
    expected = segno.make(TEXT, error="l", micro=False, boost_error=False).matrix_iter(border=2)
    for row, modules in zip(rows, expected, strict=False):
        assert [not one for one in row] == [bool(one) for one in modules]
    assert len(rows) - len(rows[0]) in (0, 1)
    assert rows[0] == (1,) * len(rows[0])  # the quiet zone, without which nothing reads it


def test_the_address_of_an_authenticator_app_fits_on_a_screen() -> None:
    lines = terminal_lines(TEXT)
    assert len(lines) <= 24
    assert all(len(line) <= 80 for line in lines)
