"""QR codes in the client: among the lines of the full screen, and line by line; never for a script."""

import sys
from datetime import UTC, datetime
from typing import Any

import pytest
import zxingcpp

from securechat.client.buffer import Entry, EntryKind
from securechat.client.interactive import Conversation
from securechat.client.output import Formatter
from securechat.client.screen.rows import rows_of
from securechat.client.screen.themes import ROLES

LINK = "securechat://chat.example.org:6697/tea?invite=Pxx4OENpdBC5nw1Yqya00w&ca=" + "ab" * 32


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_full_screen_shows_it_black_on_white(theme: str) -> None:
    entry = Entry(1, datetime(2026, 1, 1, tzinfo=UTC), EntryKind.PICTURE, text=LINK)
    picture = []
    for strip in rows_of(entry, 80, ROLES[theme]):
        drawn = "".join(one.text for one in strip if one.style is not None and one.style.bgcolor is not None)
        for black in ("▀█", "▄█"):
            picture += [b"".join((b"\0" if one in black else b"\xff") * 4 for one in drawn)] * 4
    image = memoryview(b"".join(picture)).cast("B", (len(picture), len(picture[0])))
    assert [found.text for found in zxingcpp.read_barcodes(image)] == [LINK]


def test_a_narrow_screen_says_what_is_needed() -> None:
    entry = Entry(1, datetime(2026, 1, 1, tzinfo=UTC), EntryKind.PICTURE, text=LINK)
    shown = " ".join(strip.text.strip() for strip in rows_of(entry, 30))
    assert shown.startswith("The QR code needs ")
    assert "▀" not in shown


def lines(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, size: tuple[int, int] = (100, 50)) -> list[str]:
    client: Any = object()
    monkeypatch.setattr(sys.stderr, "isatty", lambda: terminal)
    monkeypatch.setenv("COLUMNS", str(size[0]))
    monkeypatch.setenv("LINES", str(size[1]))
    conversation = Conversation(client, Formatter(), json=False)
    conversation.picture(LINK)
    return [text for _, text in conversation._ready]


def test_line_by_line(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = lines(monkeypatch, terminal=True)
    assert len(shown) > 20
    assert all(line.startswith("\x1b[38;5;16;48;5;231m") for line in shown)
    (sentence,) = lines(monkeypatch, terminal=True, size=(100, 20))
    assert sentence.startswith("The QR code needs ")
    assert lines(monkeypatch, terminal=False) == []
